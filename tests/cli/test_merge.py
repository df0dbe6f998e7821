from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import rasterio
from typer.testing import CliRunner

from landwright.cli.main import app

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """Return the module tests/maps/merging/made_runs.py."""
    path = Path(__file__).parent.parent / "maps" / "merging" / "made_runs.py"
    spec = importlib.util.spec_from_file_location("made_runs", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def merge(*arguments: object, code: int = 0, says: tuple[str, ...] = ()):
    result = CliRunner().invoke(app, ["merge", *map(str, arguments)])
    assert result.exit_code == code, result.output
    for text in says:
        assert text in result.stderr, result.stderr
    return result


def test_a_run_becomes_a_virtual_map_and_a_catalogue(place, made):
    pytest.importorskip("pystac", reason="pystac comes with the extra stac")
    run = made.make_run(Path("map.run"), 40, 50)
    (run.results.path / ".r00000-c00000.7").mkdir()
    found = json.loads(merge("map.run", "--json").stdout)
    assert (found["blocks"], found["finished"], found["maps"], found["notes"]) == (4, 4, [], [])
    assert found["virtual"] == [f"map.run/map{suffix}.vrt" for suffix in ("", "_confidence", "_height")]
    assert found["collections"] == ["map.run/collection.json"]
    with rasterio.open("map.run/map.vrt") as file:
        np.testing.assert_array_equal(file.read(1), made.values(made.CLASSES, 40, 50))
    assert Path("map.run/map.qml").read_text() == made.CLASSES.style
    assert len(list(Path("map.run/items").iterdir())) == 4
    assert not [path for path in run.results.path.iterdir() if path.name.startswith(".")]
    merge("map.run")  # may be repeated


@pytest.mark.slow
def test_single_cogs_with_styles_and_a_catalogue(place, made):
    pytest.importorskip("pystac", reason="pystac comes with the extra stac")
    made.make_run(Path("map.run"), 40, 50, specs=(made.CLASSES, made.HEIGHTS))
    result = merge("map.run", "-o", "out/town.tif")
    assert "map.run: 4 of 4 blocks" in result.stdout
    assert sorted(os.listdir("out")) == [
        "town.collection.json",
        "town.item.json",
        "town.qml",
        "town.tif",
        "town_height.qml",
        "town_height.tif",
    ]
    with rasterio.open("out/town.tif") as file:
        np.testing.assert_array_equal(file.read(1), made.values(made.CLASSES, 40, 50))
    merge("map.run", "-o", "out/town.tif", code=2, says=("out/town.tif: is there already", "--force"))
    merge("map.run", "-o", "out/town.tif", "--force", "--no-stac")


def test_blocks_that_are_missing(place, made):
    made.make_run(Path("map.run"), 40, 50, specs=(made.CLASSES,), bad=["r00001-c00000"])
    says = ("of 4 blocks 1 were set aside", "r00001-c00000: ValueError: this block is bad", "--allow-missing")
    merge("map.run", "-o", "map.tif", code=4, says=says)
    assert not Path("map.tif").exists() and not Path("map.run/map.vrt").exists()
    merge("map.run", "-o", "map.tif", "--allow-missing", "--no-stac", says=("note: of 4 blocks 1", "nodata there"))
    with rasterio.open("map.tif") as file:
        assert (file.read(1)[32:, :32] == 255).all()
    made.make_run(Path("left.run"), 40, 50, begin_only=True)
    merge("left.run", code=4, says=("4 are not finished (r00000-c00000, ",))
    merge("left.run", "--allow-missing", code=3, says=("holds no block with a classes.tif",))


def test_maps_without_a_place_have_no_catalogue(place, made, monkeypatch):
    made.make_run(Path("map.run"), 40, 50, specs=(made.CLASSES,), crs=None, transform=None)
    merge("map.run", says=("note: no STAC catalogue: a map without a reference system",))
    assert not Path("map.run/collection.json").exists()
    merge("map.run", "--stac", code=2, says=("without a reference system", "Leave --stac out"))


def test_bad_input(place, made):
    merge("missing.run", code=3, says=("missing.run: is no run directory",))
    merge("s3://bucket/run", code=2, says=("Name a single map with --out",))
    made.make_run(Path("map.run"), 40, 50, specs=(made.CLASSES,))
    merge("map.run", "-o", "map.png", code=2, says=("map.tif",))
    Path("map.run/products.json").unlink()
    merge("map.run", code=3, says=("has no products.json",))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only(place, made):
    made.make_run(Path("map.run"), 40, 50, specs=(made.CLASSES,))
    Path("map.run").chmod(0o555)
    try:
        merge("map.run", code=3, says=("map.vrt", "Permission denied"))
    finally:
        Path("map.run").chmod(0o755)


def test_a_full_disk(place, made, monkeypatch):
    made.make_run(Path("map.run"), 40, 50, specs=(made.CLASSES,))

    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "write_text", full)
    merge("map.run", code=3, says=("disk is full",))
    assert not [name for name in os.listdir("map.run") if name.startswith(".map")]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there are no such signals there")
def test_ctrl_c_ends_it_at_once_and_leaves_nothing(place, made):
    made.make_run(Path("map.run"), 3000, 4000, 1024, specs=(made.HEIGHTS,))
    before = sorted(os.listdir("map.run"))
    command = [sys.executable, "-m", "landwright", "merge", "map.run", "-o", "out/map.tif", "--no-stac"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not any(file.stat().st_size > 10**6 for file in Path("out").glob(".map_height.*")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 130, errors
    assert "interrupted" in errors
    assert time.monotonic() - began < 10
    assert not Path("out").exists()
    virtual = ["map_height.qml", "map_height.vrt"]
    assert sorted(os.listdir("map.run")) == sorted([*before, *virtual])


def test_a_run_in_an_object_store(place, made):
    pytest.importorskip("obstore", reason="runs in an object store need the extra cloud")
    pytest.importorskip("pystac", reason="pystac comes with the extra stac")
    address = f"file://{place}/bucket/map.run"
    made.make_run(address, 40, 50, specs=(made.CLASSES,))
    found = json.loads(merge(address, "-o", "out/town.tif", "--json").stdout)
    assert found["virtual"] == []
    assert sorted(os.listdir("out")) == ["town.collection.json", "town.item.json", "town.qml", "town.tif"]
    with rasterio.open("out/town.tif") as file:
        np.testing.assert_array_equal(file.read(1), made.values(made.CLASSES, 40, 50))
