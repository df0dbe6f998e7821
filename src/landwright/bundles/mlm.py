"""The STAC item of a bundle, with the fields of the Machine Learning Model extension 1.5."""

from __future__ import annotations

import re
from typing import Any

from landwright.bundles.card import Card
from landwright.networks import network_info

STAC_VERSION = "1.1.0"
MLM_SCHEMA = "https://stac-extensions.github.io/mlm/v1.5.1/schema.json"
CLASSIFICATION_SCHEMA = "https://stac-extensions.github.io/classification/v2.0.0/schema.json"
FILE_SCHEMA = "https://stac-extensions.github.io/file/v2.1.0/schema.json"
SEMVER = re.compile(r"\d+\.\d+\.\d+(\+[0-9A-Za-z.-]+)?")
SHA256_MULTIHASH = "1220"
"""Prefix of a multihash: 0x12 is SHA-256, 0x20 its 32 bytes."""

_TASKS = {"classes": "semantic-segmentation", "height": "regression"}


def mlm_item(card: Card, *, parameters: int, size: int) -> dict[str, Any]:
    """Describe a bundle as a STAC item.

    Args:
        card: The complete card, with checksum and time.
        parameters: Number of the network's parameters.
        size: Bytes of the weights file.

    Returns:
        The item, ready for JSON. A model has no place, so its geometry is null.
    """
    torch_version = card.software.get("torch", "")
    bands = [{"name": name} for name in card.bands]
    properties: dict[str, Any] = {
        "datetime": card.created,
        "created": card.created,
        "description": _description(card),
        # The extension's schema looks for them here, its readers look at the weights.
        "bands": bands,
        "mlm:name": _name(card.name),
        "mlm:architecture": card.network.name,
        "mlm:tasks": [_TASKS[output] for output in card.outputs],
        "mlm:framework": "PyTorch",
        **({"mlm:framework_version": torch_version} if SEMVER.fullmatch(torch_version) else {}),
        "mlm:total_parameters": parameters,
        "mlm:input": [_input(card)],
        "mlm:output": [_classes(card) if output == "classes" else _height(card) for output in card.outputs],
        "mlm:hyperparameters": {
            "name": card.network.name,
            "classes": card.network.classes,
            **card.network.options,
            "tiling": card.tiling.model_dump(mode="json"),
        },
    }
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": [MLM_SCHEMA, CLASSIFICATION_SCHEMA, FILE_SCHEMA],
        "id": _name(card.name),
        "geometry": None,
        "properties": properties,
        "links": [],
        "assets": {
            "weights": {
                "href": f"./{card.weights}",
                "type": "application/vnd.safetensors",
                "title": "Weights",
                "roles": ["mlm:model", "mlm:weights", "data"],
                "mlm:artifact_type": "safetensors",
                "file:size": size,
                "file:checksum": f"{SHA256_MULTIHASH}{card.weights_sha256}",
                "bands": bands,
            },
            "card": {
                "href": "./card.yaml",
                "type": "application/yaml",
                "title": "Card: all that prediction needs besides the weights",
                "roles": ["metadata"],
            },
        },
    }


def _input(card: Card) -> dict[str, Any]:
    scaling = card.normalization
    return {
        "name": "image",
        "bands": list(card.bands),
        "input": {
            "shape": [-1, len(card.bands), card.tiling.tile, card.tiling.tile],
            "dim_order": ["batch", "bands", "height", "width"],
            "data_type": "float32",
        },
        "description": f"Any height and width; made for tiles of {card.tiling.tile} pixels, "
        f"network padded to a multiple of {network_info(card.network.name, **card.network.options).stride}",
        # In sensor units, as z-score knows no division before it.
        "value_scaling": [
            {"type": "z-score", "mean": mean * scaling.divide, "stddev": std * scaling.divide}
            for mean, std in zip(scaling.mean, scaling.std, strict=True)
        ],
    }


def _description(card: Card) -> str:
    what = {"classes": f"the classes {', '.join(card.legend.names)}", "height": "the height above ground in metres"}
    told = " and ".join(what[output] for output in card.outputs)
    dates = ", from the images of two dates" if card.dates == 2 else ""
    return f"Model {card.name} ({card.network.name}) that maps {told}{dates}"


def _height(card: Card) -> dict[str, Any]:
    return {
        "name": "height",
        "tasks": [_TASKS["height"]],
        "result": {
            "shape": [-1, 1, card.tiling.tile, card.tiling.tile],
            "dim_order": ["batch", "height_above_ground", "height", "width"],
            "data_type": "float32",
        },
        "description": "Height above ground in metres, linear, so that it may be a little below 0",
    }


def _classes(card: Card) -> dict[str, Any]:
    one = card.network.classes == 1
    return {
        "name": "classes",
        "tasks": [_TASKS["classes"]],
        "result": {
            "shape": [-1, card.network.classes, card.tiling.tile, card.tiling.tile],
            "dim_order": ["batch", "class", "height", "width"],
            "data_type": "float32",
        },
        "description": f"Logit of {card.legend.names[1]!r}, to be put through a sigmoid"
        if one
        else "Logits in the order of the classes, to be put through a softmax",
        "classification:classes": [
            {
                "value": entry.code,
                "name": _class_name(entry.name),
                "title": entry.name,
                **({"description": entry.description} if entry.description else {}),
                "color_hint": bytes(entry.colour).hex().upper(),
            }
            for entry in card.legend.classes
        ],
    }


def _class_name(name: str) -> str:
    """Return a name of the characters that the classification extension allows."""
    return re.sub(r"[^0-9A-Za-z_-]+", "_", name).strip("_") or "class"


def _name(name: str) -> str:
    """Return a name of the characters that the extension allows: a letter, then letters, digits, ``_.-``."""
    clean = re.sub(r"[^0-9A-Za-z_.-]+", "-", name).strip("_.-")
    return clean if len(clean) >= 3 and clean[0].isalpha() else f"model-{clean or 'unnamed'}"
