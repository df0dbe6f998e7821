"""Small images on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio


def fields(seed: int = 0, height: int = 60, width: int = 80, dtype: str = "uint8") -> np.ndarray:
    """Rectangles of one colour each, with a little noise, (3, H, W)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 230, (3, height // 20, width // 20))
    image = np.kron(coarse, np.ones((20, 20), int)) + rng.integers(-2, 3, (3, height, width))
    return image.astype(dtype)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return `write(name, pixels, ...)`, which writes an image and returns its path."""

    def make(name: str, pixels: np.ndarray | None = None, **options: Any) -> Path:
        pixels = fields() if pixels is None else pixels
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        profile = {
            "driver": "PNG" if path.suffix == ".png" else "GTiff",
            "count": len(pixels),
            "height": pixels.shape[1],
            "width": pixels.shape[2],
            "dtype": pixels.dtype.name,
        }
        with rasterio.open(path, "w", **{**profile, **options}) as file:
            file.write(pixels)
        return path

    return make


@pytest.fixture
def picture() -> Callable[..., np.ndarray]:
    """Return `picture(seed)`: rectangles of one colour each (3, H, W)."""
    return fields
