"""Where a map comes from, as metadata of the file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from landwright import __version__
from landwright.bundles import Card, WordsCard
from landwright.engine.options import PredictOptions
from landwright.engine.protocols import Source
from landwright.engine.stream import Tiling
from landwright.legends import Legend
from landwright.maps import Rendering


def provenance(
    card: Card,
    image: Source,
    tiling: Tiling,
    *,
    options: PredictOptions,
    precision: str,
    resize: int = 0,
    images: int = 1,
) -> dict[str, str]:
    """Name the model, its scores with their protocols, the source and the settings.

    Args:
        card: The model's card.
        image: The image, or both dates.
        tiling: Windows and weights.
        options: What the user chose.
        precision: Numbers that the network computed with.
        resize: Length in pixels that the longer side of the image was brought to first, or 0.
        images: Number of rasters that were read as one.

    Returns:
        TIFF metadata; lists and mappings as JSON.
    """
    tags = {
        "TIFFTAG_SOFTWARE": f"landwright {__version__}",
        "TIFFTAG_DATETIME": datetime.now(UTC).strftime("%Y:%m:%d %H:%M:%S"),
        "MODEL": card.name,
        "SOURCE": Path(image.info.path).name,
        "SETTINGS": json.dumps(_settings(image, tiling, options, precision=precision, resize=resize, images=images)),
    }
    if card.words is not None:
        tags["WORDS"] = json.dumps(_words(card, card.words), ensure_ascii=False)
    if options.before is not None:
        tags["SOURCE_BEFORE"] = Path(options.before).name
    if card.weights_sha256:
        tags["MODEL_WEIGHTS_SHA256"] = card.weights_sha256
    if card.recipe_hash:
        tags["MODEL_RECIPE_SHA256"] = card.recipe_hash
    if card.scores:
        tags["MODEL_SCORES"] = json.dumps([score.model_dump(mode="json") for score in card.scores], ensure_ascii=False)
    return tags


def _settings(
    image: Source, tiling: Tiling, options: PredictOptions, *, precision: str, resize: int, images: int
) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "tile": tiling.tile,
        "overlap": tiling.overlap,
        "blend": tiling.blend,
        "tta": options.tta,
        "precision": precision,
        "bands": list(image.bands),
    }
    if options.scale is not None:
        settings["scale"] = options.scale
    if options.at_gsd is not None:
        settings["at_gsd"] = options.at_gsd
    if resize:
        settings["resize"] = resize
    if images > 1:
        settings["images"] = images
        settings["overlapping"] = options.overlapping
    if options.snap is not None:
        settings["snap"] = options.snap
    if options.crf:
        settings["crf"] = True
    if options.compile:
        settings["compile"] = True
    if options.least:
        settings["min_confidence"] = options.least
    if options.merge is not None:
        settings["merge"] = f"{options.merge.name} (by probability)"
    return settings


def _words(card: Card, words: WordsCard) -> dict[str, Any]:
    return {
        "model": words.model,
        "classes": {entry.name: list(entry.synonyms) for entry in words.vocabulary.classes},
        "templates": words.templates,
        "preset": words.preset,
        "options": card.network.options,
    }


def class_tags(legend: Legend) -> dict[str, str]:
    """Name the classes of a map."""
    classes = [
        {"value": entry.code, "name": entry.name, "color": "{:02X}{:02X}{:02X}".format(*entry.colour)}
        for entry in legend.classes
    ]
    return {"CLASSES": json.dumps(classes, ensure_ascii=False)}


def render_tags(rendering: Rendering) -> dict[str, str]:
    """Name the colours of a map of metres, as the STAC Render extension does."""
    return {"RENDERS": json.dumps(rendering.stac())}
