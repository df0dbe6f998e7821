"""SynRS3D's preparation of the ISPRS sets: where slices begin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from landwright.prepare import slice_starts


def test_offsets_of_slices(parity: Callable[[str], Any]) -> None:
    entry = next(entry for entry in parity("rs3dada").losses["entries"] if entry["name"] == "isprs_crop_offsets")
    size = entry["inputs"]["slice"]
    assert set(entry["expected"]) == {"512", "513", "1919", "2569", "6000", "2557"}
    for length, expected in entry["expected"].items():
        assert slice_starts(int(length), size, paper=True) == expected
        # Ours: as many, and the last one ends with the tile.
        ours = slice_starts(int(length), size)
        assert len(ours) == len(expected)
        assert ours[-1] == int(length) - size
