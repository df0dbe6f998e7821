"""The pictures from tags to a map: imagery, activation, segments, pseudo label, map and reference in one row."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

from landwright.evaluation.findings import Preview
from landwright.evaluation.report.pictures import ScenePictures, caption
from landwright.evaluation.tags.findings import Activation, TagPreview
from landwright.legends import Legend
from landwright.maps import class_picture, png_bytes

_PAPER = 255
_GOLDEN = 0.618
"""Steps of hue that keep neighbouring numbers apart."""


def tag_pictures(stages: TagPreview, scene: Preview, maps: Legend, scored: Legend) -> ScenePictures:
    """Draw one scene.

    Args:
        stages: The stages before the map.
        scene: The map.
        maps: Classes of the model.
        scored: Classes of reference and map as they are scored.
    """
    drawn = {
        "Imagery": scene.image,
        "CAM (strongest tag; white is weak)": activation_picture(stages.activation, maps),
        "Segments": None if stages.objects is None else object_picture(stages.objects),
        "Pseudo label": class_picture(stages.pseudo.prediction, scored),
        "Map": class_picture(scene.prediction, scored),
        "Reference": class_picture(scene.reference, scored),
    }
    pictures = {title: png_bytes(picture) for title, picture in drawn.items() if picture is not None}
    return ScenePictures(scene.name, caption(scene.shape, scene.gsd), pictures)


def activation_picture(activation: Activation, legend: Legend) -> NDArray[np.uint8]:
    """Show the strongest tag in its class's colour, the weaker the paler, as uint8 (3, h, w)."""
    colours = class_picture(activation.strongest, legend).astype(np.float32)
    share = activation.strength.astype(np.float32) / 255
    return np.rint(_PAPER + (colours - _PAPER) * share).astype(np.uint8)


def object_picture(objects: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Show numbered objects (h, w) in colours that mean nothing, what is none in white, as uint8 (3, h, w)."""
    numbers = np.arange(int(objects.max(initial=0)) + 1)
    table = np.array([colorsys.hsv_to_rgb(number * _GOLDEN % 1, 0.55, 0.9) for number in numbers]) * _PAPER
    table[0] = _PAPER
    return np.ascontiguousarray(np.moveaxis(np.rint(table).astype(np.uint8)[objects], -1, 0))
