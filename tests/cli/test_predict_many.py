"""Several images, other grids, blocks and processes, by a network that other processes know too."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from typer.testing import CliRunner, Result

from landwright.bundles import Card, NetworkCard, Normalization, TilingCard, save_bundle
from landwright.cli.main import app
from landwright.engine.mapper import MapMaker
from landwright.errors import DataError
from landwright.legends import Legend, LegendClass
from landwright.networks import create_network
from landwright.runs import Block

pytestmark = pytest.mark.slow

PLACE = Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)
LEGEND = Legend(
    name="three", classes=tuple(LegendClass(code=i + 1, name=f"class {i}", colour=(i, 90, 90)) for i in range(3))
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    card = Card(
        name="tiny",
        regime="imported",
        network=NetworkCard(name="smp:unet:tu-mobilenetv3_small_050", classes=3),
        bands=("grey",),
        normalization=Normalization(divide=255.0, mean=(0.5,), std=(0.25,)),
        gsd=(0.5, 1.0),
        legend=LEGEND,
        tiling=TilingCard(tile=64),
    )
    network = create_network(card.network.name, classes=3, bands=1)
    return save_bundle(tmp_path_factory.mktemp("model") / "bundle", card, network)


def write(path: Path, pixels: np.ndarray, *, row: int = 0, col: int = 0, place: Affine = PLACE, **profile: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {"driver": "GTiff", "crs": "EPSG:32632", "transform": place @ Affine.translation(col, row)} | profile
    height, width = pixels.shape
    with rasterio.open(path, "w", count=1, height=height, width=width, dtype="uint8", **profile) as file:
        file.write(pixels, 1)
    return path


@pytest.fixture
def scene(tmp_path: Path) -> np.ndarray:
    """An image of 150 x 200 pixels, whole.tif, and the same in three tiles, the last of which laps over the others."""
    coarse = np.random.default_rng(0).integers(1, 255, (15, 20), dtype=np.uint8)
    pixels = coarse.repeat(10, 0).repeat(10, 1)
    write(tmp_path / "whole.tif", pixels)
    write(tmp_path / "tiles" / "a.tif", pixels[:, :90])
    write(tmp_path / "tiles" / "b.tif", pixels[:100, 90:], col=90)
    write(tmp_path / "tiles" / "c.tif", pixels[80:, 70:], row=80, col=70)
    return pixels


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(app, ["predict", *map(str, arguments)])


def rasters(folder: Path) -> dict[str, np.ndarray]:
    found = {}
    for path in sorted(folder.glob("*.tif")):
        with rasterio.open(path) as file:
            found[path.name] = file.read()
    return found


def same(one: Path, other: Path) -> None:
    first, second = rasters(one), rasters(other)
    assert first.keys() == second.keys()
    for name, pixels in first.items():
        np.testing.assert_array_equal(pixels, second[name], err_msg=name)


@pytest.mark.parametrize("order", ["first", "best"])
def test_tiles_of_one_grid_become_the_map_of_the_whole(
    scene: np.ndarray, tmp_path: Path, model: Path, order: str
) -> None:
    assert run(tmp_path / "whole.tif", "-m", model, "-o", tmp_path / "one" / "map.tif").exit_code == 0
    out = tmp_path / "many" / "map.tif"
    result = run(tmp_path / "tiles", "-m", model, "-o", out, "--overlapping", order)
    assert result.exit_code == 0, result.output
    same(tmp_path / "one", tmp_path / "many")
    with rasterio.open(out) as file:
        assert (file.crs, file.transform) == ("EPSG:32632", PLACE)
        assert json.loads(file.tags()["SETTINGS"])["overlapping"] == order
        assert file.tags()["SOURCE"] == "a.tif and 2 more"


def test_images_of_different_grids_need_one(scene: np.ndarray, tmp_path: Path, model: Path) -> None:
    coarse = Affine(1, 0, 500_000, 0, -1, 5_300_000)
    write(tmp_path / "coarse.tif", scene[::2, ::2], place=coarse)
    images = (tmp_path / "tiles" / "a.tif", tmp_path / "coarse.tif")
    refused = run(*images, "-m", model, "-o", tmp_path / "map.tif")
    assert refused.exit_code == 2
    assert "different grids" in refused.stderr
    assert "--crs, --gsd or --like" in refused.stderr
    result = run(*images, "-m", model, "-o", tmp_path / "map.tif", "--gsd", 1)
    assert result.exit_code == 0, result.output
    with rasterio.open(tmp_path / "map.tif") as file:
        assert (file.shape, file.transform) == ((75, 100), coarse)
    liked = run(*images, "-m", model, "-o", tmp_path / "like.tif", "--like", tmp_path / "whole.tif")
    assert liked.exit_code == 0, liked.output
    with rasterio.open(tmp_path / "like.tif") as file:
        assert (file.shape, file.transform) == ((150, 200), PLACE)
    both = run(*images, "-m", model, "-o", tmp_path / "no.tif", "--like", tmp_path / "whole.tif", "--gsd", 1)
    assert both.exit_code == 2


def test_pixels_of_the_size_that_the_model_knows(tmp_path: Path, model: Path) -> None:
    fine = write(tmp_path / "fine.tif", np.full((160, 160), 7, np.uint8), place=Affine(0.1, 0, 500_000, 0, -0.1, 5e6))
    result = run(fine, "-m", model, "-o", tmp_path / "map.tif", "--gsd", "auto")
    assert result.exit_code == 0, result.output
    assert "was trained for" not in result.stderr
    with rasterio.open(tmp_path / "map.tif") as file:
        assert (file.shape, file.res) == ((32, 32), (0.5, 0.5))
    asis = run(fine, "-m", model, "-o", tmp_path / "fine_map.tif")
    assert "a pixel is 0.1 m on the ground; the model was trained for 0.5 to 1 m" in asis.stderr
    warped = run(fine, "-m", model, "-o", tmp_path / "warped.tif", "--crs", "EPSG:3035", "--gsd", 0.5)
    assert warped.exit_code == 0, warped.output
    with rasterio.open(tmp_path / "warped.tif") as file:
        assert file.crs == "EPSG:3035"
    wrong = run(fine, "-m", model, "-o", tmp_path / "no.tif", "--gsd", "small")
    assert (wrong.exit_code, "gsd 'small' is not the size of a pixel" in wrong.stderr) == (2, True)


def test_items_name_images(scene: np.ndarray, tmp_path: Path, model: Path) -> None:
    pystac = pytest.importorskip("pystac", reason="pystac comes with the extra stac")
    item = pystac.Item("a", None, None, datetime(2024, 5, 1, tzinfo=UTC), {})
    item.add_asset("visual", pystac.Asset("tiles/a.tif", roles=["data"]))
    item.add_asset("thumbnail", pystac.Asset("a.png", roles=["thumbnail"]))
    item.save_object(dest_href=str(tmp_path / "item.json"), include_self_link=False)
    result = run(tmp_path / "item.json", "-m", model, "-o", tmp_path / "maps")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "maps" / "a.tif").exists()
    missing = run(tmp_path / "item.json", "-m", model, "-o", tmp_path / "other", "--asset", "red")
    assert (missing.exit_code, "visual" in missing.stderr) == (3, True)


@pytest.mark.parametrize("workers", [2, 5])
def test_any_number_of_processes_makes_the_same_map(
    scene: np.ndarray, tmp_path: Path, model: Path, workers: int
) -> None:
    options = ("-m", model, "--probabilities", "--disagreement")
    assert run(tmp_path / "whole.tif", *options, "-o", tmp_path / "one" / "map.tif").exit_code == 0
    result = run(
        *(tmp_path / "whole.tif", *options, "-o", tmp_path / "many" / "map.tif", "--block", 64, "--workers", workers)
    )
    assert result.exit_code == 0, result.output
    same(tmp_path / "one", tmp_path / "many")
    assert not (tmp_path / "many" / "map.run").exists()


def test_a_ray_cluster_makes_the_same_map(scene: np.ndarray, tmp_path: Path, model: Path) -> None:
    pytest.importorskip("ray", reason="Ray comes with the extra ray")
    assert run(tmp_path / "whole.tif", "-m", model, "-o", tmp_path / "one" / "map.tif").exit_code == 0
    result = run(
        *(tmp_path / "whole.tif", "-m", model, "-o", tmp_path / "many" / "map.tif"),
        *("--block", 64, "--executor", "ray", "--workers", 2),
    )
    assert result.exit_code == 0, result.output
    same(tmp_path / "one", tmp_path / "many")


def test_shards_share_a_run_and_merge_ends_it(scene: np.ndarray, tmp_path: Path, model: Path) -> None:
    labels = (tmp_path / "whole.tif", "-m", model, "--as-labels", "--min-confidence", 0)
    assert run(*labels, "-o", tmp_path / "one" / "map.tif").exit_code == 0
    out = tmp_path / "many" / "map.tif"
    command = (*labels, "-o", out, "--block", 100, "--executor", "shards", "--json")
    for index, (finished, left) in enumerate([(2, 2), (4, 0)]):
        result = run(*command, "--shard", f"{index}/2")
        assert result.exit_code == 0, result.output
        (told,) = json.loads(result.stdout)["runs"]
        assert (told["blocks"], told["made"], told["finished"], told["left"]) == (4, 2, finished, left)
    assert not out.exists()
    merged = CliRunner().invoke(app, ["merge", str(out.with_suffix(".run")), "-o", str(out), "--no-stac"])
    assert merged.exit_code == 0, merged.output
    same(tmp_path / "one", tmp_path / "many")
    folders = (tmp_path / "one", tmp_path / "many")
    texts = [{path.name: path.read_text() for path in folder.glob("map*.[qy]*ml")} for folder in folders]
    assert texts[0] == texts[1]
    assert "map.legend.yaml" in texts[0]


def test_what_does_not_go_together(scene: np.ndarray, tmp_path: Path, model: Path) -> None:
    image, out = tmp_path / "whole.tif", tmp_path / "map.tif"
    for options, problem in (
        (("--shard", "0/2"), "--shard is for --executor shards"),
        (("--address", "auto"), "--address is for --executor ray"),
        (("--executor", "slurm"), "executor 'slurm' is unknown"),
        (("--executor", "shards", "--shard", "2/2"), "there is no share 2 of 2"),
        (("--block", "10"), "blocks of 10 pixels are too small"),
        (("--on-error", "ignore"), "on-error 'ignore' is unknown"),
        (("--retries", "-1"), "-1 retries are not possible"),
        (("--lease", "0"), "leases of 0 s are not possible"),
        (("--measure", "least"), "measure 'least' is unknown"),
        (("--overlapping", "last"), "overlapping 'last' is unknown"),
        (("--workers", "0"), "0 workers"),
    ):
        result = run(image, "-m", model, "-o", out, *options)
        assert (result.exit_code, problem in result.stderr) == (2, True), result.output
    result = run(tmp_path / "tiles", "-m", model, "-o", tmp_path / "maps", "--run", tmp_path / "run")
    assert (result.exit_code, "3 maps do not go into one run directory" in result.stderr) == (2, True)
    assert not out.exists()


def test_memory_is_kept_within_bounds(scene: np.ndarray, tmp_path: Path, model: Path) -> None:
    image, out = tmp_path / "whole.tif", tmp_path / "map.tif"
    result = run(image, "-m", model, "-o", out, "--batch", "auto", "--max-memory", "2GB")
    assert result.exit_code == 0, result.output
    for options, problem in (
        (("--max-memory", "100KB"), "the sums of one row of windows take"),
        (("--max-memory", "lots"), "'lots' is not a size of memory"),
        (("--batch", "many"), "batch 'many' is not a number of windows"),
    ):
        result = run(image, "-m", model, "-o", tmp_path / "no.tif", *options)
        assert (result.exit_code, problem in result.stderr) == (2, True), result.output


def test_what_was_set_aside_is_forgiven_when_asked(
    scene: np.ndarray, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "map.tif"
    command = (tmp_path / "whole.tif", "-m", model, "-o", out, "--block", 100, "--retries", 0, "--executor", "shards")
    work = MapMaker.work

    def failing(self: MapMaker, block: Block, folder: Path) -> None:
        if block.name == "r00001-c00001":
            raise DataError("is damaged there", path="whole.tif")
        work(self, block, folder)

    monkeypatch.setattr(MapMaker, "work", failing)
    result = run(*command)
    assert result.exit_code == 4, result.output
    assert "3 of 4 blocks are finished" in result.stdout
    assert "set aside: r00001-c00001: whole.tif: is damaged there" in result.stdout
    assert "1 blocks were set aside, such as r00001-c00001" in result.stderr
    monkeypatch.setattr(MapMaker, "work", work)
    assert run(*command).exit_code == 4
    assert run(*command, "--forgive").exit_code == 0
    assert run(*command[:-2]).exit_code == 0
    assert out.exists()
