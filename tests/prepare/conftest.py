"""Label rasters made on the fly."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

from landwright.legends import Legend

PLACE = Affine(10.0, 0.0, 500000.0, 0.0, -10.0, 5000000.0)


@pytest.fixture
def make_labels(tmp_path: Path) -> Callable[..., Path]:
    """Return `make(name, codes, ...)`, which writes codes on a 10 m UTM grid."""

    def make(name: str, codes: Any, **options: Any) -> Path:
        array = np.asarray(codes, np.uint8)
        path = tmp_path / name
        palette = options.pop("palette", None)
        profile = {"driver": "GTiff", "count": 1, "height": array.shape[0], "width": array.shape[1], "dtype": "uint8"}
        with rasterio.open(path, "w", **{**profile, "crs": "EPSG:32631", "transform": PLACE, **options}) as file:
            file.write(array, 1)
            if palette:
                file.write_colormap(1, palette)
        return path

    return make


@pytest.fixture
def three() -> Legend:
    """Classes 1, 2 and 5; nodata 0."""
    classes = [{"code": code, "name": f"class {code}", "colour": [code, 9, 9]} for code in (1, 2, 5)]
    return Legend.model_validate({"name": "three", "nodata": 0, "classes": classes})


@pytest.fixture
def make_heights(tmp_path: Path) -> Callable[..., Path]:
    """Return `make(name, metres, ...)`, which writes float32 heights on a 1 m UTM grid, nodata -9999."""

    def make(name: str, metres: Any, *, unit: str | None = None, **options: Any) -> Path:
        array = np.asarray(metres, np.float32)
        path = tmp_path / name
        profile = {
            "driver": "GTiff",
            "count": 1,
            "height": array.shape[0],
            "width": array.shape[1],
            "dtype": "float32",
            "crs": "EPSG:32631",
            "transform": Affine(1.0, 0.0, 500000.0, 0.0, -1.0, 5000000.0),
            "nodata": -9999.0,
        }
        with rasterio.open(path, "w", **{**profile, **options}) as file:
            file.write(np.where(np.isnan(array), -9999, array).astype(file.dtypes[0]), 1)
            if unit:
                file.set_band_unit(1, unit)
        return path

    return make


@pytest.fixture
def town() -> tuple[np.ndarray, np.ndarray]:
    """A slope of 200 x 180 m with six houses and a tree: its surface, and the heights above ground."""
    rows, columns = np.mgrid[:200, :180].astype(np.float32)
    above = np.zeros_like(rows)
    for number, (row, col) in enumerate((r, c) for r in (30, 110) for c in (20, 70, 130)):
        above[row : row + 15, col : col + 12 + number] = 4 + number
    above[(rows - 90) ** 2 + (columns - 60) ** 2 < 16] = 9
    return (100 + 0.03 * rows + 0.02 * columns + above).astype(np.float32), above


@pytest.fixture
def make_isprs(tmp_path: Path, town: tuple[np.ndarray, np.ndarray]) -> Callable[..., Path]:
    """Return `make(name, ids, ...)`, which writes tiles of 120 x 100 px by the publisher's names, without a CRS."""
    names = {
        "potsdam": (
            "2_Ortho_RGB/top_potsdam_{}_RGB.tif",
            "1_DSM/dsm_potsdam_{}.tif",
            "5_Labels_all/top_potsdam_{}_label.tif",
        ),
        "vaihingen": (
            "top/top_mosaic_09cm_area{}.tif",
            "dsm/dsm_09cm_matching_area{}.tif",
            "gts_for_participants/top_mosaic_09cm_area{}.tif",
        ),
    }
    palette = np.array([[255, 255, 255], [0, 0, 255], [0, 255, 255], [0, 255, 0], [255, 255, 0], [255, 0, 0]], np.uint8)

    def write(path: Path, array: np.ndarray, **options: Any) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        bands = array.reshape(-1, *array.shape[-2:])
        profile = {"driver": "GTiff", "count": len(bands), "height": bands.shape[1], "width": bands.shape[2]}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(
                path, "w", **profile, dtype=array.dtype.name, photometric="MINISBLACK", **options
            ) as file:
                file.write(bands)

    def make(name: str, ids: Iterable[str], *, gsd: float = 1.0, **options: Any) -> Path:
        root = tmp_path / name
        place = options.pop("transform", Affine(gsd, 0, 3000, 0, -gsd, 6000))
        for number, tile in enumerate(ids):
            rng = np.random.default_rng(number)
            top, dsm, label = names[name]
            codes = (town[1][:120, :100] > 3).astype(np.uint8)
            codes[:20] = rng.integers(0, 6, (20, 100))
            padded = "_".join(part.zfill(2) for part in tile.split("_")) if name == "potsdam" else tile
            write(
                root / top.format(tile), rng.integers(0, 256, (3, 120, 100), dtype=np.uint8), transform=place, **options
            )
            write(root / dsm.format(padded), town[0][:120, :100], transform=place, **options)
            # Masks are published without a position.
            write(root / label.format(tile), np.moveaxis(palette[codes], -1, 0))
        return root

    return make


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return `write(name, ...)`, which makes an image of 8-bit noise."""

    def make(name: str, *, bands: int = 3, size: tuple[int, int] = (48, 40), **profile: object) -> Path:
        path = tmp_path / "images" / name
        path.parent.mkdir(exist_ok=True)
        pixels = np.random.default_rng(0).integers(1, 255, (bands, *size))
        profile = {"driver": "GTiff", "dtype": "uint8", "nodata": 0} | profile
        with rasterio.open(path, "w", count=bands, height=size[0], width=size[1], **profile) as file:
            file.write(pixels.astype(str(profile["dtype"])))
        return path

    return make
