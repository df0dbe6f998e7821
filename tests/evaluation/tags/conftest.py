"""A model that reads classes and tags from its first band, and scenes of squares for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from affine import Affine
from torch import Tensor, nn

from landwright.bundles import Bundle, Card, NetworkCard, Normalization, TilingCard
from landwright.data import Scene
from landwright.legends import Legend, LegendClass
from landwright.networks import Outputs, register, registry
from landwright.rasters import write_cog

NAMES = ("background", "pool", "roof", "tree")
LEGEND = Legend(
    name="garden",
    classes=tuple(LegendClass(code=10 + i, name=name, colour=(60 * i, 90, 90)) for i, name in enumerate(NAMES)),
)
SIDE = 48


class Reader(nn.Module):
    """Activation of a class falls with the distance of the first band from its index."""

    def __init__(self, classes: int = 4, bands: int = 1, *, background: bool = True) -> None:
        super().__init__()
        self.background = background
        self.tagged = classes - background
        self.layout = SimpleNamespace(stride=1)
        self.indices = nn.Parameter(torch.arange(classes, dtype=torch.float32)[:, None, None])

    def cams(self, image: Tensor) -> tuple[Tensor, Tensor]:
        cam = 1 - (image[:, :1] - self.indices[int(self.background) :]).abs()
        return cam, cam

    def forward(self, image: Tensor) -> Outputs:
        cam, _ = self.cams(image)
        return Outputs(-50.0 * (image[:, :1] - self.indices).abs(), tags=(cam.amax((2, 3)), cam.amax((2, 3))))


@pytest.fixture
def make_bundle(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Bundle]:
    """Make the model, registered for one test."""
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    register("reader", description="test", stride=8, tags=True, options={"background": "true or false"})(Reader)

    def make(*, background: bool = True, tile: int = 32) -> Bundle:
        card = Card(
            name="reader",
            regime="tags",
            network=NetworkCard(name="reader", classes=4, options={"background": background}),
            bands=("index",),
            normalization=Normalization(divide=4.0, mean=(0.0,), std=(0.25,)),
            legend=LEGEND,
            tiling=TilingCard(tile=tile),
        )
        return Bundle(card, Reader(background=background).eval())

    return make


@pytest.fixture
def save() -> Callable[[Path, np.ndarray], Path]:
    """Write a georeferenced raster of 0.5 m pixels."""

    def save(path: Path, values: np.ndarray) -> Path:
        place = Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)
        write_cog(path, values, crs="EPSG:32632", transform=place)
        return path

    return save


@pytest.fixture
def scenes(tmp_path: Path, save: Callable[[Path, np.ndarray], Path]) -> list[Scene]:
    """Three scenes of squares of 12 pixels with up to two classes besides the background, seen with some noise."""
    found = []
    for seed, held in enumerate(([1, 2], [2, 3], [1])):
        random = np.random.default_rng(seed)
        squares = random.choice([0, *held], (SIDE // 12, SIDE // 12))
        squares.flat[: len(held)] = held
        reference = np.kron(squares, np.ones((12, 12))).astype(np.uint8)
        image = save(
            tmp_path / "images" / f"s{seed}.tif",
            (reference + random.normal(0, 0.1, reference.shape)).astype(np.float32),
        )
        found.append(Scene(f"s{seed}", image, save(tmp_path / "labels" / f"s{seed}.tif", reference + np.uint8(10))))
    return found
