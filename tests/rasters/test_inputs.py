from __future__ import annotations

from pathlib import Path

import pytest

from landwright.errors import DataError
from landwright.rasters import expand_inputs, expand_sources


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.tif", "a.TIF", "c.png", "a.tif.aux.xml", ".a.1234.tif", "deep/d.tif", "x[1]/e.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def test_file(folder: Path) -> None:
    assert expand_inputs(folder / "c.png") == [folder / "c.png"]
    assert expand_inputs("c.png", base=folder) == [folder / "c.png"]


def test_folder_has_its_own_rasters_only(folder: Path) -> None:
    assert names(expand_inputs(str(folder))) == ["a.TIF", "b.tif", "c.png"]
    assert names(expand_inputs(folder, suffixes=(".png",))) == ["c.png"]


def test_globs(folder: Path) -> None:
    assert names(expand_inputs("*.tif", base=folder)) == ["b.tif"]
    assert names(expand_inputs("**/*.tif", base=folder)) == ["b.tif", "d.tif", "e.tif"]


def test_brackets_in_a_name_are_no_glob(folder: Path) -> None:
    assert names(expand_inputs("x[1]/e.tif", base=folder)) == ["e.tif"]
    assert names(expand_inputs("x[1]", base=folder)) == ["e.tif"]


def test_list_keeps_its_order(folder: Path) -> None:
    (folder / "deep" / "list.txt").write_text("# scenes\n../c.png   # last summer\n\n../b.tif\n*.tif\n")
    assert names(expand_inputs(folder / "deep" / "list.txt")) == ["c.png", "b.tif", "d.tif"]


def test_several_without_repetition(folder: Path) -> None:
    assert names(expand_inputs(["c.png", "*.png", "b.tif"], base=folder)) == ["c.png", "b.tif"]


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("none.tif", "no such file or folder"),
        ("*.jp2", "no file fits the pattern"),
        ("empty", "the folder holds no .tif"),
        ("empty.txt", "the list names no file"),
        ("wrong.txt", "no such file or folder"),
        ([], "no input was named"),
    ],
)
def test_nothing_found(folder: Path, spec: str, problem: str) -> None:
    (folder / "empty").mkdir()
    (folder / "empty.txt").write_text("# nothing\n")
    (folder / "wrong.txt").write_text("none.tif\n")
    with pytest.raises(DataError, match=problem):
        expand_inputs(spec, base=folder)


FOREIGN = ["https://x.org/a.tif?sig=a#b", "s3://b/a.tif", "/vsizip/a.zip/a.tif", 'NETCDF:"a b.nc":v', "gs://b/*.tif"]


@pytest.mark.parametrize("name", FOREIGN)
def test_sources_elsewhere_stay_as_they_are(name: str, tmp_path: Path) -> None:
    assert expand_sources(name, base=tmp_path) == [name]


def test_sources_in_lists(folder: Path) -> None:
    (folder / "deep" / "list.txt").write_text("\n".join(["# all", "../c.png  # last summer", *FOREIGN, "d.tif"]))
    (folder / "all.txt").write_text("deep/list.txt\n")
    files = [str(folder / "deep/../c.png"), str(folder / "deep/d.tif")]
    assert expand_sources(["deep/list.txt", "s3://b/a.tif"], base=folder) == [files[0], *FOREIGN, files[1]]
    assert expand_sources(folder / "all.txt") == [files[0], *FOREIGN, files[1]]


def test_sources_are_what_inputs_are(folder: Path) -> None:
    for spec in (folder, folder / "**/*.tif", folder / "x[1]", folder / "c.png"):
        assert expand_sources(str(spec)) == [str(file) for file in expand_inputs(str(spec))]


@pytest.mark.parametrize(
    ("spec", "problem"),
    [("none.tif", "no such file or folder"), ("x:y.tif", "no such file"), ([], "no input"), ("e.txt", "names no file")],
)
def test_no_source_found(folder: Path, spec: str, problem: str) -> None:
    (folder / "e.txt").write_text("# nothing\n")
    with pytest.raises(DataError, match=problem):
        expand_sources(spec, base=folder)
