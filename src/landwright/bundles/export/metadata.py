"""What an exported file says of itself: landwright's card, and what the QGIS plug-in Deepness reads.

Deepness (Aszkowski et al., "Deepness: Deep neural remote sensing plugin for QGIS", SoftwareX 2023) reads JSON values
from the metadata of an ONNX file. It divides pixels by 255, subtracts ``standardization_mean`` and divides by
``standardization_std``; with 0 and 1/255 the file gets what the raster holds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from landwright.bundles.card import Card, Output
from landwright.bundles.cardfile import dump_card

CARD_KEY = "landwright_card"
"""Entry that holds the card as YAML."""

_DIVISOR = 255


def narrowed(card: Card, outputs: Sequence[Output], tile: int) -> Card:
    """Return the card of a file that returns some outputs for windows of one size."""
    return card.model_copy(update={"outputs": tuple(outputs), "tiling": card.tiling.model_copy(update={"tile": tile})})


def onnx_metadata(card: Card) -> dict[str, str]:
    """Return the metadata of an ONNX file.

    Args:
        card: The file's own card, see :func:`narrowed`.

    Returns:
        The card, and the entries of Deepness; of these there are none where the file returns both classes and heights,
        since the plug-in would take heights for a class.
    """
    return {CARD_KEY: dump_card(card), **(_deepness(card) if len(card.outputs) == 1 else {})}


def _deepness(card: Card) -> Mapping[str, str]:
    bands = len(card.bands)
    entries: dict[str, object] = {
        # The plug-in reads tile_size, its documentation says tiles_size.
        "tile_size": card.tiling.tile,
        "tiles_size": card.tiling.tile,
        "tiles_overlap": round(100 * card.tiling.overlap),
        "standardization_mean": [0.0] * bands,
        "standardization_std": [1 / _DIVISOR] * bands,
    }
    if card.gsd is not None:
        entries["resolution"] = round(100 * math.sqrt(card.gsd[0] * card.gsd[1]), 3)
    if card.outputs == ("classes",):
        # No threshold and no smoothing: the most probable class of every pixel, as in a map of ours.
        entries |= {"model_type": "Segmentor", "seg_thresh": 0.0, "seg_small_segment": 0}
        entries["class_names"] = {str(index): name for index, name in enumerate(card.legend.names)}
    else:
        entries |= {"model_type": "Regressor", "reg_output_scaling": 1.0, "class_names": {"0": "height in metres"}}
    return {name: json.dumps(value, ensure_ascii=False) for name, value in entries.items()}
