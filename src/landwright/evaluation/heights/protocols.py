"""The protocols for heights by name."""

from __future__ import annotations

from collections.abc import Sequence

from landwright.errors import UsageError
from landwright.evaluation.heights.base import HeightProtocol
from landwright.evaluation.heights.pooled import PooledHeight
from landwright.evaluation.heights.published import SynRS3DHeight

_PROTOCOLS: dict[str, type[HeightProtocol]] = {protocol.name: protocol for protocol in (PooledHeight, SynRS3DHeight)}

HEIGHT_PROTOCOLS = tuple(_PROTOCOLS)
"""Names of all protocols for heights, the plain one first."""


def create_height_protocol(name: str, classes: Sequence[str] = ()) -> HeightProtocol:
    """Start a protocol for heights with no pixels.

    Args:
        name: One of ``HEIGHT_PROTOCOLS``.
        classes: Names of the reference's classes, if errors are to be told apart by class, too.

    Raises:
        UsageError: There is no such protocol.
    """
    try:
        return _PROTOCOLS[name](classes)
    except KeyError:
        raise UsageError(
            f"there is no protocol {name!r} for heights", remedy=f"Use one of: {', '.join(_PROTOCOLS)}"
        ) from None


def split_protocols(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which protocols are for classes, and which for heights.

    Args:
        names: Names of protocols of either kind; what is unknown is taken for one for classes.
    """
    heights = tuple(name for name in names if name in _PROTOCOLS)
    return tuple(name for name in names if name not in _PROTOCOLS), heights
