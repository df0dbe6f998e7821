"""Every kind of bad input that a user brings, through the real command: one clear error, and nothing half-written."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import torch
import yaml
from affine import Affine
from rasterio.warp import transform
from typer.testing import CliRunner

from landwright.bundles import Card, NetworkCard, Normalization, save_bundle
from landwright.cli.main import app
from landwright.legends import load_legend
from landwright.networks import create_network

GRID = {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)}
ELSEWHERE = {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 900_000, 0, -0.5, 5_300_000)}
RNG = np.random.default_rng(0)
SIZE = 80


def write(path: Path, array: np.ndarray, *, nodata: float | None = None, place=GRID) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {"driver": "GTiff", "count": len(array), "height": array.shape[1], "width": array.shape[2]}
    with rasterio.open(path, "w", **profile, dtype=array.dtype, nodata=nodata, **place) as file:
        file.write(array)
    return path


def picture(bands: int = 3, size: int = SIZE) -> np.ndarray:
    return RNG.integers(1, 250, (bands, size, size), dtype=np.uint8)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("model") / "bundle"
    legend = load_legend("dubai-6")
    options = {"encoder": "compact"}
    card = Card(
        name="test",
        regime="imported",
        network=NetworkCard(name="clcformer", options=options, classes=len(legend)),
        bands=("red", "green", "blue"),
        normalization=Normalization(mean=(0.5,) * 3, std=(0.5,) * 3),
        legend=legend,
    )
    save_bundle(path, card, create_network("clcformer", classes=len(legend), **options))
    return path


@pytest.fixture
def place(tmp_path, bundle, monkeypatch):
    """A folder with three good pairs, a recipe and a bundle; every test spoils one thing."""
    monkeypatch.chdir(tmp_path)
    for number in range(3):
        write(tmp_path / "images" / f"{number}.tif", picture())
        write(tmp_path / "masks" / f"{number}.tif", RNG.integers(0, 5, (1, SIZE, SIZE), dtype=np.uint8))
    recipe = {
        "regime": "masks",
        "classes": "dubai-6",
        "data": {"images": "images", "labels": "masks", "tile": 64},
        "network": {"name": "clcformer", "encoder": "compact"},
        "optim": {"steps": 1, "batch": 1},
    }
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    (tmp_path / "bundle").symlink_to(bundle)
    return tmp_path


def fails(*arguments: str, code: int, says: list[str]) -> None:
    before = sorted(path for path in Path().rglob("*"))
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    for word in says:
        assert word in result.stderr
    assert "remedy:" in result.stderr
    assert "Traceback" not in result.output
    assert sorted(path for path in Path().rglob("*")) == before, "something was left behind"


def spoil(file: str, how: str) -> None:
    path = Path(file)
    if how == "missing":
        path.unlink()
    elif how == "unreadable":
        path.write_text("this is no raster")
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:3000])
    elif how == "all nodata":
        write(path, np.zeros((3, SIZE, SIZE), np.uint8), nodata=0)
    elif how == "wrong bands":
        write(path, picture(2))
    elif how == "16 bit":
        write(path, picture().astype(np.uint16) * 200)


PREDICT = ("predict", "images/0.tif", "--model", "bundle", "-o", "map.tif")
TRAIN = ("train", "recipe.yaml", "-o", "run")


@pytest.mark.parametrize("how", ["missing", "unreadable", "truncated", "all nodata", "wrong bands", "16 bit"])
def test_images_that_cannot_be_mapped(place, how):
    spoil("images/0.tif", how)
    fails(*PREDICT, code=3, says=["images/0.tif"])


@pytest.mark.parametrize("how", ["unreadable", "truncated", "all nodata", "wrong bands"])
def test_images_that_cannot_be_trained_on(place, how):
    spoil("images/0.tif", how)
    fails(*TRAIN, code=3, says=["images/0.tif"])


def test_an_image_without_its_mask(place):
    spoil("masks/1.tif", "missing")
    fails(*TRAIN, code=3, says=["1.tif"])


def test_a_mask_of_another_place(place):
    write(Path("masks/0.tif"), np.zeros((1, SIZE, SIZE), np.uint8), place=ELSEWHERE)
    fails(*TRAIN, code=3, says=["masks/0.tif"])


def test_a_mask_of_another_size_without_georeference(place):
    for number in range(3):
        write(Path(f"images/{number}.tif"), picture(), place={})
        write(Path(f"masks/{number}.tif"), np.zeros((1, SIZE - 10, SIZE), np.uint8), place={})
    fails(*TRAIN, code=3, says=["masks/0.tif"])


def test_a_mask_with_an_unknown_code(place):
    write(Path("masks/2.tif"), np.full((1, SIZE, SIZE), 77, np.uint8))
    fails(*TRAIN, code=3, says=["masks/2.tif", "77"])


def test_a_mask_with_an_unknown_colour(place):
    write(Path("masks/2.tif"), np.full((3, SIZE, SIZE), 7, np.uint8))
    fails(*TRAIN, code=3, says=["masks/2.tif", "7"])


def test_an_empty_folder(place):
    Path("empty").mkdir()
    fails(*TRAIN, "--set", "data.images=empty", code=3, says=["empty"])
    fails("predict", "empty", "--model", "bundle", "-o", "maps", code=3, says=["empty"])


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("optim.stepz=3", ["optim.stepz", "unknown key"]),
        ("optim.steps=many", ["optim.steps"]),
        ("classes=no-such-legend", ["no-such-legend"]),
        ("network.name=clkformer", ["clkformer", "clcformer"]),
        ("network.encoder=huge", ["huge"]),
    ],
)
def test_recipes_that_do_not_fit(place, override, says):
    fails(*TRAIN, "--set", override, code=2, says=says)


def test_a_recipe_that_names_a_missing_file(place):
    fails(*TRAIN, "--set", "data.images=nowhere/*.tif", code=3, says=["nowhere"])
    fails(*TRAIN, "--set", "network.weights=nowhere.safetensors", code=3, says=["nowhere.safetensors"])


def edit_card(bundle: Path, **changes: object) -> None:
    target = Path("edited")
    target.mkdir()
    for file in bundle.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    card = yaml.safe_load((target / "card.yaml").read_text())
    (target / "card.yaml").write_text(yaml.safe_dump({**card, **changes}))


def test_a_bundle_of_a_newer_version(place, bundle):
    edit_card(bundle, format=99)
    fails("predict", "images/0.tif", "--model", "edited", "-o", "map.tif", code=3, says=["edited", "newer"])


def test_a_bundle_that_names_a_file_outside_its_folder(place, bundle):
    edit_card(bundle, weights="../model.safetensors")
    fails("predict", "images/0.tif", "--model", "edited", "-o", "map.tif", code=3, says=["edited", "outside"])


class Evil:
    def __reduce__(self):
        return (Path.touch, (Path("executed"),))


def test_a_pickle_with_code_is_refused_and_not_run(place):
    Path("evil.pth").write_bytes(pickle.dumps(Evil()))
    torch.save({"state_dict": Evil()}, "evil2.pth")
    for name in ("evil.pth", "evil2.pth"):
        fails("models", "import", name, "--as", "clcformer", "--set", "classes=1", "-o", "new", code=3, says=[name])
        fails("predict", "images/0.tif", "--model", name, "-o", "map.tif", code=2, says=[name, "code"])
    assert not Path("executed").exists()


def test_not_a_number_in_the_image_is_nodata_in_the_map(place, bundle):
    """NaN and infinity are no error: they are places about which nothing is known."""
    edit_card(bundle, normalization={"divide": 1.0, "mean": [0.5] * 3, "std": [0.5] * 3})
    image = RNG.random((3, SIZE, SIZE), dtype=np.float32)
    image[0, :10, :10], image[1, 20:30, 20:30] = np.nan, np.inf
    write(Path("float.tif"), image)
    result = CliRunner().invoke(app, ["predict", "float.tif", "--model", "edited", "-o", "map.tif"])
    assert result.exit_code == 0, result.output
    with rasterio.open("map.tif") as file:
        known = file.read_masks(1) > 0
    assert not known[:10, :10].any()
    assert not known[20:30, 20:30].any()
    assert known.sum() == SIZE * SIZE - 200
    assert "warning: float.tif: 200 pixels are NaN or infinite in a band and became nodata" in result.stderr
    write(Path("declared.tif"), np.where(np.isinf(image), 0, image), nodata=np.nan)
    result = CliRunner().invoke(app, ["predict", "declared.tif", "--model", "edited", "-o", "declared_map.tif"])
    assert result.exit_code == 0, result.output
    assert "NaN" not in result.stderr


def test_an_image_of_nothing_but_nan(place, bundle):
    edit_card(bundle, normalization={"divide": 1.0, "mean": [0.5] * 3, "std": [0.5] * 3})
    write(Path("empty.tif"), np.full((3, SIZE, SIZE), np.nan, np.float32))
    fails("predict", "empty.tif", "--model", "edited", "-o", "map.tif", code=3, says=["empty.tif", "NaN"])


def full(*arguments: object, **options: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_map_that_does_not_fit_on_the_disk(place, monkeypatch):
    def no_room(*arguments: object, **options: object) -> None:
        raise rasterio.errors.RasterioIOError("Write failed")  # all that GDAL says

    with monkeypatch.context() as patch:
        patch.setattr(rasterio.shutil, "copy", no_room)
        patch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 0))
        fails(*PREDICT, code=3, says=["map.tif", "disk is full", "Free space"])
    monkeypatch.setattr(Path, "write_text", full)  # the styles, after the rasters
    fails(*PREDICT, code=3, says=["map.qml", "disk is full", "Free space"])


def test_a_run_that_does_not_fit_on_the_disk(place, monkeypatch):
    monkeypatch.setattr(Path, "write_bytes", full)
    fails(*TRAIN, code=3, says=["run", "disk is full", "Free space"])


def test_two_runs_into_one_folder(place):
    Path("run").mkdir()
    Path("run/recipe.yaml").write_text("regime: masks")
    fails(*TRAIN, code=2, says=["run", "--resume"])


def test_a_recipe_that_leads_out_of_its_folder(place):
    recipe = Path("recipe.yaml")
    recipe.write_text(recipe.read_text().replace("images: images", "images: ../images"))
    fails(*TRAIN, code=2, says=["recipe.yaml", "line", "../images"])


def product(size: float = 10, *, codes: list[int] | None = None, place: dict | None = None, cells: int = 12) -> None:
    """Write a land-cover product whose cells of ``size`` metres lie askew on the images, in another system."""
    if place is None:
        x, y = transform(GRID["crs"], "EPSG:3035", [500_020], [5_299_980])  # the middle of the images
        corner = (x[0] - size * cells / 2 + size / 3, y[0] + size * cells / 2)
        place = {"crs": "EPSG:3035", "transform": Affine(size, 0, corner[0], 0, -size, corner[1])}
    values = np.resize(np.array(codes or [41, 21, 82, 11, 22], np.uint8), (1, cells, cells))
    write(Path("product.tif"), values, place=place)


@pytest.fixture
def coarse(place):
    """The good images with a land-cover product of another grid and system; every test spoils the product."""
    recipe = yaml.safe_load(Path("recipe.yaml").read_text())
    recipe |= {"regime": "coarse", "classes": "chesapeake-4", "validate": {"keep": "last"}}
    recipe["data"] |= {"labels": "product.tif", "crosswalk": "nlcd-to-chesapeake-4", "tile": 64}
    Path("recipe.yaml").write_text(yaml.safe_dump(recipe))
    product()


def inspected(*options: str) -> str:
    result = CliRunner().invoke(
        app,
        ["inspect", "images/0.tif", "--labels", "product.tif", "--legend", "nlcd", *options],
        env={"COLUMNS": "200"},
    )
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.slow
def test_a_product_of_another_grid_is_warped(coarse):
    result = CliRunner().invoke(app, list(TRAIN))
    assert result.exit_code == 0, result.output
    shown = inspected()
    assert "on another grid, warped" in shown
    assert "note on the labels" not in shown


@pytest.mark.slow
def test_a_product_that_covers_a_part_of_the_images(coarse):
    product(place={"crs": GRID["crs"], "transform": Affine(10, 0, 500_000, 0, -10, 5_300_100)})  # 20 of 40 m
    assert "covers 50.0% of the image; the rest is ignored" in inspected()
    result = CliRunner().invoke(app, list(TRAIN))
    assert result.exit_code == 0, result.output


def test_a_product_of_another_place(coarse):
    product(place=ELSEWHERE)
    fails(*TRAIN, code=3, says=["product.tif", "does not overlap the image images/"])
    fails("inspect", "images/0.tif", "--labels", "product.tif", code=3, says=["product.tif", "does not overlap"])


def test_a_product_with_codes_that_its_legend_does_not_have(coarse):
    product(codes=[41, 128, 255, 21])
    fails(*TRAIN, code=3, says=["product.tif", "legend nlcd does not have", "128 (", "255 (", "Choose the legend"])
    assert "not in the legend" in inspected()


def test_a_product_of_one_class(coarse):
    product(codes=[41])
    fails(*TRAIN, code=3, says=["product.tif", "is all deciduous forest", "every other label of the training part"])


def test_masks_of_one_class(place):
    for number in range(3):
        write(Path(f"masks/{number}.tif"), np.ones((1, SIZE, SIZE), np.uint8))
    fails(*TRAIN, code=3, says=["masks/", "there is nothing to tell apart"])


def test_a_product_coarser_than_every_image(coarse):
    product(300, cells=5)
    assert "only 0.1" in inspected() and "they give it hardly any shape" in inspected()
    fails(*TRAIN, code=3, says=["product.tif", "is too coarse", "images/", "gdalbuildvrt"])


def test_a_crosswalk_that_leaves_a_code_without_a_target(coarse):
    rules = {code: 1 for code in load_legend("nlcd").codes if code != 82}
    walk = {"name": "walk", "source": "nlcd", "target": "chesapeake-4", "rules": rules}
    Path("walk.yaml").write_text(yaml.safe_dump(walk))
    fails(*TRAIN, "--set", "data.crosswalk=walk.yaml", code=3, says=["walk.yaml", "no rule for codes [82]"])


def test_a_choice_that_leaves_no_image(place):
    layout = ["--set", "data={layout: chesapeake-nlcd, root: set, where: {@}}"]
    folder = Path("set/ny_1m_2013_extended-debuffered-train_tiles")
    folder.mkdir(parents=True)
    for layer in ("naip-new", "nlcd"):
        (folder / f"m_1_{layer}.tif").touch()
    for where, code, says in (("state: md", 3, "state (ny)"), ("city: x", 2, "They tell state, year, part, tile")):
        fails(*TRAIN, layout[0], layout[1].replace("@", where), code=code, says=[says])
