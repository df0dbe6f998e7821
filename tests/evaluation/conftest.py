"""A model that reads the class of every pixel from its first band, and scenes for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from affine import Affine
from torch import Tensor, nn

from landwright.bundles import Bundle, Card, NetworkCard, Normalization, TilingCard, save_bundle
from landwright.data import Scene
from landwright.legends import Legend, LegendClass
from landwright.networks import Outputs, register, registry
from landwright.rasters import write_cog

LEGEND = Legend(
    name="three",
    classes=tuple(LegendClass(code=i, name=f"class {i}", colour=(i, 90, 90)) for i in range(3)),
)
CARD = Card(
    name="nearest",
    regime="imported",
    network=NetworkCard(name="nearest", classes=3),
    bands=("index",),
    normalization=Normalization(divide=1.0, mean=(0.0,), std=(1.0,)),
    legend=LEGEND,
    tiling=TilingCard(tile=32),
)


class Nearest(nn.Module):
    """The class whose index is nearest to the first band."""

    def __init__(self, classes: int = 3, bands: int = 1) -> None:
        super().__init__()
        self.indices = nn.Parameter(torch.arange(classes, dtype=torch.float32)[:, None, None])

    def forward(self, image: Tensor) -> Outputs:
        return Outputs(-50.0 * (image[:, :1] - self.indices).abs())


def save(path: Path, values: np.ndarray, *, nodata: int | None = None) -> Path:
    """Write a georeferenced raster of 0.5 m pixels."""
    place = Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)
    write_cog(path, values.astype(np.uint8), crs="EPSG:32632", transform=place, nodata=nodata)
    return path


@pytest.fixture
def save_codes() -> Callable[[Path, list[list[int]]], Path]:
    """Write a small raster of codes."""
    return lambda path, codes: save(path, np.array(codes))


@pytest.fixture
def bundle() -> Bundle:
    """The model, in memory."""
    return Bundle(CARD, Nearest().eval())


@pytest.fixture
def scenes(tmp_path: Path) -> list[Scene]:
    """Three scenes; what the model sees in their images is right for about 80 % of the pixels."""
    found = []
    for seed in range(3):
        random = np.random.default_rng(seed)
        reference = random.integers(0, 3, (40, 50))
        seen = np.where(random.random(reference.shape) < 0.8, reference, random.integers(0, 3, reference.shape))
        image = save(tmp_path / "images" / f"s{seed}.tif", seen)
        found.append(Scene(f"s{seed}", image, save(tmp_path / "labels" / f"s{seed}.tif", reference)))
    return found


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run folder with curves and a bundle of a network that exists for one test."""
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    register("nearest", description="test")(Nearest)
    folder = tmp_path / "run"
    save_bundle(folder / "bundle", CARD, Nearest())
    (folder / "logs").mkdir()
    (folder / "logs" / "metrics.csv").write_text(
        "epoch,step,lr,train/loss,val/miou\n0,0,0.1,2.0,\n0,5,0.1,1.0,\n0,9,,,0.4\n0,5,,nan,\n"
    )
    return folder
