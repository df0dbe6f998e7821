from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landwright.legends import IGNORE, load_crosswalk, load_legend
from landwright.prepare import NO_VOTES, Agreement, agreement, count_votes


def by_hand(classes: list[int], tables: list[np.ndarray], k: int) -> tuple[int, int]:
    """The rule in plain words, for one pixel."""
    votes = Counter(
        target
        for own, table in zip(classes, tables, strict=True)
        if own != IGNORE
        for target in np.flatnonzero(table[own])
    )
    ranked = votes.most_common()
    most = ranked[0][1] if ranked else 0
    tied = len(ranked) > 1 and ranked[1][1] == most
    label = ranked[0][0] if most >= k and not tied else IGNORE
    return int(label), most if any(own != IGNORE for own in classes) else NO_VOTES


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[np.ndarray], list[np.ndarray], int]:
    count, targets, pixels = draw(st.integers(2, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 12))
    tables, indices = [], []
    for _ in range(count):
        size = draw(st.integers(1, 4))
        cells = draw(st.lists(st.booleans(), min_size=size * targets, max_size=size * targets))
        tables.append(np.array(cells).reshape(size, targets))
        own = st.sampled_from([*range(size), IGNORE])
        indices.append(np.array(draw(st.lists(own, min_size=pixels, max_size=pixels)), np.uint8))
    return indices, tables, draw(st.integers(1, count))


@given(cases(), st.booleans())
def test_equals_counting_by_hand(case: tuple[list[np.ndarray], list[np.ndarray], int], looked_up: bool) -> None:
    indices, tables, k = case
    labels, votes = Agreement(tables, k)(indices) if looked_up else count_votes(indices, tables, k)
    expected = [by_hand([int(index[pixel]) for index in indices], tables, k) for pixel in range(len(indices[0]))]
    assert list(zip(labels.tolist(), votes.tolist(), strict=True)) == expected
    assert labels.dtype == votes.dtype == np.uint8


def test_many_combinations_are_counted_pixel_by_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = [np.eye(3, dtype=bool)] * 3
    indices = [np.random.default_rng(seed).integers(0, 3, (20, 30), dtype=np.uint8) for seed in range(3)]
    quick = Agreement(tables, 2)(indices)
    monkeypatch.setattr(agreement, "_COMBINATIONS", 10)
    np.testing.assert_array_equal(Agreement(tables, 2)(indices), quick)


@pytest.mark.parametrize(
    ("esa", "esri", "glc", "all_three", "two"),
    [
        (10, 2, 2, "tree cover", "tree cover"),
        (95, 2, 1, None, "tree cover"),
        (20, 11, 4, "shrubland", "shrubland"),  # rangeland is either of two
        (30, 11, 3, "grassland", "grassland"),
        (20, 11, 3, None, None),  # shrubland and grassland have two votes each
        (10, 11, 2, None, "tree cover"),
        (100, 1, 7, None, "moss and lichen"),  # Esri has no such class
        (10, 5, 8, None, None),
    ],
)
def test_sinolc(esa: int, esri: int, glc: int, all_three: str | None, two: str | None) -> None:
    legend = load_legend("sinolc-1")
    walks = [load_crosswalk(f"{name}-to-sinolc-1") for name in ("esa-worldcover", "esri-lulc", "from-glc10")]
    codes = (esa, esri, glc)
    indices = [walk.source_legend.encode(np.array([[code]])) for walk, code in zip(walks, codes, strict=True)]
    for k, expected in ((3, all_three), (2, two)):
        labels, _ = Agreement([walk.allowed() for walk in walks], k)(indices)
        assert labels.item() == (IGNORE if expected is None else legend.index(expected))
