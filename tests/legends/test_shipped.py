from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from landwright.errors import DataError, UsageError
from landwright.legends import Legend, list_legends, load_legend

PUBLISHED = {
    "building": (0, 1),
    "chesapeake-4": (1, 2, 3, 4),
    "chesapeake-lc": (1, 2, 3, 4, 5, 6),
    "deepglobe": (0, 1, 2, 3, 4, 5),
    "dubai-6": (0, 1, 2, 3, 4),
    "inria": (0, 1),
    "isprs-6": (0, 1, 2, 3, 4, 5),
    "isprs-6-torchgeo": (0, 1, 2, 3, 4, 5),
    "loveda": (1, 2, 3, 4, 5, 6, 7),
    "openearthmap-8": (1, 2, 3, 4, 5, 6, 7, 8),
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
