from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from typer.testing import Result

Write = Callable[..., None]
Run = Callable[..., Result]
Fails = Callable[..., None]
SURFACE = np.full((200, 200), 30, np.float32)
SURFACE[50:80, 60:80] = 41


@pytest.fixture(autouse=True)
def models(write: Write) -> None:
    write("dsm/a.tif", SURFACE)
    write("dsm/b.tif", SURFACE + 5)
    write("dtm.tif", np.full((50, 50), 30, np.float32), transform=Affine(4.0, 0, 4e5, 0, -4.0, 5.8e6))


def highest(name: str) -> float:
    with rasterio.open(name) as file:
        return float(file.read(1).max())


def test_one_model(run: Run) -> None:
    result = run("prepare", "ndsm", "dsm/a.tif", "-o", "out/n.tif")
    assert result.exit_code == 0, result.output
    assert "out/n.tif: 200 x 200 pixels (100.0% known)" in result.stdout
    assert "highest 11.0 m, 1.5% above 1 m" in result.stdout
    assert "ground filter dsm2dtm" in result.stdout
    assert highest("out/n.tif") == pytest.approx(11, abs=0.1)


def test_json_is_one_line_and_settings_arrive(run: Run) -> None:
    result = run(
        *("prepare", "ndsm", "dsm/a.tif", "-o", "n.tif", "--dtm", "dtm.tif"),
        *("--fill", "8", "--min-height", "2", "--unit", "feet", "--json"),
    )
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    (made,) = json.loads(line)["heights"]
    assert made["path"] == "n.tif"
    assert made["highest"] == pytest.approx(11 * 0.3048, abs=1e-4)
    assert made["method"] == "surface minus terrain model"
    assert "multiplied by 0.3048" in made["notes"][0]
    assert "note: dsm/a.tif: heights are multiplied" in result.stderr
    with rasterio.open("n.tif") as file:
        settings = json.loads(file.tags()["SETTINGS"])
    assert (settings["fill"], settings["min_height"], settings["unit"]) == (8, 2, "feet")


def test_a_folder_is_continued(run: Run) -> None:
    command = ("prepare", "ndsm", "dsm", "-o", "out", "--dtm", "dtm.tif")
    result = run(*command)
    assert result.exit_code == 0, result.output
    assert (highest("out/a.tif"), highest("out/b.tif")) == (11, 16)
    Path("out/a.tif").unlink()
    kept = Path("out/b.tif").stat().st_mtime_ns
    again = run(*command)
    assert again.exit_code == 0, again.output
    assert "out/a.tif: 200 x 200" in again.stdout
    assert "out/b.tif: kept" in again.stdout
    assert Path("out/b.tif").stat().st_mtime_ns == kept
    other = run(*command, "--min-height", "1")
    assert other.exit_code == 2
    assert "not made from this surface model with these settings" in other.stderr
    assert run(*command, "--min-height", "1", "--force").exit_code == 0


def test_one_of_several_fails(run: Run, write: Write) -> None:
    write("dsm/c.tif", SURFACE, crs="EPSG:4326", transform=Affine(1e-5, 0, 7, 0, -1e-5, 51))
    result = run("prepare", "ndsm", "dsm", "-o", "out")
    assert result.exit_code == 4, result.output
    assert "dsm/c.tif: its CRS counts in degrees" in result.stderr
    assert "1 of 3 models gave no heights: dsm/c.tif" in result.stderr
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.tif", "b.tif"]


def test_all_of_several_fail(run: Run, write: Write) -> None:
    for name in "ab":
        write(f"dsm/{name}.tif", SURFACE, crs=None)
    result = run("prepare", "ndsm", "dsm", "-o", "out")
    assert result.exit_code == 3, result.output
    assert "none of the 2 models gave heights" in result.stderr
    assert not Path("out").exists()


def test_models_that_cannot_be_used(fails: Fails, write: Write) -> None:
    dsm = ("prepare", "ndsm", "dsm/a.tif", "-o", "n.tif")
    write("dsm/a.tif", SURFACE, crs=None)
    fails(*dsm, code=3, says=["dsm/a.tif", "no coordinate reference system", "gdal_edit.py"])
    write("dsm/a.tif", SURFACE, crs="EPSG:4326", transform=Affine(1e-5, 0, 7, 0, -1e-5, 51))
    fails(*dsm, code=3, says=["dsm/a.tif", "degrees", "-t_srs EPSG:32632"])
    write("dsm/a.tif", SURFACE, crs="EPSG:2994", transform=Affine(3, 0, 6e5, 0, -3, 9e5))
    fails(*dsm, code=3, says=["dsm/a.tif", "counts in foot", "--unit feet"])
    write("dsm/a.tif", np.full((9, 9), -1, np.float32), nodata=-1)
    fails(*dsm, code=3, says=["dsm/a.tif", "all of it is nodata"])
    write("dsm/a.tif", SURFACE)
    write("dtm.tif", SURFACE, transform=Affine(1.0, 0, 5e5, 0, -1.0, 5.8e6))
    fails(*dsm, "--dtm", "dtm.tif", code=3, says=["dtm.tif", "does not overlap dsm/a.tif"])
    Path("dsm/a.tif").write_text("no raster")
    fails(*dsm, code=3, says=["dsm/a.tif", "is not a readable raster"])
    fails("prepare", "ndsm", "none.tif", "-o", "n.tif", code=3, says=["none.tif", "no such file"])


def test_options_that_cannot_be_used(fails: Fails, write: Write) -> None:
    fails("prepare", "ndsm", "dsm", "-o", "n.tif", code=2, says=["2 models do not go into one file"])
    write("other/a.tif", SURFACE)
    fails("prepare", "ndsm", "dsm", "other", "-o", "out", code=2, says=["written to a.tif"])
    one = ("prepare", "ndsm", "dsm/a.tif", "-o", "n.tif")
    fails(*one, "--unit", "yards", code=2, says=["no unit 'yards'", "us-feet"])
    fails(*one, "--radius", "-3", code=2, says=["radius -3 is out of range"])
    fails("prepare", "ndsm", "dsm/a.tif", "-o", "dsm/a.tif", "--force", code=2, says=["one of the inputs"])
