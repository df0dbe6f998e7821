"""Write a map row by row in little memory; what appears is a whole cloud-optimized GeoTIFF, or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.windows import Window

from landwright.errors import DataError
from landwright.rasters import PACKERS, atomic_output, cog_options
from landwright.rasters.gdal import settings, without_georeference_warning

_BLOCK = 512
_LOWEST = 16
"""GeoTIFF has no blocks of fewer rows."""
_ENOUGH = 64 * 2**20

Overviews = Literal["mode", "average", "nearest"]


class StripWriter:
    """One raster of a map, written from top to bottom; a context manager.

    Rows are collected until they fill a row of blocks, so that every block of the temporary file beside ``path`` is
    compressed once. `finish`, or the end of the block, turns that file into a COG with overviews by GDAL's own
    driver; only then does ``path`` appear. After an error or Ctrl-C nothing is left. The values of several bands lie
    side by side in the file, pixel by pixel; the rows that wait take the memory of one band.

    Args:
        path: The file to write; missing folders are made.
        width: Columns.
        height: Rows.
        dtype: Type of the pixels, such as ``uint8``.
        crs: Coordinate reference system, or None.
        transform: Pixel to CRS, or None.
        nodata: Value that means nodata.
        colormap: Colours (r, g, b, alpha) by value, for uint8.
        bands: Number of bands.
        description: What the band holds, or what each band holds.
        unit: Unit of the values, such as ``m``.
        scale: Factor from stored to physical values, or None for 1.
        tags: Metadata of the file.
        overviews: How pixels are summarised in overviews: ``mode`` for classes, ``average`` for quantities.
        threads: How many pack the COG. GDAL keeps them and their memory.

    Raises:
        UsageError: ``path`` is a folder.
        DataError: The file cannot be written, or the disk is full.
    """

    def __init__(  # noqa: PLR0913 - one parameter for each setting
        self,
        path: str | PathLike[str],
        *,
        width: int,
        height: int,
        dtype: str,
        crs: CRS | None = None,
        transform: Affine | None = None,
        nodata: float | None = None,
        colormap: Mapping[int, tuple[int, int, int, int]] | None = None,
        bands: int = 1,
        description: str | Sequence[str] | None = None,
        unit: str | None = None,
        scale: float | None = None,
        tags: Mapping[str, str] | None = None,
        overviews: Overviews = "nearest",
        threads: int = PACKERS,
    ) -> None:
        """Keep the settings; the file is made when the block is entered."""
        self._path = Path(path)
        self._height, self._width = height, width
        # Lower blocks for more bands: what waits to fill them takes no more memory.
        rows = max(_LOWEST, _BLOCK // bands // _LOWEST * _LOWEST)
        self._profile = {
            "driver": "GTiff",
            "width": width,
            "height": height,
            "count": bands,
            "dtype": dtype,
            "crs": crs,
            "transform": transform if transform != Affine.identity() else None,
            "nodata": nodata,
            "tiled": True,
            "blockxsize": _BLOCK,
            "blockysize": rows,
            "bigtiff": "IF_SAFER",
        }
        if bands > 1:
            # Otherwise GDAL would take three bands of bytes for colours and a fourth for opacity.
            self._profile |= {"interleave": "pixel", "photometric": "MINISBLACK"}
        if np.dtype(dtype).kind != "f":
            # The digits of measured quantities hardly compress, so that trying twice costs more than it saves.
            self._profile |= {"compress": "DEFLATE", "zlevel": 1}
        self._colormap = colormap
        self._descriptions = [description] if isinstance(description, str) else list(description or ())
        self._unit, self._scale = unit, scale
        self._tags = tags or {}
        self._overviews, self._threads = overviews, threads
        self._pending = np.empty((bands, rows, width), dtype=dtype)
        self._filled = self._flushed = 0
        self._finished = False

    def __enter__(self) -> Self:
        """Make the temporary file."""
        with ExitStack() as stack:
            self._temporary = stack.enter_context(atomic_output(self._path))
            self._strips = self._temporary.with_name(f"{self._temporary.stem}.strips.tif")
            stack.enter_context(settings(str(self._path)))
            with self._writing(), without_georeference_warning():
                self._handle: Any = rasterio.open(self._strips, "w", **self._profile)
                stack.callback(self._close)
                self._describe()
            self._stack = stack.pop_all()
        return self

    def write(self, rows: NDArray[Any]) -> None:
        """Append rows.

        Args:
            rows: (n, width) values, of several bands (bands, n, width).

        Raises:
            DataError: The disk is full, or another failure of writing.
        """
        taken, total, room = 0, rows.shape[-2], self._pending.shape[1]
        while taken < total:
            count = min(total - taken, room - self._filled)
            self._pending[:, self._filled : self._filled + count] = rows[..., taken : taken + count, :]
            self._filled += count
            taken += count
            if self._filled == room:
                self._flush()

    def finish(self) -> None:
        """Write the last rows and make the COG; it takes its name when the block ends.

        Raises:
            ValueError: Rows are missing or too many.
            DataError: The disk is full, or another failure of writing.
        """
        if self._finished:
            return
        self._flush()
        if self._flushed != self._height:
            raise ValueError(f"{self._flushed} rows were written to a map of {self._height}")
        with self._writing(), without_georeference_warning():
            self._handle.close()
            rasterio.shutil.copy(
                self._strips,
                self._temporary,
                driver="COG",
                **cog_options(self._height, self._width, self._overviews, threads=self._threads),
                # Trying harder takes twice as long, for a class map that is a seventh smaller and others that are not.
                LEVEL=1,
            )
            refuse_holes(self._temporary)
        self._strips.unlink()
        self._finished = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish and put the file in place, or remove all traces after an error."""
        if error is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            self.finish()

    def _close(self) -> None:
        # What fails here after an error is of no interest: the file is thrown away.
        with suppress(RasterioError, CPLE_BaseError):
            self._handle.close()

    def _describe(self) -> None:
        self._handle.update_tags(AREA_OR_POINT="Area", **self._tags)
        if self._colormap:
            self._handle.write_colormap(1, dict(self._colormap))
        for band, text in enumerate(self._descriptions, start=1):
            self._handle.set_band_description(band, text)
        if self._unit:
            self._handle.units = [self._unit] * self._handle.count
        if self._scale is not None:
            self._handle.scales = [self._scale] * self._handle.count

    def _flush(self) -> None:
        if self._filled:
            window = Window(0, self._flushed, self._width, self._filled)
            with self._writing():
                self._handle.write(self._pending[:, : self._filled], window=window)
            self._flushed += self._filled
            self._filled = 0

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Say what the user can do where GDAL only says that a strip was not written."""
        try:
            yield
        except (RasterioError, CPLE_BaseError) as error:
            free = shutil.disk_usage(self._temporary.parent).free
            reason = "the disk is full" if free < _ENOUGH else str(error.__cause__ or error)
            raise DataError(
                f"cannot be written: {reason}",
                path=self._path,
                remedy=f"Free space ({free / 1e6:.0f} MB are left there), check the folder, or write elsewhere",
            ) from error


def refuse_holes(path: Path) -> None:
    """Refuse a file whose blocks were not all stored: GDAL would read them as nodata."""
    size = path.stat().st_size
    with rasterio.open(path) as file:
        height, width = file.block_shapes[0]
        for row in range(-(-file.height // height)):
            for col in range(-(-file.width // width)):
                place = f"{col}_{row}"
                offset = file.get_tag_item(f"BLOCK_OFFSET_{place}", "TIFF", bidx=1)
                length = file.get_tag_item(f"BLOCK_SIZE_{place}", "TIFF", bidx=1)
                if offset is None or length is None or int(offset) + int(length) > size:
                    raise RasterioError(f"block {place} is missing")
