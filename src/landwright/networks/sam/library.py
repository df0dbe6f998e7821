"""Transformers, where it is installed."""

from __future__ import annotations

from types import ModuleType
from typing import cast

from landwright.errors import UsageError


def sam_library() -> ModuleType:
    """Return the package transformers.

    Raises:
        UsageError: If it is not installed.
    """
    try:
        import transformers
    except ImportError as error:
        raise UsageError(
            "Segment Anything needs transformers", remedy="Install it with: pip install 'landwright[sam]'"
        ) from error
    return cast(ModuleType, transformers)
