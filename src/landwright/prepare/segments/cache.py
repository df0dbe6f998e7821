"""Where segments are kept that a training makes for itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from landwright.prepare.segments.params import fingerprint
from landwright.words.folders import cache_folder

SEGMENTS_VARIABLE: Final = "LANDWRIGHT_SEGMENTS"
"""Environment variable that names the folder of kept segments."""


def kept_segments(provider: str, params: Mapping[str, Any]) -> Path:
    """Return the folder that keeps the segments of a provider with some settings.

    It lies below ``LANDWRIGHT_SEGMENTS``, by default ``~/.cache/landwright/segments``. Images of any data set share
    it, as they are known by their content.

    Args:
        provider: Who makes them.
        params: Complete settings, see :func:`landwright.prepare.segments.complete_params`.
    """
    return cache_folder(SEGMENTS_VARIABLE, "segments") / f"{provider}-{fingerprint(provider, params)}"
