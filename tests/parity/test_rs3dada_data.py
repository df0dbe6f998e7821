"""Classes of the sets that SynRS3D reads, against the tables of its published code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from landwright.legends import IGNORE, Legend, load_crosswalk, load_legend


@pytest.fixture
def expected(shared: Path) -> dict[str, dict[int, int]]:
    entries = json.loads((shared / "parity" / "rs3dada" / "losses.json").read_text())["entries"]
    (entry,) = (entry for entry in entries if entry["name"] == "relabel")
    assert entry["expected"]["others"] == IGNORE
    tables = {name: table for name, table in entry["expected"].items() if name != "others"}
    return {name: {int(code): index for code, index in table.items()} for name, table in tables.items()}


def table(legend: Legend) -> dict[int, int]:
    """Index of every code of a legend, aliases included."""
    return {code: index for index, entry in enumerate(legend.classes) for code in (entry.code, *entry.aliases)}


@pytest.mark.parametrize(
    ("name", "legend"),
    [("normal_OEM", "openearthmap-8"), ("normal_DFC19", "dfc19-synrs3d"), ("normal_ISPRS", "isprs-6")],
)
def test_classes_of_a_set(expected, name: str, legend: str) -> None:
    assert table(load_legend(legend)) == expected[name]


@pytest.mark.parametrize(
    ("name", "crosswalk"),
    [
        ("combined_OEM", "openearthmap-8-to-surface-3"),
        ("combined_DFC19", "dfc19-synrs3d-to-surface-3"),
        ("combined_ISPRS", "isprs-6-to-surface-3"),
    ],
)
def test_ground_trees_and_buildings(expected, name: str, crosswalk: str) -> None:
    walk = load_crosswalk(crosswalk)
    assert walk.target_legend.codes == (0, 1, 2)
    codes = np.array([sorted(expected[name])])
    assert walk.apply(codes).tolist() == [[expected[name][code] for code in codes[0].tolist()]]
    lut = walk.lut()
    assert {code: int(lut[code]) for code in range(70) if lut[code] != IGNORE} == expected[name]


def test_unlabelled_ground_is_no_building_by_default(expected) -> None:
    default = {code: index for code, index in expected["combined_DFC19"].items() if code != 65}
    lut = load_crosswalk("dfc19-to-surface-3").lut()
    assert {code: int(lut[code]) for code in range(256) if lut[code] != IGNORE} == default
    assert load_legend("dfc19").encode(np.array([[65]])).item() == IGNORE
