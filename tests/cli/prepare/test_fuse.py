from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from typer.testing import CliRunner, Result

from landwright.cli.main import app

PLACE = Affine(10.0, 0.0, 500000.0, 0.0, -10.0, 5000000.0)
ESA, ESRI, GLC = (
    f"{name}.tif={legend}-to-sinolc-1"
    for name, legend in (("esa", "esa-worldcover"), ("esri", "esri-lulc"), ("glc", "from-glc10"))
)
FUSE = ("prepare", "fuse", ESA, ESRI, GLC, "--classes", "sinolc-1", "-o", "out/labels.tif")


def write(name: str, codes: Any, **options: Any) -> None:
    array = np.asarray(codes, np.uint8)
    profile = {"driver": "GTiff", "count": 1, "height": array.shape[0], "width": array.shape[1], "dtype": "uint8"}
    with rasterio.open(name, "w", **{**profile, "crs": "EPSG:32631", "transform": PLACE, **options}) as file:
        file.write(array, 1)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three products of 10 m."""
    monkeypatch.chdir(tmp_path)
    write("esa.tif", [[10, 20, 40], [0, 50, 100]], nodata=0)
    write("esri.tif", [[2, 11, 5], [10, 7, 1]])
    write("glc.tif", [[2, 4, 2], [11, 9, 7]])
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def read(name: str) -> list[list[int]]:
    with rasterio.open(name) as file:
        return file.read(1).tolist()


def test_all_agree() -> None:
    result = run(*FUSE)
    assert result.exit_code == 0, result.output
    assert read("out/labels.tif") == [[2, 3, 0], [0, 0, 0]]
    assert read("out/labels_agreement.tif") == [[3, 3, 2], [255, 2, 2]]
    assert "33.3% of them labelled" in result.stdout
    assert "tree cover" in result.stdout
    assert "50.0% of the labelled" in result.stdout
    assert "2 on 50.0%, 3 on 33.3%" in result.stdout
    assert "building" not in result.stdout
    for name in ("labels.tif", "labels.qml", "labels_agreement.tif", "labels_agreement.qml"):
        assert f"out/{name}" in result.stdout


def test_json_is_one_line() -> None:
    result = run(*FUSE, "--k", "2", "--agreement", "votes.tif", "--json")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    made = json.loads(line)
    assert (made["labels"], made["agreement"], made["legend"]) == ("out/labels.tif", "votes.tif", "sinolc-1")
    assert (made["k"], made["n"], made["votes"]) == (2, 3, [0, 0, 3, 2])
    assert made["labelled"] == pytest.approx(5 / 6)
    assert {entry["name"]: entry["share"] for entry in made["classes"] if entry["pixels"]} == {
        "tree cover": 0.2,
        "shrubland": 0.2,
        "cropland": 0.2,
        "building": 0.2,
        "moss and lichen": 0.2,
    }
    assert made["products"][1] == {
        "path": "esri.tif",
        "crosswalk": "esri-lulc-to-sinolc-1",
        "aligned": "exact",
        "labelled": pytest.approx(5 / 6),
        "notes": [],
    }


def test_the_grid_of_an_image() -> None:
    write("image.tif", np.zeros((12, 18)), transform=PLACE @ Affine.scale(1 / 6))
    result = run(*FUSE, "--like", "image.tif")
    assert result.exit_code == 0, result.output
    expected = np.array([[2, 3, 0], [0, 0, 0]]).repeat(6, 0).repeat(6, 1)
    assert read("out/labels.tif") == expected.tolist()
    assert "warped" in result.stdout


def test_remarks_on_a_product_are_shown() -> None:
    write("glc.tif", [[2, 4, 2], [11, 9, 7]], nodata=7)
    result = run(*FUSE)
    assert result.exit_code == 0, result.output
    assert "note: glc.tif: declares nodata 7, the code of tundra" in result.stderr


def test_files_are_not_replaced_unasked() -> None:
    assert run(*FUSE).exit_code == 0
    again = run(*FUSE)
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    assert run(*FUSE, "--force").exit_code == 0


def fails(*arguments: str, code: int, says: list[str]) -> None:
    before = sorted(Path().rglob("*"))
    result = run(*arguments)
    assert result.exit_code == code, result.output
    for word in says:
        assert word in result.stderr
    assert result.stderr.count("error:") == result.stderr.count("remedy:") == 1
    assert "Traceback" not in result.output
    assert sorted(Path().rglob("*")) == before, "something was left behind"


@pytest.mark.parametrize("k", ["4", "0", "-1"])
def test_k_outside_of_one_to_n(k: str) -> None:
    fails(*FUSE, "--k", k, code=2, says=[f"{k} of 3 products cannot agree", "from 1 to 3"])


def test_one_product() -> None:
    fails(*FUSE[:3], *FUSE[5:], code=2, says=["1 product cannot be fused", "at least two"])


def test_a_product_named_twice() -> None:
    fails("prepare", "fuse", ESA, ESA, *FUSE[5:], code=2, says=["esa.tif", "vote twice"])


@pytest.mark.parametrize(
    ("product", "says"),
    [
        ("esri.tif=esri-lulc-to-poland-4", ["leads to legend poland-4", "esri-lulc-to-sinolc-1"]),
        ("esri.tif=esri", ["no crosswalk named 'esri'", "esri-lulc-to-sinolc-1"]),
        ("esri.tif=", ["FILE=CROSSWALK"]),
    ],
)
def test_crosswalks_that_do_not_fit(product: str, says: list[str]) -> None:
    fails("prepare", "fuse", ESA, product, *FUSE[5:], code=2, says=says)


def test_unknown_classes() -> None:
    fails(*FUSE[:5], "--classes", "sinolc", "-o", "labels.tif", code=2, says=["no legend named 'sinolc'", "sinolc-1"])


def test_a_crosswalk_that_leaves_a_code_out() -> None:
    Path("own.yaml").write_text("{name: own, source: building, target: sinolc-1, rules: {1: 6}}")
    fails("prepare", "fuse", ESA, "esri.tif=own.yaml", *FUSE[5:], code=3, says=["own.yaml", "no rule for codes [0]"])


def test_a_missing_or_broken_product() -> None:
    Path("esri.tif").write_text("this is no raster")
    fails(*FUSE, code=3, says=["esri.tif", "is not a readable raster"])
    Path("esri.tif").unlink()
    fails(*FUSE, code=3, says=["esri.tif", "there is no such file"])
    fails(*FUSE, "--like", "none.tif", code=3, says=["none.tif", "there is no such file"])


def test_products_that_do_not_overlap() -> None:
    write("esri.tif", [[2, 11, 5], [10, 7, 1]], transform=PLACE @ Affine.translation(100, 0))
    fails(*FUSE, code=3, says=["esri.tif", "does not overlap"])


def test_sizes_without_georeference() -> None:
    write("esri.tif", [[2, 11]], crs=None, transform=Affine.identity())
    fails(*FUSE, code=3, says=["esri.tif", "2 x 1 pixels"])


def test_codes_outside_of_the_legend() -> None:
    write("esa.tif", [[128, 20, 40], [0, 255, 128]])
    fails(*FUSE, code=3, says=["esa.tif", "legend esa-worldcover does not have", "128 (2 px), 255 (1 px)"])
    write("glc.tif", [[20, 40, 20], [90, 90, 70]])
    fails("prepare", "fuse", ESRI, GLC, *FUSE[5:], code=3, says=["glc.tif", "legend from-glc10 does not have"])


def test_nothing_agrees() -> None:
    write("esri.tif", np.full((2, 3), 9))
    fails(*FUSE, code=3, says=["no pixel gets a label", "lower k"])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["-o", "labels.png"], ["labels.png", "GeoTIFF"]),
        (["-o", "labels.tif", "--agreement", "labels.tif"], ["labels.tif", "one name"]),
        (["-o", "esa.tif", "--force"], ["esa.tif", "is one of the inputs"]),
    ],
)
def test_outputs_that_cannot_be_written(options: list[str], says: list[str]) -> None:
    fails(*FUSE[:7], *options, code=2, says=says)


@pytest.mark.slow
def test_ctrl_c_ends_with_130_and_leaves_nothing(place: Path) -> None:
    write("like.tif", np.zeros((20000, 6000)), transform=PLACE @ Affine.scale(1 / 2000), compress="deflate")
    command = [sys.executable, "-m", "landwright", *FUSE, "--like", "like.tif"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, cwd=place) as process:
        deadline = time.monotonic() + 600
        while not (place / "out").is_dir():
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=600)
    assert process.returncode == 130, errors
    assert "interrupted" in errors
    assert not (place / "out").exists()
