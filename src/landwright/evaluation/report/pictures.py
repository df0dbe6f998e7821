"""The pictures of the report's scenes."""

from __future__ import annotations

from dataclasses import dataclass

from landwright.evaluation.findings import Preview
from landwright.legends import Legend
from landwright.maps import class_picture, confidence_picture, error_picture, png_bytes


@dataclass(frozen=True)
class ScenePictures:
    """One row of pictures.

    Attributes:
        name: Scene.
        caption: Size on the ground or in pixels.
        pictures: PNG files by what they show.
    """

    name: str
    caption: str
    pictures: dict[str, bytes]


def scene_pictures(preview: Preview, legend: Legend) -> ScenePictures:
    """Draw imagery, reference, map, errors and confidence of one scene.

    Args:
        preview: What the scene looks like.
        legend: Classes of reference and map.
    """
    drawn = {
        "Imagery": preview.image,
        "Reference": class_picture(preview.reference, legend),
        "Map": class_picture(preview.prediction, legend),
        "Errors in red (white: not scored)": error_picture(preview.prediction, preview.reference),
        "Confidence (green is high)": None if preview.confidence is None else confidence_picture(preview.confidence),
    }
    pictures = {title: png_bytes(picture) for title, picture in drawn.items() if picture is not None}
    return ScenePictures(preview.name, caption(preview.shape, preview.gsd), pictures)


def caption(shape: tuple[int, int], gsd: float | None) -> str:
    """Return the size of a scene.

    Args:
        shape: Height and width in pixels.
        gsd: Metres per pixel, if known.
    """
    height, width = shape
    pixels = f"{width} x {height} pixels"
    if gsd is None:
        return pixels
    sides = (f"{side * gsd:,.0f}" for side in (width, height))
    return f"{' x '.join(sides)} m, {pixels} of {gsd:.3g} m"
