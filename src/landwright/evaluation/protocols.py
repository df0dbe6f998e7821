"""The scoring protocols by name."""

from __future__ import annotations

from collections.abc import Sequence

from landwright.errors import UsageError
from landwright.evaluation.base import Protocol
from landwright.evaluation.clcformer import ClcformerMulticlass, ClcformerPerImage
from landwright.evaluation.ctfa import AtsgIsprs, CtfaClasses, CtfaTable
from landwright.evaluation.merged import Chesapeake4, Poland4
from landwright.evaluation.pooled import PixelPooled
from landwright.evaluation.result import ProtocolResult
from landwright.evaluation.synrs3d import SynRS3DClasses

__all__ = ["DEFAULT", "Protocol", "ProtocolResult", "create_protocol", "list_protocols", "protocol_description"]

DEFAULT = PixelPooled.name

_PROTOCOLS: dict[str, type[Protocol]] = {
    protocol.name: protocol
    for protocol in (
        PixelPooled,
        Chesapeake4,
        Poland4,
        SynRS3DClasses,
        ClcformerPerImage,
        ClcformerMulticlass,
        CtfaClasses,
        CtfaTable,
        AtsgIsprs,
    )
}


def list_protocols() -> list[str]:
    """Return the names of all protocols, the default first."""
    return list(_PROTOCOLS)


def protocol_description(name: str) -> str:
    """Return how a protocol pools pixels and what enters its means.

    Raises:
        UsageError: There is no such protocol.
    """
    return _find(name).description


def create_protocol(name: str, classes: Sequence[str]) -> Protocol:
    """Start a protocol with no counts.

    Args:
        name: One of ``list_protocols()``.
        classes: Class names in the order of the mask's indices (``legend.names``).

    Returns:
        The protocol, ready for ``update``.

    Raises:
        UsageError: There is no such protocol, or it is not made for these classes.
    """
    return _find(name)(classes)


def _find(name: str) -> type[Protocol]:
    try:
        return _PROTOCOLS[name]
    except KeyError:
        raise UsageError(
            f"there is no scoring protocol {name!r}", remedy=f"Use one of: {', '.join(_PROTOCOLS)}"
        ) from None
