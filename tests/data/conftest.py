"""Small scenes made on the fly."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning

from landwright.legends import Legend, LegendClass

Write = Callable[..., Path]


@pytest.fixture(scope="session")
def legend() -> Legend:
    """Three classes with codes 0, 1 and 2."""
    colours = [(10, 10, 10), (200, 0, 0), (0, 0, 200)]
    classes = tuple(LegendClass(code=code, name=f"class {code}", colour=colour) for code, colour in enumerate(colours))
    return Legend(name="three", classes=classes)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a raster below tmp_path; with ``origin`` it is georeferenced at 1 m."""

    def write_raster(
        name: str, array: np.ndarray[Any, Any], *, origin: tuple[float, float] | None = None, **profile: Any
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        array = array[None] if array.ndim == 2 else array
        if origin is not None:
            profile |= {"crs": CRS.from_epsg(32632), "transform": Affine(1, 0, origin[0], 0, -1, origin[1])}
        driver = {".png": "PNG", ".jpg": "JPEG"}.get(path.suffix, "GTiff")
        count, height, width = array.shape
        size = {"count": count, "height": height, "width": width, "dtype": array.dtype}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path, "w", driver=driver, **size, **profile) as target:
                target.write(array)
        return path

    return write_raster


@pytest.fixture
def coordinates(write: Write) -> Callable[..., tuple[Path, Path]]:
    """Write a pair whose bands hold number, row and column of every pixel, and a mask of three vertical stripes."""

    def write_pair(name: str, number: int, height: int, width: int, **profile: Any) -> tuple[Path, Path]:
        rows, cols = np.mgrid[:height, :width].astype(np.uint16)
        image = np.stack([np.full_like(rows, number), rows, cols])
        mask = (cols * 3 // width).astype(np.uint8)
        return write(f"img/{name}.tif", image, **profile), write(f"mask/{name}.tif", mask)

    return write_pair
