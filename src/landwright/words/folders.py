"""Where weights, text features and other things that are made once are kept on this machine."""

from __future__ import annotations

import os
from pathlib import Path

WEIGHTS_VARIABLE = "LANDWRIGHT_WEIGHTS"
"""Environment variable that names the folder of weights."""
FEATURES_VARIABLE = "LANDWRIGHT_FEATURES"
"""Environment variable that names the folder of text features."""


def weights_folder() -> Path:
    """Return the folder in which weights are looked for before the hub is asked."""
    return cache_folder(WEIGHTS_VARIABLE, "weights")


def features_folder() -> Path:
    """Return the folder in which features of words are kept."""
    return cache_folder(FEATURES_VARIABLE, "words")


def cache_folder(variable: str, name: str) -> Path:
    """Return a folder of the user's cache.

    Args:
        variable: Environment variable that names the folder.
        name: Without it: the folder's name in ``landwright`` of ``XDG_CACHE_HOME``, by default ``~/.cache``.
    """
    given = os.environ.get(variable)
    if given:
        return Path(given).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "landwright" / name
