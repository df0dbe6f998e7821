"""What landwright wrote into a map: its model, how it was made."""

from __future__ import annotations

import json
from os import PathLike

from landwright.maps import read_tags

_MODEL = {"MODEL": "Model", "MODEL_WEIGHTS_SHA256": "Weights (SHA-256)", "MODEL_RECIPE_SHA256": "Recipe (SHA-256)"}
_MADE = {"SOURCE": "Image", "TIFFTAG_SOFTWARE": "Software", "TIFFTAG_DATETIME": "Made"}


def map_facts(path: str | PathLike[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what a map says about its model and about how it was made; both are empty for maps of other origin.

    Args:
        path: The map.
    """
    tags = read_tags(path)
    model, made = ({title: tags[key] for key, title in names.items() if key in tags} for names in (_MODEL, _MADE))
    try:
        settings = json.loads(tags.get("SETTINGS", "{}"))
    except ValueError:
        settings = {}
    if isinstance(settings, dict):
        made = {str(name).capitalize(): str(value) for name, value in settings.items()} | made
    return model, made
