from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from landwright.errors import DataError, UsageError
from landwright.legends import IGNORE, Legend, list_legends, load_legend

NLCD = (11, 12, 21, 22, 23, 24, 31, 41, 42, 43, 52, 71, 81, 82, 90, 95)
PUBLISHED = {
    "building": (0, 1),
    "building-change": (0, 255),
    "chesapeake-4": (1, 2, 3, 4),
    "chesapeake-lc": (1, 2, 3, 4, 5, 6),
    "deepglobe": (0, 1, 2, 3, 4, 5),
    "dfc19": (2, 5, 6, 9, 17),
    "dfc19-synrs3d": (2, 5, 6, 9, 17),
    "dubai-6": (0, 1, 2, 3, 4),
    "esa-worldcover": (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100),
    "esri-lulc": (1, 2, 3, 4, 5, 6, 7, 8, 9, 11),
    "from-glc10": tuple(range(1, 11)),
    "from-glc10-original": tuple(range(10, 101, 10)),
    "inria": (0, 1),
    "isprs-6": (0, 1, 2, 3, 4, 5),
    "isprs-6-torchgeo": (0, 1, 2, 3, 4, 5),
    "loveda": (1, 2, 3, 4, 5, 6, 7),
    "nlcd": NLCD,
    "nlcd-paraformer": (0, *NLCD),
    "openearthmap-8": (1, 2, 3, 4, 5, 6, 7, 8),
    "poland-4": (1, 2, 3, 4),
    "second": (0, 1, 2, 3, 4, 5, 6),
    "sinolc-1": (*range(1, 11), 12),
    "surface-3": (0, 1, 2),
    "whu-building": (0, 1),
}


def test_all_are_listed() -> None:
    assert set(PUBLISHED) <= set(list_legends())


@pytest.mark.parametrize("name", list_legends())
def test_tables_are_complete(name: str) -> None:
    legend = load_legend(name)
    assert legend.name == name
    assert legend.title
    assert legend.source
    assert all(entry.description for entry in legend.classes)
    assert legend.codes == PUBLISHED.get(name, legend.codes)


@pytest.mark.parametrize(
    ("legend", "name", "colour"),
    [
        ("isprs-6", "low vegetation", (0, 255, 255)),
        ("openearthmap-8", "building", (222, 31, 7)),
        ("loveda", "barren", (159, 129, 183)),
        ("deepglobe", "rangeland", (255, 0, 255)),
        ("dubai-6", "building", (60, 16, 152)),
        ("chesapeake-4", "tree", (28, 95, 44)),
    ],
)
def test_field_colours(legend: str, name: str, colour: tuple[int, int, int]) -> None:
    table = load_legend(legend)
    assert table.colours[table.index(name)] == colour


@pytest.mark.parametrize("name", ["inria", "whu-building"])
def test_published_masks_of_0_and_255(name: str) -> None:
    legend = load_legend(name)
    assert legend.index(255) == legend.index("building") == 1
    assert legend.nodata != 255


def test_change_masks_of_0_and_255_and_of_0_and_1() -> None:
    legend = load_legend("building-change")
    assert legend.encode(np.array([[0, 1, 255, 254]])).tolist() == [[0, 1, 1, IGNORE]]


@pytest.mark.parametrize("code", [0, 128, 255])
def test_only_the_nodata_of_nlcd_is_ignored(code: int) -> None:
    nlcd = load_legend("nlcd")
    if code == nlcd.nodata:
        assert nlcd.encode(np.array([[code]])).item() == IGNORE
    else:
        with pytest.raises(DataError, match=rf"codes that legend nlcd does not have: {code} \(1 px\)"):
            nlcd.encode(np.array([[code]]))


def test_clouds_and_fill_are_ignored() -> None:
    for name, code in (("esri-lulc", 10), ("from-glc10", 11), ("glc-fcs30", 250)):
        assert load_legend(name).encode(np.array([[code]])).item() == IGNORE


def test_the_two_forms_of_from_glc10_differ_by_ten() -> None:
    copy, original = load_legend("from-glc10"), load_legend("from-glc10-original")
    assert tuple(10 * code for code in copy.codes) == original.codes
    assert (copy.names, copy.colours) == (original.names, original.colours)
    with pytest.raises(DataError, match="20"):
        copy.encode(np.array([[20]]))


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("nlcd", "nlcd"),
        ("esa_worldcover", "esa-worldcover"),
        ("esri_glc10", "esri-lulc"),
        ("from_glc10", "from-glc10"),
        ("openearthmap", "openearthmap-8"),
        ("sinolc1", "sinolc-1"),
        ("chesapeake_lc_hr", "chesapeake-lc"),
    ],
)
def test_codes_and_colours_of_the_notes(shared: Path, table: str, name: str) -> None:
    notes = json.loads((shared / "reference" / "paraformer_tables.json").read_text())
    rows = {row[0]: tuple(row[2]) for row in notes[table]["classes"] if row[2] is not None}
    legend = load_legend(name)
    assert dict(zip(legend.codes, legend.colours, strict=True)).items() <= rows.items()
    assert set(rows) - set(legend.codes) <= {legend.nodata, *legend.ignore_codes}


def test_order_of_paraformers_outputs(shared: Path) -> None:
    rules = json.loads((shared / "parity" / "paraformer" / "data_rules.json").read_text())
    legend = load_legend("nlcd-paraformer")
    assert {str(code): legend.index(code) for code in legend.codes[1:]} == rules["label_to_index"]
    assert {str(index): list(colour) for index, colour in enumerate(legend.colours)} == rules["index_colormap"]


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(load_legend("isprs-6").to_dict() | {"name": "own"}))
    assert load_legend(path).name == "own"
    assert load_legend(str(path)) == load_legend(path)
    assert isinstance(load_legend(path), Legend)


def test_unknown_name_suggests() -> None:
    with pytest.raises(UsageError, match="Did you mean isprs-6"):
        load_legend("isprs6")
    with pytest.raises(UsageError, match=r"Shipped are .*loveda"):
        load_legend("zzz")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: [", "is not YAML"),
        ("name: x", "not a valid legend: classes: key is missing"),
        ("- 1", "not a valid legend"),
        ("name: x\nclasses: [{code: 1, name: a, colour: [0, 0, 300]}]", r"classes\.0\.colour\.2"),
        ("name: x\nnodata: 1\nclasses: [{code: 1, name: a, colour: [0, 0, 3]}]", "nodata 1 is also the code"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "bad.yml"
    path.write_text(text)
    with pytest.raises(DataError, match=problem) as caught:
        load_legend(path)
    assert caught.value.path == str(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        load_legend(tmp_path / "none.yaml")
