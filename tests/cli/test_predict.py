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
import torch
import typer
from affine import Affine
from torch import Tensor, nn
from typer.testing import CliRunner, Result

from landwright.bundles import Card, NetworkCard, Normalization, TilingCard, save_bundle
from landwright.cli.predict import predict
from landwright.legends import Legend, LegendClass
from landwright.networks import Outputs, register, registry

app = typer.Typer()
app.command()(predict)


class Nearest(nn.Module):
    """The class whose index is nearest to the first band."""

    def __init__(self, classes: int, bands: int) -> None:
        super().__init__()
        self.indices = nn.Parameter(torch.arange(classes, dtype=torch.float32)[:, None, None])

    def forward(self, image: Tensor) -> Outputs:
        return Outputs(-50.0 * (image[:, :1] - self.indices).abs())


CARD = Card(
    name="nearest",
    regime="imported",
    network=NetworkCard(name="nearest", classes=3),
    bands=("index",),
    normalization=Normalization(divide=1.0, mean=(0.0,), std=(1.0,)),
    gsd=(0.1, 0.2),
    legend=Legend(
        name="three",
        classes=tuple(LegendClass(code=i, name=f"class {i}", colour=(i, 90, 90)) for i in range(3)),
    ),
    tiling=TilingCard(tile=32),
)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run folder with a bundle of a network that exists for one test."""
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    register("nearest", description="test")(Nearest)
    save_bundle(tmp_path / "run" / "bundle", CARD, Nearest(3, 1))
    return tmp_path / "run"


def make_image(path: Path, bands: int = 1, seed: int = 0, size: int = 70) -> np.ndarray:
    path.parent.mkdir(exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 3, (bands, size, size), dtype=np.uint8)
    place = {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)}
    with rasterio.open(path, "w", driver="GTiff", count=bands, height=size, width=size, dtype="uint8", **place) as file:
        file.write(pixels)
    return pixels


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read(1)


def test_one_image_becomes_one_map_and_the_files_are_named(tmp_path: Path, model: Path) -> None:
    pixels = make_image(tmp_path / "image.tif")
    out = tmp_path / "out" / "map.tif"
    result = run(tmp_path / "image.tif", "-m", model, "-o", out)
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(read(out), pixels[0])
    assert sorted(path.name for path in out.parent.iterdir()) == [
        "map.qml",
        "map.tif",
        "map_confidence.qml",
        "map_confidence.tif",
    ]
    for path in out.parent.iterdir():
        assert str(path) in result.stdout
    assert "warning" in result.stderr
    assert "trained for 0.1 to 0.2 m" in result.stderr


def test_json_is_one_line(tmp_path: Path, model: Path) -> None:
    make_image(tmp_path / "image.tif")
    options = ["--no-confidence", "--tile", 48, "--overlap", 0.5, "--blend", "crop", "--batch", 2, "--tta", "flip"]
    result = run(tmp_path / "image.tif", "-m", model, "-o", tmp_path / "map.tif", *options, "--device", "cpu", "--json")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    (made,) = json.loads(line)["maps"]
    assert made["map"] == str(tmp_path / "map.tif")
    assert made["confidence"] is None
    assert made["windows"] == 4
    assert made["warnings"]


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
def test_a_compiled_network_makes_the_same_classes(tmp_path: Path, model: Path) -> None:
    pixels = make_image(tmp_path / "image.tif")
    result = run(tmp_path / "image.tif", "-m", model, "-o", tmp_path / "map.tif", "--device", "cpu", "--compile")
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(read(tmp_path / "map.tif"), pixels[0])
    with rasterio.open(tmp_path / "map.tif") as file:
        assert json.loads(file.tags()["SETTINGS"])["compile"] is True


def test_classes_are_merged_by_a_table(tmp_path: Path, model: Path) -> None:
    pixels = make_image(tmp_path / "image.tif")
    (tmp_path / "three.yaml").write_text(json.dumps(CARD.legend.to_dict()))
    table = tmp_path / "table.yaml"
    rules = {0: 0, 1: 1, 2: 1}
    table.write_text(f"name: t\nsource: {tmp_path / 'three.yaml'}\ntarget: building\nrules: {rules}\n")
    options = ["--merge", table, "--blend", "paraformer", "--overlap", 0.5]
    result = run(tmp_path / "image.tif", "-m", model, "-o", tmp_path / "map.tif", *options)
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(read(tmp_path / "map.tif"), np.minimum(pixels[0], 1))
    with rasterio.open(tmp_path / "map.tif") as file:
        assert file.descriptions == ("classes: building",)
        assert json.loads(file.tags()["SETTINGS"])["blend"] == "paraformer"


def test_classes_follow_the_colours(tmp_path: Path, model: Path) -> None:
    make_image(tmp_path / "image.tif")
    result = run(tmp_path / "image.tif", "-m", model, "-o", tmp_path / "map.tif", "--crf")
    assert result.exit_code == 0, result.output
    with rasterio.open(tmp_path / "map.tif") as file:
        assert json.loads(file.tags()["SETTINGS"])["crf"] is True
    result = run(tmp_path / "image.tif", "-m", model, "-o", tmp_path / "two.tif", "--crf", "--blend", "rs3dada")
    assert result.exit_code == 2
    assert "--blend cosine" in result.output


def test_an_image_goes_into_a_folder_under_its_name(tmp_path: Path, model: Path) -> None:
    make_image(tmp_path / "image.tif")
    assert run(tmp_path / "image.tif", "-m", model, "-o", tmp_path / "maps", "--no-confidence").exit_code == 0
    assert {path.name for path in (tmp_path / "maps").iterdir()} == {"image.tif", "image.qml"}


def test_bands_and_area(tmp_path: Path, model: Path) -> None:
    pixels = make_image(tmp_path / "image.tif", bands=3)
    ring = [[500_005, 5_299_995], [500_015, 5_299_995], [500_015, 5_299_985], [500_005, 5_299_985]]
    crs = {"type": "name", "properties": {"name": "EPSG:32632"}}
    area = {"type": "Polygon", "coordinates": [[*ring, ring[0]]], "crs": crs}
    (tmp_path / "area.geojson").write_text(json.dumps(area))
    out = tmp_path / "map.tif"
    result = run(tmp_path / "image.tif", "-m", model, "-o", out, "--bands", "3", "--aoi", tmp_path / "area.geojson")
    assert result.exit_code == 0, result.output
    expected = np.full((70, 70), 255)
    expected[10:30, 10:30] = pixels[2, 10:30, 10:30]
    np.testing.assert_array_equal(read(out), expected)


def test_several_images_and_a_broken_one(tmp_path: Path, model: Path) -> None:
    for seed in range(3):
        make_image(tmp_path / "in" / f"{seed}.tif", seed=seed)
    (tmp_path / "in" / "1.tif").write_bytes(b"II*\x00 no raster")
    result = run(tmp_path / "in", "-m", model, "-o", tmp_path / "maps", "--json")
    assert result.exit_code == 4, result.output
    assert "1 of 3 images" in result.stderr
    payload = json.loads(result.stdout)
    assert [Path(made["map"]).name for made in payload["maps"]] == ["0.tif", "2.tif"]
    assert list(payload["failed"]) == [str(tmp_path / "in" / "1.tif")]
    assert not [path for path in (tmp_path / "maps").iterdir() if path.name.startswith((".", "1"))]


def test_all_broken(tmp_path: Path, model: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.tif", "b.tif"):
        (tmp_path / "in" / name).write_bytes(b"no raster")
    result = run(tmp_path / "in", "-m", model, "-o", tmp_path / "maps")
    assert result.exit_code == 3
    assert "none of the 2 images" in result.stderr
    assert not (tmp_path / "maps").exists()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--tile", "4"], 2, "tile 4"),
        (["--blend", "linear"], 2, "cosine, gaussian, crop, paraformer"),
        (["--tta", "x"], 2, "flip"),
        (["--device", "abacus"], 2, "abacus"),
        (["--bands", "1,,2"], 2, "commas"),
        (["--bands", "1,1"], 3, "2 bands were chosen"),
        (["--bands", "7"], 3, "no band 7"),
        (["--aoi", "nowhere.geojson"], 3, "no such file"),
        (["--merge", "nlcd-to-nowhere"], 2, "no crosswalk named"),
        (["--merge", "nlcd-to-chesapeake-4"], 2, "the map has those of three"),
    ],
)
def test_wrong_options_have_a_remedy_and_leave_nothing(
    tmp_path: Path, model: Path, options: list[str], code: int, words: str
) -> None:
    make_image(tmp_path / "image.tif")
    result = run(tmp_path / "image.tif", "-m", model, "-o", tmp_path / "maps" / "map.tif", *options)
    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert "remedy:" in result.stderr
    assert not (tmp_path / "maps").exists()


def test_outputs_are_not_replaced_unasked(tmp_path: Path, model: Path) -> None:
    for name in ("a.tif", "b.tif"):
        make_image(tmp_path / "in" / name)
    assert run(tmp_path / "in" / "b.tif", "-m", model, "-o", tmp_path / "maps").exit_code == 0
    result = run(tmp_path / "in", "-m", model, "-o", tmp_path / "maps")
    assert result.exit_code == 2
    assert "already" in result.stderr
    assert not (tmp_path / "maps" / "a.tif").exists(), "found out before the first image is mapped"
    assert run(tmp_path / "in", "-m", model, "-o", tmp_path / "maps", "--force").exit_code == 0
    assert (tmp_path / "maps" / "a.tif").exists()


def test_several_images_in_a_folder_need_names_of_their_own(tmp_path: Path, model: Path) -> None:
    make_image(tmp_path / "a" / "x.tif")
    make_image(tmp_path / "b" / "x.tif")
    images = [tmp_path / "a" / "x.tif", tmp_path / "b" / "x.tif"]
    same_name = run(*images, "-m", model, "-o", tmp_path / "maps")
    assert (same_name.exit_code, "x.tif" in same_name.stderr) == (2, True)


def test_missing_image_and_missing_model(tmp_path: Path, model: Path) -> None:
    assert run(tmp_path / "no.tif", "-m", model, "-o", tmp_path / "map.tif").exit_code == 3
    make_image(tmp_path / "image.tif")
    result = run(tmp_path / "image.tif", "-m", tmp_path / "no", "-o", tmp_path / "map.tif")
    assert result.exit_code == 3
    assert "no such folder" in result.stderr


class Metres(nn.Module):
    """The first band is the height."""

    def __init__(self, classes: int, bands: int) -> None:
        super().__init__()
        self.unit = nn.Parameter(torch.ones(1))

    def forward(self, image: Tensor) -> Outputs:
        return Outputs(None, height=self.unit * image[:, :1])


@pytest.fixture
def heights(tmp_path: Path, model: Path) -> Path:
    """A bundle of heights alone."""
    register("metres", description="test")(Metres)
    network = NetworkCard(name="metres", classes=3)
    card = CARD.model_copy(update={"network": network, "outputs": ("height",), "gsd": None})
    return save_bundle(tmp_path / "heights", card, Metres(3, 1))


def test_two_dates_of_heights(tmp_path: Path, heights: Path) -> None:
    before = make_image(tmp_path / "a.tif", seed=1).astype(int)
    after = make_image(tmp_path / "b.tif", seed=2).astype(int)
    dates = ["--before", tmp_path / "a.tif", "--after", tmp_path / "b.tif"]
    result = run(*dates, "-m", heights, "-o", tmp_path / "maps", "--tta", "flip", "--json")
    assert result.exit_code == 0, result.output
    (made,) = json.loads(result.stdout)["maps"]
    assert made["before"] == str(tmp_path / "a.tif")
    assert made["map"] == made["height_map"] == str(tmp_path / "maps" / "b.tif")
    assert made["height_spread"] == str(tmp_path / "maps" / "b_spread.tif")
    np.testing.assert_allclose(read(tmp_path / "maps" / "b.tif"), (before - after)[0], atol=1e-6)
    again = run(*dates, "-m", heights, "-o", tmp_path / "maps", "--tta", "flip", "--force")
    assert "spread of the heights in metres" in again.stdout
    over = run(*dates, "-m", heights, "-o", tmp_path / "a.tif", "--force")
    assert (over.exit_code, "one of the inputs" in over.stderr) == (2, True)


def test_heights_of_one_image(tmp_path: Path, heights: Path) -> None:
    pixels = make_image(tmp_path / "image.tif")
    result = run(tmp_path / "image.tif", "-m", heights, "-o", tmp_path / "h.tif", "--scale", 0.5)
    assert result.exit_code == 0, result.output
    np.testing.assert_allclose(read(tmp_path / "h.tif"), pixels[0] / 2, atol=1e-6)
    assert not (tmp_path / "h_confidence.tif").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no image is named"),
        (["--before", "a.tif"], "--after is missing"),
        (["--after", "a.tif"], "--before is missing"),
        (["a.tif", "--before", "a.tif", "--after", "a.tif"], "a.tif is named too"),
        (["--before", "a.tif", "--after", "a.tif"], "maps the classes of one date"),
        (["a.tif", "--scale", "-1"], "not a factor"),
    ],
)
def test_images_or_two_dates(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    make_image(tmp_path / "a.tif")
    result = run(*arguments, "-m", model, "-o", "map.tif")
    assert result.exit_code == 2, result.output
    assert words in result.stderr
    assert "remedy:" in result.stderr
    assert not (tmp_path / "map.tif").exists()


INTERRUPTED = """
import sys, time
sys.path.insert(0, sys.argv[1])
from landwright.networks import register
import test_predict as shared

class Slow(shared.Nearest):
    def forward(self, image):
        time.sleep(0.2)
        return super().forward(image)

register("nearest", description="slow")(Slow)
shared.app(sys.argv[2:])
"""


@pytest.mark.slow
def test_ctrl_c_ends_with_130_and_leaves_nothing(tmp_path: Path, model: Path) -> None:
    make_image(tmp_path / "image.tif", size=500)
    out = tmp_path / "maps" / "map.tif"
    arguments = [tmp_path / "image.tif", "-m", model, "-o", out, "--device", "cpu"]
    command = [sys.executable, "-c", INTERRUPTED, str(Path(__file__).parent), *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        deadline = time.monotonic() + 600
        while not (out.parent.is_dir() and any(out.parent.iterdir())):
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=600)
    assert process.returncode == 130, errors
    assert "interrupted" in errors
    assert not out.parent.exists()
