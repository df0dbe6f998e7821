"""Write images and labels losslessly, each file whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np
import rasterio
from numpy.typing import NDArray

from landwright.data.benchmarks import Benchmark
from landwright.rasters import atomic_output
from landwright.rasters.gdal import settings, without_georeference_warning

_RULES: Final = 1
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    ".png": {"driver": "PNG"},
    ".tif": {"driver": "GTiff", "compress": "deflate", "photometric": "MINISBLACK"},
}


def write_pixels(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write (H, W) values as one grey band, without a palette, or (H, W, 3) colours.

    Raises:
        DataError: If the file cannot be written.
    """
    bands = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)
    count, height, width = bands.shape
    options = _OPTIONS[path.suffix] | {"count": count, "height": height, "width": width, "dtype": "uint8"}
    with (
        atomic_output(path) as temporary,
        settings(str(path)),
        without_georeference_warning(),
        rasterio.open(temporary, "w", **options) as file,
    ):
        file.write(bands)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file byte for byte.

    Raises:
        DataError: If the copy cannot be written.
    """
    with atomic_output(target) as temporary:
        shutil.copyfile(source, temporary)


def benchmark_mark(benchmark: Benchmark) -> dict[str, Any]:
    """Return what a folder with this benchmark says of itself."""
    return {"benchmark": benchmark.name, "rules": _RULES}
