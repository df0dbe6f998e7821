"""A tiny network, and tiny scenes and recipes made on the fly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from torch import Tensor, nn

from landwright.networks import Outputs, list_networks, register
from landwright.recipe import Recipe

TINY = "test-tiny"
COMPACT = {"name": "rs3dada", "encoder": "compact", "features": 8, "out_channels": [8, 8, 8, 8]}


class Tiny(nn.Module):
    """Everything that a resumed run could get wrong: batch statistics, dropout, weights."""

    def __init__(self, classes: int, bands: int = 3) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(bands, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Dropout2d(0.3),
            nn.Conv2d(8, classes, 1),
        )

    def forward(self, image: Tensor) -> Outputs:
        return Outputs(classes=self.layers(image))


if TINY not in list_networks():
    register(TINY, description="for tests", min_tile=16, normalization="half")(Tiny)


def write_scenes(root: Path, *, count: int = 3, size: int = 64, dtype: str = "uint8", bands: int = 3) -> Path:
    """Write pairs whose brightness tells the class, at 0.5 m."""
    rng = np.random.default_rng(7)
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    for number in range(count):
        blocks = rng.integers(0, 2, (size // 16, size // 16))
        mask = np.kron(blocks, np.ones((16, 16), int)).astype(np.uint8)
        image = np.clip(mask * 110 + rng.integers(0, 90, (bands, size, size)), 0, 255).astype(dtype)
        for folder, array in (("images", image), ("masks", mask[None])):
            with rasterio.open(
                root / folder / f"scene{number}.tif",
                "w",
                driver="GTiff",
                count=len(array),
                height=size,
                width=size,
                dtype=array.dtype,
                crs="EPSG:32632",
                transform=Affine(0.5, 0, 500000 + 1000 * number, 0, -0.5, 5000000),
            ) as target:
                target.write(array)
    return root


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """Folder with ``images`` and ``masks``."""
    return write_scenes(tmp_path / "data")


@pytest.fixture
def wide_scenes(tmp_path: Path) -> Path:
    """The same with images of 128 pixels."""
    return write_scenes(tmp_path / "wide", size=128)


@pytest.fixture
def make_recipe(scenes: Path) -> Callable[..., Recipe]:
    """Return a recipe of six steps with the tiny network; sections can be changed."""

    def make(**sections: dict[str, Any]) -> Recipe:
        document: dict[str, Any] = {
            "regime": "masks",
            "classes": "building",
            "data": {
                "images": str(scenes / "images"),
                "labels": str(scenes / "masks"),
                "tile": 32,
                "split": {"val": 0.34},
            },
            "network": {"name": TINY},
            "loss": {},
            "normalize": {},
            "optim": {"steps": 6, "batch": 2, "lr": 1e-2},
            "validate": {"every": 2, "tiles": 4},
        }
        for name, changes in sections.items():
            document[name] = {**document.get(name, {}), **changes} if isinstance(changes, dict) else changes
        return Recipe.model_validate(document)

    return make


@pytest.fixture
def domains(scenes: Path) -> Path:
    """Heights for the scenes (5 m where the mask is 1), and real images: darker ones, without labels."""
    for folder in ("heights", "real"):
        (scenes / folder).mkdir()
    for path in sorted((scenes / "masks").glob("*.tif")):
        with rasterio.open(path) as source:
            mask, profile = source.read(1), source.profile
        with rasterio.open(scenes / "heights" / path.name, "w", **{**profile, "dtype": "float32"}) as target:
            target.write((mask * 5).astype(np.float32), 1)
        profile.update(count=3, transform=Affine(0.8, 0, 900000, 0, -0.8, 5000000))
        with rasterio.open(scenes / "real" / f"real_{path.name}", "w", **profile) as target:
            target.write(np.stack([mask * 60 + 20] * 3).astype(np.uint8))
    return scenes


@pytest.fixture
def make_synthetic(make_recipe: Callable[..., Recipe], domains: Path) -> Callable[..., Recipe]:
    """Return a recipe that adapts to the real images; ``target=None`` leaves them out."""

    def make(**sections: Any) -> Recipe:
        base: dict[str, Any] = {
            "regime": "synthetic",
            "network": COMPACT,
            "target": {"images": str(domains / "real")},
            "synthetic": {"raised": ["building"]},
        }
        data = {"heights": str(domains / "heights"), "tile": 64, **sections.pop("data", {})}
        return make_recipe(**{**base, **sections, "data": data})

    return make


@pytest.fixture
def write_tagged() -> Callable[..., Path]:
    """Return a function that writes six images with masks and tags; each second one is without buildings."""

    def write(root: Path, *, size: int = 32, dtype: str = "uint8") -> Path:
        write_scenes(root, count=6, size=size, dtype=dtype)
        lines = ["image,tags"]
        for number in range(6):
            path = root / "masks" / f"scene{number}.tif"
            with rasterio.open(path, "r+") as mask:
                pixels = mask.read(1)
                pixels[: size // 2] = number % 2 == 0
                mask.write(pixels if number % 2 == 0 else pixels * 0, 1)
            lines.append(f"images/scene{number}.tif,{'' if number % 2 else 'building'}")
        (root / "tags.csv").write_text("\n".join(lines) + "\n")
        return root

    return write
