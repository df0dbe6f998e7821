from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from landwright.errors import DataError, UsageError
from landwright.legends import Crosswalk, list_crosswalks, load_crosswalk, load_legend


def crosswalk(rules: dict[int, object], source: str = "building", target: str = "loveda") -> Crosswalk:
    return Crosswalk.model_validate({"name": "test", "source": source, "target": target, "rules": rules})


@pytest.mark.parametrize("name", list_crosswalks())
def test_shipped(name: str) -> None:
    shipped = load_crosswalk(name)
    assert shipped.name == name
    assert shipped.reference


def test_torchgeo_order_keeps_names() -> None:
    source, target = load_legend("isprs-6-torchgeo"), load_legend("isprs-6")
    codes = np.array([source.codes])
    moved = load_crosswalk("isprs-6-torchgeo-to-isprs-6").apply(codes)
    assert [target.names[index] for index in target.encode(moved)[0]] == list(source.names)


def test_variants_disagree_on_barren_land_alone() -> None:
    codes = np.array([[1, 2, 3, 4, 5, 6, 0, 15]])
    default, other = (load_crosswalk(f"chesapeake-lc-to-chesapeake-4{end}") for end in ("", "-barren-low"))
    assert default.apply(codes).tolist() == [[1, 2, 3, 4, 4, 4, 255, 255]]
    assert other.apply(codes).tolist() == [[1, 2, 3, 3, 4, 4, 255, 255]]
    assert (default.variant, other.variant) == ("default", "barren-low")


def test_tables_agree() -> None:
    walk = crosswalk({0: "ignore", 1: 2})
    assert walk.lut()[[0, 1, 2, 255]].tolist() == [255, 2, 255, 255]
    assert walk.index_lut()[[0, 1, 2, 255]].tolist() == [255, 1, 255, 255]
    assert walk.apply(np.array([[0, 1, 255]])).tolist() == [[255, 2, 255]]


def test_aliases_follow_their_class() -> None:
    walk = crosswalk({0: 1, 1: 2}, source="inria")
    assert walk.apply(np.array([[0, 1, 255, 254]])).tolist() == [[1, 2, 2, 255]]
    assert walk.lut()[[0, 1, 255, 254]].tolist() == [1, 2, 2, 255]


def test_apply_refuses_unknown_codes() -> None:
    with pytest.raises(DataError, match=r"9 \(1 px\)"):
        crosswalk({0: 1, 1: 2}).apply(np.array([[9]]), path="x.tif")


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ({0: 1}, r"no rule for codes \[1\]"),
        ({0: 1, 1: 2, 5: 2}, r"rules for codes \[5\]"),
        ({0: 1, 1: 99}, r"lead to codes \[99\]"),
        ({0: 1, 1: "drop"}, "rules"),
    ],
)
def test_strict(rules: dict[int, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        crosswalk(rules)


def test_unknown_legend_or_name() -> None:
    with pytest.raises(UsageError, match="no legend named 'nowhere'"):
        crosswalk({0: 1}, source="nowhere")
    with pytest.raises(UsageError, match="no crosswalk named"):
        load_crosswalk("nlcd-to-mars")


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("{name: own, source: building, target: loveda, rules: {0: 1, 1: 2}}")
    assert load_crosswalk(path).rules == {0: 1, 1: 2}
    path.write_text("{name: own, source: building, target: loveda, rules: {0: 1}}")
    with pytest.raises(DataError, match=r"not a valid crosswalk: .*no rule for codes \[1\]"):
        load_crosswalk(path)
