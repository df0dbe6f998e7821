"""Readers, sinks, networks and bundles that the engine's tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from landwright.bundles import Bundle, Card, NetworkCard, Normalization, TilingCard
from landwright.bundles.words import words_bundle
from landwright.legends import Legend, LegendClass
from landwright.legends.vocabulary import parse_words
from landwright.networks import Outputs
from landwright.networks.clip.towers import build_clip
from landwright.rasters import Window

UTM = "EPSG:32632"
PLACE = Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)


class ArrayReader:
    """An image in memory; remembers what was read."""

    def __init__(self, pixels: NDArray[Any], valid: NDArray[np.bool_] | None = None) -> None:
        self.pixels = pixels
        self.valid = np.ones(pixels.shape[1:], bool) if valid is None else valid
        self.windows: list[Window] = []

    @property
    def shape(self) -> tuple[int, int]:
        return self.pixels.shape[1], self.pixels.shape[2]

    def read_with_valid(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        self.windows.append(window)
        row, col, height, width = window
        part = (slice(row, row + height), slice(col, col + width))
        return self.pixels[:, *part].copy(), self.valid[part].copy()


class ArraySink:
    """Rows put together again."""

    def __init__(self, channels: int, height: int, width: int) -> None:
        self.scores = np.full((channels, height, width), np.nan, np.float32)
        self.valid = np.zeros((height, width), bool)
        self.next = 0

    def write(self, row: int, scores: Tensor, valid: NDArray[np.bool_]) -> None:
        assert row == self.next, "rows come in order, each once"
        self.next = row + scores.shape[1]
        self.scores[:, row : self.next] = scores.numpy()
        self.valid[row : self.next] = valid


class Identity:
    """Scores are the pixels themselves."""

    device = torch.device("cpu")

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, pixels: NDArray[Any], valid: NDArray[np.bool_]) -> Tensor:
        self.shapes.append(pixels.shape)
        return torch.from_numpy(pixels.astype(np.float32))


class Nearest(nn.Module):
    """The class whose index is nearest to the first band, which makes a map of an image of indices."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.indices = nn.Parameter(torch.arange(classes, dtype=torch.float32)[:, None, None])

    def forward(self, image: Tensor) -> Outputs:
        return Outputs(-50.0 * (image[:, :1] - self.indices).abs())


@pytest.fixture(scope="session")
def reader() -> type[ArrayReader]:
    return ArrayReader


@pytest.fixture(scope="session")
def sink() -> type[ArraySink]:
    return ArraySink


@pytest.fixture(scope="session")
def identity() -> type[Identity]:
    return Identity


@pytest.fixture
def legend() -> Legend:
    colours = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (90, 90, 90)]
    names = ["roof", "grass & trees", "water", "<other>"]
    return Legend(
        name="four",
        classes=tuple(
            LegendClass(code=10 + i, name=name, colour=colour)
            for i, (name, colour) in enumerate(zip(names, colours, strict=True))
        ),
    )


@pytest.fixture
def bundle(legend: Legend) -> Bundle:
    """Maps an image of class indices to itself."""
    card = Card(
        name="nearest",
        regime="imported",
        network=NetworkCard(name="nearest", classes=4),
        bands=("index",),
        normalization=Normalization(divide=1.0, mean=(0.0,), std=(1.0,)),
        legend=legend,
        tiling=TilingCard(tile=64),
        weights_sha256="ab" * 32,
        recipe_hash="cd" * 32,
    )
    return Bundle(card, Nearest(4).eval())


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write an array (C, H, W) as a GeoTIFF."""

    def write(pixels: NDArray[Any], name: str = "image.tif", **profile: Any) -> Path:
        path = tmp_path / name
        count, height, width = pixels.shape
        settings = {"driver": "GTiff", "crs": UTM, "transform": PLACE} | profile
        with rasterio.open(path, "w", count=count, height=height, width=width, dtype=pixels.dtype, **settings) as file:
            file.write(pixels)
        return path

    return write


VOCABULARY = "building, roof; road; tree, forest; water; background"


@pytest.fixture(scope="session")
def clip_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small dual encoder with random weights, as its authors would publish it."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save_file({name: tensor.clone() for name, tensor in build_clip("compact").state_dict().items()}, path)
    return path


Looking = Callable[..., Bundle]


@pytest.fixture
def looking(clip_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Looking:
    """Make a bundle that looks for words, by a preset."""
    monkeypatch.setenv("LANDWRIGHT_FEATURES", str(tmp_path / "features"))

    def looking(preset: str = "landwright", words: str = VOCABULARY, **settings: Any) -> Bundle:
        return words_bundle(
            "own",
            clip_file,
            parse_words(words),
            templates="single",
            preset=preset,
            settings={"activation": "gelu", **settings},
        )

    return looking


@pytest.fixture(scope="session")
def ground() -> Callable[..., NDArray[np.uint8]]:
    """Make an image (3, H, W) of coloured fields with noise."""

    def ground(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
        rng = np.random.default_rng(seed)
        fields = rng.integers(0, 256, (3, height // 30 + 1, width // 30 + 1)).repeat(30, 1).repeat(30, 2)
        noise = rng.normal(0, 20, (3, height, width))
        return np.clip(fields[:, :height, :width] + noise, 0, 255).astype(np.uint8)

    return ground
