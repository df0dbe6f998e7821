"""Bad input to the regime `synthetic`, to height maps and to pairs of dates, through the real command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
import yaml
from affine import Affine
from typer.testing import CliRunner

from landwright.bundles import Card, NetworkCard, Normalization, save_bundle
from landwright.cli.main import app
from landwright.legends import load_legend
from landwright.networks import create_network

RNG = np.random.default_rng(0)
SIZE = 64
OPTIONS = {"encoder": "compact", "features": 8, "out_channels": [8, 8, 8, 8]}


def write(path: Path, array: np.ndarray, *, east: float = 500_000.0, gsd: float = 0.5) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {"driver": "GTiff", "count": len(array), "height": array.shape[1], "width": array.shape[2]}
    grid = {"crs": "EPSG:32632", "transform": Affine(gsd, 0, east, 0, -gsd, 5_300_000)}
    with rasterio.open(path, "w", **profile, dtype=array.dtype, **grid) as file:
        file.write(array)


def picture() -> np.ndarray:
    return RNG.integers(1, 250, (3, SIZE, SIZE), dtype=np.uint8)


def save(path: Path, name: str, legend: str, bands: int, **card: object) -> None:
    classes = load_legend(legend)
    made = Card(
        name="test",
        regime="imported",
        network=NetworkCard(name=name, options=OPTIONS, classes=len(classes)),
        bands=tuple(f"band {number}" for number in range(bands)),
        normalization=Normalization(mean=(0.5,) * bands, std=(0.5,) * bands),
        legend=classes,
        **card,
    )
    save_bundle(path, made, create_network(name, classes=len(classes), bands=bands, **OPTIONS))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of classes and heights, and one of change."""
    root = tmp_path_factory.mktemp("models")
    save(root / "heights", "rs3dada", "building", 3, outputs=("classes", "height"), gsd=(0.05, 1.0))
    save(root / "change", "change", "building-change", 6, dates=2)
    return root


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three scenes with masks and heights, two real images, and a recipe; every test spoils one thing."""
    monkeypatch.chdir(tmp_path)
    for number in range(3):
        mask = RNG.integers(0, 2, (1, SIZE, SIZE), dtype=np.uint8)
        write(tmp_path / f"images/{number}.tif", picture())
        write(tmp_path / f"masks/{number}.tif", mask)
        write(tmp_path / f"heights/{number}.tif", (mask * 5).astype(np.float32))
    for name in ("a", "b"):
        write(tmp_path / f"real/{name}.tif", picture())
    recipe = {
        "regime": "synthetic",
        "classes": "building",
        "data": {"images": "images", "labels": "masks", "heights": "heights", "tile": 64, "split": {"val": 0.34}},
        "target": {"images": "real"},
        "synthetic": {"raised": ["building"]},
        "network": {"name": "rs3dada", **OPTIONS},
        "optim": {"steps": 1, "batch": 1},
    }
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    return tmp_path


TRAIN = ("train", "recipe.yaml", "-o", "run")


def fails(*arguments: str, code: int, says: list[str]) -> None:
    before = sorted(Path().rglob("*"))
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    for word in (*says, "remedy:"):
        assert word in result.stderr
    assert "Traceback" not in result.output
    assert sorted(Path().rglob("*")) == before, "something was left behind"


def heights(values: np.ndarray) -> None:
    for number in range(3):
        write(Path(f"heights/{number}.tif"), values.astype(np.float32)[None])


@pytest.mark.parametrize(
    ("strange", "note"),
    [
        (np.nan, "unknown"),
        (800.0, "450"),
        (-3.0, "below 0 m"),
        (70.0, "feet"),
    ],
)
def test_strange_heights_are_told_and_learnt_from_as_far_as_they_go(place: Path, strange: float, note: str) -> None:
    values = np.where(np.arange(SIZE) < SIZE / 2, strange, 4.0 if strange != 70 else 60.0)
    heights(np.tile(values, (SIZE, 1)))
    result = CliRunner().invoke(app, list(TRAIN))
    assert result.exit_code == 0, result.output
    assert note in result.output + result.stderr


@pytest.mark.slow
def test_a_training_tells_the_error_of_heights(place: Path) -> None:
    result = CliRunner().invoke(app, list(TRAIN))
    assert "heights: mean error" in result.output
    alone = CliRunner().invoke(app, [*TRAIN[:-1], "alone", "--set", "network.heads=height"])
    assert "heights: mean error" in alone.output
    assert "IoU per class" not in alone.output


def test_heights_that_are_all_unknown(place: Path) -> None:
    heights(np.full((SIZE, SIZE), np.nan))
    fails(*TRAIN, code=3, says=["heights/"])


def test_heights_of_another_place(place: Path) -> None:
    write(Path("heights/0.tif"), np.zeros((1, SIZE, SIZE), np.float32), east=900_000)
    fails(*TRAIN, code=3, says=["heights/0.tif"])


def test_a_source_without_heights(place: Path) -> None:
    fails(*TRAIN, "--set", "data.heights=null", code=3, says=["has no heights", "network.heads"])


def test_target_images_that_are_kept_for_scoring(place: Path) -> None:
    fails(*TRAIN, "--set", "target.exclude=real/b.tif", code=3, says=["b", "target.exclude"])
    allowed = ("--set", "target.exclude=real/b.tif", "--set", "target.allow=[b]")
    assert CliRunner().invoke(app, [*TRAIN, *allowed]).exit_code == 0


def test_target_images_smaller_than_a_tile_are_filled(place: Path) -> None:
    write(Path("real/a.tif"), picture()[:, :20, :20])
    assert CliRunner().invoke(app, list(TRAIN)).exit_code == 0


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (picture().astype(np.float32) / 255, "0 to 255"),
        (picture().astype(np.uint16) * 200, "16"),
    ],
)
def test_images_on_another_scale(place: Path, models: Path, array: np.ndarray, word: str) -> None:
    write(Path("scaled.tif"), array)
    fails("predict", "scaled.tif", "-m", str(models / "heights"), "-o", "map.tif", code=3, says=["scaled.tif", word])


def test_a_coarse_image_warns(place: Path, models: Path) -> None:
    write(Path("coarse.tif"), picture(), gsd=10.0)
    result = CliRunner().invoke(app, ["predict", "coarse.tif", "-m", str(models / "heights"), "-o", "map.tif"])
    assert result.exit_code == 0, result.output
    assert "a pixel is 10 m on the ground; the model was trained for 0.05 to 1 m" in result.output + result.stderr


def test_the_published_tiling_of_a_small_image(place: Path, models: Path) -> None:
    options = ("--blend", "rs3dada", "--tile", "128", "--overlap", "0.5")
    small = ("predict", "images/0.tif", "-m", str(models / "heights"), "-o", "map.tif", *options)
    fails(*small, code=3, says=["images/0.tif"])


def two_dates(models: Path, before: str) -> tuple[str, ...]:
    return ("predict", "--before", before, "--after", "real/a.tif", "-m", str(models / "change"), "-o", "map.tif")


def test_dates_within_half_a_pixel_are_aligned(place: Path, models: Path) -> None:
    write(Path("earlier.tif"), picture(), east=500_000.2)
    assert CliRunner().invoke(app, list(two_dates(models, "earlier.tif"))).exit_code == 0
    assert Path("map.tif").is_file()


@pytest.mark.parametrize("change", [{"east": 500_000.4}, {"gsd": 0.6}])
def test_dates_of_different_grids(place: Path, models: Path, change: dict[str, float]) -> None:
    write(Path("earlier.tif"), picture(), **change)
    fails(*two_dates(models, "earlier.tif"), code=3, says=["earlier.tif", "real/a.tif"])


def test_dates_need_one_another(place: Path, models: Path) -> None:
    fails(*two_dates(models, "earlier.tif"), "real/b.tif", code=2, says=["real/b.tif"])
    fails("predict", "real/a.tif", "-m", str(models / "change"), "-o", "map.tif", code=3, says=["--before"])
