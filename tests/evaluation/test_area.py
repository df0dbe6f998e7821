from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from landwright.evaluation.area import area_table

# Olofsson et al. (2014), tables 8 and 9: rows are map classes, columns reference classes; 30 m pixels.
NAMES = ("deforestation", "forest gain", "stable forest", "stable non-forest")
SAMPLE = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
MAPPED = [200_000, 150_000, 3_200_000, 6_450_000]


@pytest.fixture(scope="module")
def published():
    return area_table(SAMPLE.T, MAPPED, NAMES, pixel_m2=900.0)


def test_areas_equal_the_published_example(published):
    row = published.rows[0]
    assert row.area_m2.value / 1e4 == pytest.approx(21_158, abs=1)
    assert row.area_m2.margin / 1e4 == pytest.approx(6_158, abs=1)
    assert row.share.value * published.pixels == pytest.approx(235_086, abs=1)
    assert row.mapped_m2 / 1e4 == pytest.approx(18_000)
    hectares = [(row.area_m2.value / 1e4, row.area_m2.margin / 1e4) for row in published.rows]
    assert hectares[1] == pytest.approx((11_686, 3_756), abs=1)
    assert hectares[2] == pytest.approx((285_770, 15_510), abs=1)
    assert hectares[3] == pytest.approx((581_386, 16_282), abs=1)


def test_accuracies_equal_the_published_example(published):
    assert (published.overall.value, published.overall.margin) == pytest.approx((0.947, 0.018), abs=5e-4)
    users = [(row.users.value, row.users.margin) for row in published.rows]
    assert users[0] == pytest.approx((0.88, 0.07), abs=5e-3)
    assert users[1] == pytest.approx((0.73, 0.10), abs=5e-3)
    assert users[2] == pytest.approx((0.93, 0.04), abs=5e-3)
    assert users[3] == pytest.approx((0.96, 0.02), abs=5e-3)
    assert [row.producers.value for row in published.rows] == pytest.approx([0.75, 0.85, 0.93, 0.96], abs=5e-3)
    assert published.rows[0].producers.margin == pytest.approx(0.21, abs=5e-3)


def test_producers_error_equals_a_simulation():
    random = np.random.default_rng(0)
    weights = np.array(MAPPED) / sum(MAPPED)
    ratio = SAMPLE / SAMPLE.sum(1, keepdims=True)
    draws = np.stack([random.multinomial(n, p, 20_000) / n for n, p in zip(SAMPLE.sum(1), ratio, strict=True)], 1)
    proportions = draws * weights[None, :, None]
    simulated = np.diagonal(proportions, axis1=1, axis2=2) / proportions.sum(1)
    table = area_table(SAMPLE.T, MAPPED, NAMES)
    errors = [row.producers.error for row in table.rows]
    assert errors == pytest.approx(simulated.std(0), rel=0.12)


def test_every_table_says_what_the_intervals_assume(published):
    assert "drawn at random" in published.notes[0]


def test_without_pixel_size_there_are_shares_only():
    table = area_table(SAMPLE.T, MAPPED, NAMES)
    assert table.total_m2 is None
    assert table.rows[0].area_m2 is None
    assert table.rows[0].share.value == pytest.approx(0.0235086, abs=1e-7)


def test_class_that_the_map_never_shows_keeps_the_others_defined():
    table = area_table([[40, 0, 0], [5, 50, 0], [0, 5, 0]], [50, 50, 0], ("a", "b", "c"))
    missing = table.rows[2]
    assert (missing.mapped, missing.users.value, missing.producers.value) == (0, None, 0)
    assert missing.share.value == pytest.approx(0.5 * 5 / 55)
    assert table.overall.error is not None
    assert len(table.notes) == 1


def test_mapped_class_without_reference_leaves_the_areas_open():
    table = area_table([[10, 0], [2, 0]], [90, 10], ("a", "b"))
    assert table.rows[0].share.value is None
    assert table.overall.error is None
    assert table.rows[0].users.value == pytest.approx(10 / 12)
    assert "b" in table.notes[1]


def test_single_reference_pixel_has_no_standard_error():
    table = area_table([[10, 0], [2, 1]], [90, 10], ("a", "b"))
    assert table.rows[1].share.value == pytest.approx(0.9 * 2 / 12 + 0.1)
    assert table.rows[1].share.margin is None


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="do not fit"):
        area_table([[1, 0], [0, 1]], [1, 1, 1], ("a", "b"))
    with pytest.raises(ValueError, match="no pixel"):
        area_table([[1, 0], [0, 1]], [0, 0], ("a", "b"))


@settings(max_examples=50, deadline=None)
@given(arrays(np.int64, (3, 3), elements=st.integers(2, 50)), arrays(np.int64, 3, elements=st.integers(1, 10**6)))
def test_shares_sum_to_one_and_a_census_is_unchanged(matrix, mapped):
    table = area_table(matrix, mapped, ("a", "b", "c"))
    assert sum(row.share.value for row in table.rows) == pytest.approx(1)
    census = area_table(matrix, matrix.sum(0), ("a", "b", "c"))
    assert [row.share.value for row in census.rows] == pytest.approx(list(matrix.sum(1) / matrix.sum()))
    assert [row.producers.value for row in census.rows] == pytest.approx(list(np.diag(matrix) / matrix.sum(1)))
