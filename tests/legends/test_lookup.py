from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from landwright.legends.lookup import IGNORE, UNKNOWN, by_code, by_colour, tally, tally_colours

colour = st.tuples(*[st.integers(0, 255)] * 3)


@given(st.lists(colour, min_size=1, max_size=40, unique=True), st.lists(colour, min_size=1, max_size=40))
def test_by_colour_equals_a_dictionary(known: list[tuple[int, int, int]], seen: list[tuple[int, int, int]]) -> None:
    table = {value: index for index, value in enumerate(known)}
    seen = seen + known
    found = by_colour(np.array(seen, np.uint8).T, table.items())
    assert found.tolist() == [table.get(value, UNKNOWN) for value in seen]


def test_black_is_unknown_unless_declared() -> None:
    assert by_colour(np.zeros((3, 1), np.uint8), [((1, 1, 1), 0), ((0, 0, 2), 1)]).tolist() == [UNKNOWN]


def test_by_code_keeps_the_shape() -> None:
    codes = np.arange(256, dtype=np.uint8).reshape(16, 16)
    found = by_code(codes, [(5, 0), (6, IGNORE)])
    assert found.shape == (16, 16)
    assert found[0, 5] == 0
    assert found[0, 6] == IGNORE
    assert (found == UNKNOWN).sum() == 254


def test_tallies() -> None:
    assert tally(np.array([1, 1, 2.5])) == {"1": 2, "2.5": 1}
    assert tally_colours(np.array([[1, 1, 255], [2, 2, 0], [3, 3, 7]], np.uint8)) == {"1,2,3": 2, "255,0,7": 1}
