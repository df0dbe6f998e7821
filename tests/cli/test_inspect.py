from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from affine import Affine
from typer.testing import CliRunner

from landwright.cli.inspect import inspect
from landwright.rasters import write_cog

PLACE = Affine(2.0, 0.0, 500000.0, 0.0, -2.0, 5000000.0)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "160")
    app = typer.Typer()
    app.command()(inspect)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    codes = np.zeros((40, 50), np.uint8)
    codes[:10], codes[10:15] = 2, 9
    for name in ("a", "b"):
        write_cog(
            tmp_path / f"{name}.tif",
            np.full((3, 40, 50), 7, np.uint16),
            crs="EPSG:32631",
            transform=PLACE,
            descriptions=["red", "green", "blue"],
        )
        write_cog(tmp_path / "masks" / f"{name}.tif", codes, crs="EPSG:32631", transform=PLACE)
    return tmp_path


def test_tables(run, folder: Path) -> None:
    result = run(folder / "a.tif", "--labels", folder / "masks" / "a.tif", "--legend", "isprs-6")
    assert result.exit_code == 0, result.output
    for text in (
        "50 x 40 px, uint16, 3 bands",
        "EPSG:32631",
        "2 m on the ground",
        "1 red",
        "on the image's own grid",
        "low vegetation",
        "28.6%",
        "not in the legend",
        "deflate",
    ):
        assert text in result.output


def test_one_line_of_json(run, folder: Path) -> None:
    result = run(folder, "--labels", folder / "masks", "--legend", "isprs-6", "--json")
    assert result.exit_code == 0
    assert result.output.count("\n") == 1
    first, second = json.loads(result.output)["rasters"]
    assert [Path(item["path"]).name for item in (first, second)] == ["a.tif", "b.tif"]
    assert first["labels"]["classes"][2]["pixels"] == 500
    assert first["labels"]["unknown"] == {"9": 250}
    assert second["bands"][0]["mean"] == 7


def test_one_label_file_for_all(run, folder: Path) -> None:
    result = run(folder / "a.tif", folder / "b.tif", "--labels", folder / "masks" / "a.tif", "--json")
    labels = [item["labels"]["path"] for item in json.loads(result.output)["rasters"]]
    assert labels == [str(folder / "masks" / "a.tif")] * 2


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["none.tif"], 3, "no such file"),
        (["a.tif", "--legend", "isprs-6"], 2, "Add --labels"),
        (["a.tif", "--labels", "masks", "--legend", "isprs-6"], 2, "2 label files for 1 rasters"),
        (["a.tif", "--labels", "masks/a.tif", "--legend", "isprs"], 2, "no legend named"),
        (["broken.tif"], 3, "not a readable raster"),
    ],
)
def test_bad_input(run, folder: Path, monkeypatch, arguments: list[str], code: int, problem: str) -> None:
    monkeypatch.chdir(folder)
    (folder / "broken.tif").write_text("nothing")
    result = run(*arguments)
    assert result.exit_code == code
    assert problem in result.stderr


@pytest.mark.parametrize("as_json", [False, True])
def test_the_others_are_still_described(run, folder: Path, as_json: bool) -> None:
    (folder / "broken.tif").write_text("nothing")
    result = run(folder, *(["--json"] if as_json else []))
    assert result.exit_code == 4
    assert "1 of 3 could not be described" in result.stderr
    if as_json:
        found = json.loads(result.stdout)
        assert len(found["rasters"]) == 2
        assert found["errors"][0]["path"].endswith("broken.tif")
    else:
        assert "broken.tif" in result.stderr
