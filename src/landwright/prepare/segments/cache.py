"""Where segments are kept that a training makes for itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from landwright.prepare.segments.params import fingerprint

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
    given = os.environ.get(SEGMENTS_VARIABLE)
    base = os.environ.get("XDG_CACHE_HOME")
    home = Path(base) if base else Path.home() / ".cache"
    root = Path(given).expanduser() if given else home / "landwright" / "segments"
    return root / f"{provider}-{fingerprint(provider, params)}"
