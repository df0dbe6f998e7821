"""Where a map comes from, as metadata of the file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from landwright import __version__
from landwright.bundles import Card
from landwright.engine.stream import Tiling
from landwright.legends import Crosswalk
from landwright.rasters import Raster


def provenance(
    card: Card, raster: Raster, tiling: Tiling, *, tta: str, precision: str, merge: Crosswalk | None = None
) -> dict[str, str]:
    """Name the model, its scores with their protocols, the classes, the source and the settings.

    Args:
        card: The model's card.
        raster: The image.
        tiling: Windows and weights.
        tta: Test-time augmentation.
        precision: Numbers that the network computed with.
        merge: Crosswalk by which probabilities of classes were summed, or None.

    Returns:
        TIFF metadata; lists and mappings as JSON.
    """
    settings: dict[str, Any] = {
        "tile": tiling.tile,
        "overlap": tiling.overlap,
        "blend": tiling.blend,
        "tta": tta,
        "precision": precision,
        "bands": list(raster.bands),
    }
    if merge is not None:
        settings["merge"] = f"{merge.name} (by probability)"
    legend = card.legend if merge is None else merge.target_legend
    classes = [
        {"value": entry.code, "name": entry.name, "color": "{:02X}{:02X}{:02X}".format(*entry.colour)}
        for entry in legend.classes
    ]
    tags = {
        "TIFFTAG_SOFTWARE": f"landwright {__version__}",
        "TIFFTAG_DATETIME": datetime.now(UTC).strftime("%Y:%m:%d %H:%M:%S"),
        "MODEL": card.name,
        "CLASSES": json.dumps(classes, ensure_ascii=False),
        "SOURCE": Path(raster.info.path).name,
        "SETTINGS": json.dumps(settings),
    }
    if card.weights_sha256:
        tags["MODEL_WEIGHTS_SHA256"] = card.weights_sha256
    if card.recipe_hash:
        tags["MODEL_RECIPE_SHA256"] = card.recipe_hash
    if card.scores:
        tags["MODEL_SCORES"] = json.dumps([score.model_dump(mode="json") for score in card.scores], ensure_ascii=False)
    return tags
