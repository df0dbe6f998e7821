"""Write images and labels losslessly, each file whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np
import rasterio
from numpy.typing import NDArray

from landwright.data.benchmarks import Benchmark
from landwright.errors import DataError
from landwright.rasters import atomic_output
from landwright.rasters.gdal import settings, without_georeference_warning

MARKER: Final = "landwright.json"
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


def check_folder(folder: Path, benchmark: Benchmark) -> None:
    """Refuse a folder that does not hold this benchmark, made by this version of the rules; an empty one will do.

    Raises:
        DataError: If it holds something else.
    """
    record = folder / MARKER
    if record.exists():
        try:
            found = json.loads(record.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"cannot be read ({error})", path=record, remedy="Choose another folder") from error
        if found != _mark(benchmark):
            raise DataError(
                f"holds files made for {found}, not {_mark(benchmark)}", path=folder, remedy="Choose another folder"
            )
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(
            "holds something else already",
            path=folder,
            remedy="Choose another folder for --output; whether this is a set that is prepared already, "
            f"`landwright data check {benchmark.name} --root ROOT` tells",
        )


def mark_folder(folder: Path, benchmark: Benchmark) -> None:
    """Write down what the folder holds, where that is not done.

    Raises:
        DataError: If it cannot be written.
    """
    if not (record := folder / MARKER).exists():
        with atomic_output(record) as temporary:
            temporary.write_text(json.dumps(_mark(benchmark)) + "\n", encoding="utf-8")


def _mark(benchmark: Benchmark) -> dict[str, Any]:
    return {"benchmark": benchmark.name, "rules": _RULES}
