"""Rasters made on the fly."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

UTM = "EPSG:32631"
PLACE = Affine(2.0, 0.0, 500000.0, 0.0, -2.0, 5000000.0)

MakeRaster = Callable[..., Path]


@pytest.fixture
def make_raster(tmp_path: Path) -> MakeRaster:
    """Return `make(name, array, mask=None, alpha=False, ...)`, which writes a raster on a 2 m UTM grid."""

    def make(
        name: str,
        array: NDArray[Any],
        *,
        palette: dict[int, tuple[int, ...]] | None = None,
        mask: NDArray[np.uint8] | None = None,
        alpha: bool = False,
        descriptions: list[str] | None = None,
        bare: bool = False,
        **options: Any,
    ) -> Path:
        bands = array[None] if array.ndim == 2 else array
        driver = {".png": "PNG", ".jpg": "JPEG"}.get(Path(name).suffix, "GTiff")
        profile = {
            "driver": driver,
            "count": len(bands),
            "height": bands.shape[1],
            "width": bands.shape[2],
            "dtype": bands.dtype.name,
        }
        if driver == "GTiff":
            profile |= {"photometric": "RGB", "alpha": "YES"} if alpha else {"photometric": "MINISBLACK"}
            if not bare:
                profile |= {"crs": UTM, "transform": PLACE}
        path = tmp_path / name
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path, "w", **(profile | options)) as file:
                file.write(bands)
                if palette:
                    file.write_colormap(1, palette)
                if mask is not None:
                    file.write_mask(mask)
                for number, text in enumerate(descriptions or (), start=1):
                    file.set_band_description(number, text)
        return path

    return make
