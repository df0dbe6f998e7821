from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landwright.errors import UsageError
from landwright.prepare.slices import slice_starts, slice_windows


@given(length=st.integers(1, 9000), size=st.integers(1, 700))
def test_slices_cover_a_side_with_as_few_as_can_be(length: int, size: int) -> None:
    if size > length:
        with pytest.raises(UsageError, match="does not fit"):
            slice_starts(length, size)
        return
    starts = slice_starts(length, size)
    assert len(starts) == -(-length // size) == len(slice_starts(length, size, paper=True))
    assert starts[0] == 0
    assert starts[-1] == length - size
    steps = [b - a for a, b in itertools.pairwise(starts)]
    assert all(0 < step <= size for step in steps)
    assert max(steps, default=0) - min(steps, default=0) <= 1


def test_as_published_the_end_is_left_out() -> None:
    assert slice_starts(6000, 512)[-1] == 5488
    assert slice_starts(6000, 512, paper=True)[-1] == 5478


def test_windows_go_row_by_row() -> None:
    windows = [(window.row, window.col) for window in slice_windows((5, 3), 3)]
    assert windows == [(0, 0), (2, 0)]
    assert {(window.height, window.width) for window in slice_windows((5, 7), 3)} == {(3, 3)}
    assert [window.col for window in slice_windows((3, 7), 3)] == [0, 2, 4]


def test_a_slice_without_pixels_is_refused() -> None:
    with pytest.raises(UsageError, match="a slice of 0 pixels"):
        slice_starts(5, 0)
