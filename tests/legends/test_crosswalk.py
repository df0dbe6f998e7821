from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from landwright.errors import DataError, UsageError
from landwright.legends import IGNORE, Crosswalk, list_crosswalks, load_crosswalk, load_legend


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


def test_a_class_that_may_be_several() -> None:
    walk = crosswalk({0: [6, 3], 1: 2})
    assert walk.targets(0) == (6, 3)
    assert walk.targets(1) == (2,)
    assert walk.allowed().tolist() == [[code in (3, 6) for code in range(1, 8)], [code == 2 for code in range(1, 8)]]
    assert walk.lut()[[0, 1]].tolist() == [255, 2]
    assert walk.index_lut()[[0, 1]].tolist() == [255, 1]
    assert walk.apply(np.array([[0, 1]])).tolist() == [[255, 2]]


@pytest.mark.parametrize("name", list_crosswalks())
def test_allowed_and_index_lut_agree(name: str) -> None:
    walk = load_crosswalk(name)
    allowed, lut = walk.allowed(), walk.index_lut()
    assert allowed.shape == (len(walk.source_legend), len(walk.target_legend))
    for row, index in zip(allowed, lut[: len(allowed)], strict=True):
        assert np.flatnonzero(row).tolist() == ([index] if index != IGNORE else np.flatnonzero(row).tolist())
        assert row.sum() != 1 or index != IGNORE


def groups(name: str) -> dict[str, set[int]]:
    """Source codes by the name of the target class."""
    walk = load_crosswalk(name)
    target = walk.target_legend
    found: dict[str, set[int]] = {class_name: set() for class_name in target.names}
    for code in walk.rules:
        for to in walk.targets(code):
            found[target.names[target.index(to)]].add(code)
    return found


@pytest.mark.parametrize("source", ["nlcd", "nlcd-paraformer"])
@pytest.mark.parametrize(
    ("key", "variant"), [("default", ""), ("variant_dfc2021", "-dfc2021"), ("variant_aeca_fbmamba", "-fbmamba")]
)
def test_nlcd_to_four_as_in_the_notes(shared: Path, source: str, key: str, variant: str) -> None:
    table = notes(shared)["merge_nlcd_to_4"][key]
    expected = {name: set(codes) for name, codes in table.items() if name not in ("confidence", "ignore")}
    assert groups(f"{source}-to-chesapeake-4{variant}") == expected


@pytest.mark.parametrize(("key", "variant"), [("default", ""), ("variant_aeca", "-barren-low")])
def test_lc_to_four_as_in_the_notes(shared: Path, key: str, variant: str) -> None:
    table = notes(shared)["merge_lc_to_4"][key]
    expected = {name: set(codes) for name, codes in table.items() if name not in ("confidence", "ignore")}
    assert groups(f"chesapeake-lc-to-chesapeake-4{variant}") == expected


@pytest.mark.parametrize(
    ("source", "product", "table", "variant"),
    [
        ("openearthmap-8", "oem", "nudem", ""),
        ("esa-worldcover", "esa", "nudem", ""),
        ("esri-lulc", "esri", "nudem", ""),
        ("from-glc10", "from", "nudem", ""),
        ("glc-fcs30", "fcs30", "nudem", ""),
        ("openearthmap-8", "oem", "knaden", "-knaden"),
        ("esa-worldcover", "esa", "knaden", "-knaden"),
    ],
)
def test_poland_as_in_the_notes(shared: Path, source: str, product: str, table: str, variant: str) -> None:
    merge = notes(shared)["poland_merge_to_4"][table]
    found = groups(f"{source}-to-poland-4{variant}")
    for name in ("tree", "low vegetation", "water", "built-up"):
        if source == "glc-fcs30":  # the notes hold a part of its codes only
            assert found[name] >= set(merge[name][product])
        else:
            assert found[name] == set(merge[name][product])


@pytest.mark.parametrize(
    ("source", "key", "times"),
    [
        ("esa-worldcover", "esa", 1),
        ("esri-lulc", "esri", 1),
        ("from-glc10", "from_x1", 1),
        ("from-glc10-original", "from_x1", 10),
    ],
)
def test_sinolc_as_in_the_notes(shared: Path, source: str, key: str, times: int) -> None:
    walk = load_crosswalk(f"{source}-to-sinolc-1")
    table = {int(code) * times: to for code, to in notes(shared)["harmonise_to_sinolc1"][key].items() if to != 0}
    either = {code: (3, 4) for code, to in table.items() if isinstance(to, str)}
    assert dict(walk.rules) == table | either


def test_forms_of_from_glc10_lead_to_the_same_classes() -> None:
    for target in ("sinolc-1", "poland-4"):
        copy, original = (load_crosswalk(f"{name}-to-{target}") for name in ("from-glc10", "from-glc10-original"))
        np.testing.assert_array_equal(copy.allowed(), original.allowed())


def test_nlcd_keeps_its_codes_for_paraformer() -> None:
    nlcd = load_legend("nlcd")
    moved = load_crosswalk("nlcd-to-nlcd-paraformer").apply(np.array([[0, *nlcd.codes]]))
    assert moved.tolist() == [[255, *nlcd.codes]]


def notes(shared: Path) -> Any:
    return json.loads((shared / "reference" / "paraformer_tables.json").read_text())


def test_apply_refuses_unknown_codes() -> None:
    with pytest.raises(DataError, match=r"9 \(1 px\)"):
        crosswalk({0: 1, 1: 2}).apply(np.array([[9]]), path="x.tif")


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ({0: 1}, r"no rule for codes \[1\]"),
        ({0: 1, 1: 2, 5: 2}, r"rules for codes \[5\]"),
        ({0: 1, 1: 99}, r"lead to codes \[99\]"),
        ({0: 1, 1: [2, 99]}, r"lead to codes \[99\]"),
        ({0: 1, 1: [2, 2]}, r"\[2, 2\] names a target twice"),
        ({0: 1, 1: "drop"}, "'drop' is no code 0..255, no list of two or more codes and not ignore"),
        ({0: 1, 1: [2]}, r"\[2\] is no code"),
        ({0: 1, 1: []}, r"\[\] is no code"),
        ({0: 1, 1: [[2], 3]}, "is no code"),
        ({0: 1, 1: 256}, "256 is no code"),
        ({0: 1, 1: True}, "True is no code"),
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


def test_new_buildings_alone_are_certain_in_the_later_mask_of_second() -> None:
    walk = load_crosswalk("second-to-building-change")
    assert walk.apply(np.array([[0, 1, 2, 3, 4, 5, 6]])).tolist() == [[0, 254, 254, 254, 254, 255, 254]]
