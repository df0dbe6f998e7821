from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from typer.testing import CliRunner, Result

from landwright.cli.main import app

PLACE = Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)


def write(name: str, values: np.ndarray, **options) -> None:
    profile = {"driver": "GTiff", "count": 1, "height": values.shape[0], "width": values.shape[1]}
    place = {"crs": "EPSG:32632", "transform": PLACE} | options
    with rasterio.open(name, "w", dtype=values.dtype, **profile, **place) as file:
        file.write(values, 1)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch) -> Path:
    """A map with two buildings, one of them without a known height."""
    monkeypatch.chdir(tmp_path)
    codes = np.zeros((80, 80), np.uint8)
    codes[10:30, 10:30] = codes[50:70, 50:70] = 1
    heights = np.full((80, 80), 5, np.float32)
    heights[40:] = np.nan
    write("map.tif", codes)
    write("height.tif", heights)
    write("ground.tif", np.full((40, 80), 100, np.float32))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["vectorize", "map.tif", "--class", "1", *arguments])


def test_a_table() -> None:
    result = run("--height", "height.tif", "--ground", "ground.tif", "-o", "out.gpkg")
    assert result.exit_code == 0, result.output
    assert "out.gpkg: 2 polygons of class 1 (1), 200 m2" in result.stdout
    assert "volume: 500 m3" in result.stdout
    assert "1 of 2 without a known height" in result.stdout
    assert "1 of 2 without a known base" in result.stdout
    assert "left out" not in result.stdout.replace("smaller ones left out", "")
    assert "note: ground.tif: covers" in result.stderr


def test_blocks() -> None:
    result = run("--height", "height.tif", "-o", "out.city.json")
    assert result.exit_code == 0, result.output
    assert "left out of CityJSON: 1 of 2" in result.stdout
    assert len(json.loads(Path("out.city.json").read_text())["CityObjects"]) == 1


def test_polygons_as_json() -> None:
    result = run("-o", "out.parquet", "--json", "--min-area", "0", "--simplify", "0")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert (facts["polygons"], facts["unknown"], facts["volume"]) == (2, None, None)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["-o", "out.shp"], 2, ".gpkg"),
        (["-o", "out.city.json"], 2, "--height"),
        (["-o", "out.gpkg", "--ground", "ground.tif"], 2, "--height"),
        (["-o", "out.gpkg", "--percentile", "0"], 2, "percentile"),
        (["-o", "out.gpkg", "--class", "building"], 2, "--class CODE"),
        (["-o", "out.gpkg", "--height", "missing.tif"], 3, "missing.tif"),
        (["-o", "out.gpkg", "--height", "elsewhere.tif"], 3, "elsewhere.tif"),
        (["-o", "out.gpkg", "--height", "text.tif"], 3, "text.tif"),
        (["-o", "out.gpkg", "--height", "cut.tif"], 3, "cut.tif"),
    ],
)
def test_bad_input(arguments: list[str], code: int, says: str) -> None:
    write("elsewhere.tif", np.zeros((9, 9), np.float32), transform=Affine(1, 0, 900_000, 0, -1, 9_000))
    Path("text.tif").write_text("this is no raster")
    Path("cut.tif").write_bytes(Path("height.tif").read_bytes()[:3000])
    before = sorted(Path().iterdir())
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert says in result.stderr
    assert "remedy:" in result.stderr
    assert sorted(Path().iterdir()) == before


def test_the_map_itself_is_no_map() -> None:
    for name, says in (("height.tif", "class codes"), ("missing.tif", "no such file")):
        result = CliRunner().invoke(app, ["vectorize", name, "--class", "1", "-o", "out.gpkg"])
        assert result.exit_code == 3
        assert says in result.stderr


def test_no_heavy_import() -> None:
    """The verb needs no network and no training code."""
    script = (
        "import sys\n"
        "from landwright.cli.main import app\n"
        "words = 'vectorize map.tif --class 1 -o out.city.json --height height.tif'.split()\n"
        "app(words, standalone_mode=False)\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
