"""The error of weights that do not fit a network: every key, in three groups."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import NamedTuple

from landwright.errors import DataError

SHOWN = 20
"""Keys of a group that the message names; the attributes of the error have all."""


class Misshaped(NamedTuple):
    """A tensor of another shape than the network's."""

    name: str
    expected: tuple[int, ...]
    found: tuple[int, ...]

    def __str__(self) -> str:
        """Name and both shapes."""
        return f"{self.name} {list(self.found)} instead of {list(self.expected)}"


class StateMismatchError(DataError):
    """Weights and network do not have the same keys and shapes.

    Attributes:
        missing: Keys that the network has and the file has not.
        unexpected: Keys that the file has and the network has not.
        misshaped: Keys of both with different shapes.
    """

    def __init__(
        self,
        network: str,
        *,
        missing: Sequence[str],
        unexpected: Sequence[str],
        misshaped: Sequence[Misshaped],
        path: str | PathLike[str] | None = None,
        remedy: str | None = None,
    ) -> None:
        """Lay the groups out, one line each."""
        self.missing = tuple(missing)
        self.unexpected = tuple(unexpected)
        self.misshaped = tuple(misshaped)
        groups = [
            _group("missing", self.missing),
            _group("unexpected", self.unexpected),
            _group("mis-shaped", tuple(map(str, self.misshaped))),
        ]
        lines = "".join(f"\n  {group}" for group in groups if group)
        super().__init__(f"the weights do not fit the network {network}:{lines}\n", path=path, remedy=remedy)


def _group(title: str, keys: tuple[str, ...]) -> str:
    if not keys:
        return ""
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return f"{title} ({len(keys)}): {', '.join(keys[:SHOWN])}{more}"
