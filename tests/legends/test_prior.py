from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from landwright.errors import DataError, UsageError
from landwright.legends import Prior, list_priors, load_crosswalk, load_prior


def prior(shares: dict[object, object], **changes: object) -> Prior:
    content: dict[str, object] = {"name": "test", "source": "building", "target": "loveda", "shares": shares}
    return Prior.model_validate(content | changes)


@pytest.mark.parametrize("name", list_priors())
def test_shipped(name: str) -> None:
    shipped = load_prior(name)
    assert shipped.name == name
    assert "not measured" in shipped.reference
    matrix = shipped.matrix()
    assert matrix.shape == (len(shipped.source_legend), len(shipped.target_legend))
    assert matrix.dtype == np.float32
    ignored = [shipped.shares[code] == "ignore" for code in shipped.source_legend.codes]
    np.testing.assert_allclose(matrix.sum(axis=1), np.logical_not(ignored), atol=1e-6)


def test_nlcd_follows_its_definitions() -> None:
    nlcd = load_prior("nlcd-to-chesapeake-4")
    matrix = nlcd.matrix()
    water, tree, low, impervious = range(4)
    row = {code: matrix[nlcd.source_legend.index(code)] for code in nlcd.source_legend.codes}
    for code, (least, most) in {21: (0, 0.2), 22: (0.2, 0.5), 23: (0.5, 0.8), 24: (0.8, 1)}.items():
        assert least <= row[code][impervious] <= most
        assert row[code][low] > row[code][tree]
    assert row[11][water] > 0.75
    assert row[31][impervious] > 0.85
    assert all(row[code][tree] > row[code][low] for code in (41, 42, 43, 90))
    assert all(row[code][low] > 0.5 for code in (52, 71, 81, 82, 95))


def test_the_largest_share_is_the_crosswalks_class_but_for_sparse_towns_and_bare_land() -> None:
    nlcd = load_prior("nlcd-to-chesapeake-4")
    walk = load_crosswalk("nlcd-to-chesapeake-4")
    largest = nlcd.matrix().argmax(axis=1)
    differ = {
        code
        for index, code in enumerate(walk.source_legend.codes)
        if walk.rules[code] != "ignore" and largest[index] != walk.index_lut()[index]
    }
    assert differ == {21, 22, 31}


def test_matrix() -> None:
    matrix = prior({0: "ignore", 1: {2: 0.25, 7: 0.75}}).matrix()
    expected = np.zeros((2, 7))
    expected[1, [1, 6]] = 0.25, 0.75
    np.testing.assert_array_equal(matrix, expected)


@pytest.mark.parametrize(
    ("shares", "problem"),
    [
        ({0: {1: 1.0}}, r"no rule for codes \[1\] of building"),
        ({0: {1: 1.0}, 1: {1: 1.0}, 9: "ignore"}, r"rules for codes \[9\] that building"),
        ({0: {1: 1.0}, 1: {1: 0.5, 99: 0.5}}, r"codes \[99\] that loveda does not have"),
        ({0: {1: 1.0}, 1: {1: 0.5, 2: 0.4}}, r"shares sum to 0\.9 \(code 1\) and not to 1"),
        ({0: {1: 1.5, 2: -0.5}, 1: "ignore"}, "no mapping of target codes to shares 0..1"),
        ({0: {1: True}, 1: "ignore"}, "no mapping of target codes"),
        ({0: {}, 1: "ignore"}, "no mapping of target codes"),
        ({0: {1: 1.0}, 1: "drop"}, "'drop' is no mapping"),
        ({0: {1: 1.0}, 1: 1}, "1 is no mapping"),
        ({0: {1: float("nan")}, 1: "ignore"}, "no mapping of target codes"),
    ],
)
def test_strict(shares: dict[object, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        prior(shares)


def test_unknown_names() -> None:
    with pytest.raises(UsageError, match="no legend named 'nowhere'"):
        prior({0: "ignore"}, source="nowhere")
    with pytest.raises(UsageError, match="no prior named") as caught:
        load_prior("nlcd-to-chesapeake")
    assert caught.value.remedy == "Did you mean nlcd-to-chesapeake-4?"


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("{name: own, source: building, target: loveda, shares: {0: ignore, 1: {2: 1}}}")
    assert load_prior(path).shares == {0: "ignore", 1: {2: 1.0}}
    path.write_text("name: own\nsource: building\ntarget: loveda\nshares:\n  0: ignore\n  1: {2: 2}\n")
    with pytest.raises(DataError, match=r"not a valid prior: line 6: shares\.1: .* is no mapping") as caught:
        load_prior(path)
    assert caught.value.remedy == "Correct the file; a shipped prior shows the form"
