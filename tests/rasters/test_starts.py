from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landwright.rasters.starts import fixed_starts, padded_starts, starts


@given(length=st.integers(1, 5000), tile=st.integers(1, 700), overlap=st.floats(0, 0.95))
def test_windows_cover_the_raster_evenly_and_once(length: int, tile: int, overlap: float) -> None:
    places = starts(length, tile, overlap)
    assert places[0] == 0
    assert places == sorted(set(places))
    steps = [after - before for before, after in pairwise(places)]
    if length <= tile:
        assert places == [0]
        return
    assert places[-1] + tile == length, "the last window is flush"
    assert max(steps) <= max(1, tile * (1 - overlap)), "neighbours overlap as much as asked for"
    assert max(steps) - min(steps) <= 1, "steps are even"


def test_known_grid() -> None:
    assert starts(1000, 512, 0.25) == [0, 244, 488]
    assert starts(896, 512, 0.25) == [0, 384]


@given(length=st.integers(1, 5000), tile=st.integers(1, 700), overlap=st.floats(0, 0.95))
def test_fixed_steps_end_flush(length: int, tile: int, overlap: float) -> None:
    places = fixed_starts(length, tile, overlap)
    assert places[0] == 0
    assert places == sorted(set(places))
    assert places[-1] == max(0, length - tile)
    steps = {after - before for before, after in pairwise(places[:-1])}
    assert len(steps) <= 1, "only the last step differs"


@given(length=st.integers(1, 5000), tile=st.integers(1, 700), overlap=st.floats(0, 0.95))
def test_published_steps_hang_over_the_end(length: int, tile: int, overlap: float) -> None:
    places = padded_starts(length, tile, overlap)
    stride = max(1, int(tile * (1 - overlap)))
    if length <= tile - stride:
        assert places == []
        return
    assert places == list(range(0, len(places) * stride, stride))
    assert places[-1] < length <= places[-1] + tile
    assert places[-1] - stride + tile < length, "no window more than needed"


@pytest.mark.parametrize(("length", "tile", "overlap"), [(0, 8, 0.0), (8, 0, 0.0), (8, 8, 1.0), (8, 8, -0.1)])
def test_nonsense_is_refused(length: int, tile: int, overlap: float) -> None:
    for place in (starts, fixed_starts, padded_starts):
        with pytest.raises(ValueError, match="do not make a grid"):
            place(length, tile, overlap)
