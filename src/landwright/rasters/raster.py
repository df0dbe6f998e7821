"""Read windows of a raster through one persistent handle."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.vrt import WarpedVRT

from landwright.errors import DataError
from landwright.rasters import cache
from landwright.rasters.bands import choose_bands, common_dtype
from landwright.rasters.gdal import is_remote, reading, without_georeference_warning
from landwright.rasters.info import RasterInfo, read_info
from landwright.rasters.names import shown
from landwright.rasters.remote import patiently
from landwright.rasters.validity import usable
from landwright.rasters.window import Window, whole_or_inside

_EXACT = 0.01
_T = TypeVar("_T")
_handles_of_other_processes: list[Any] = []


class Grid(NamedTuple):
    """Where pixels lie: what a raster is warped onto."""

    crs: CRS
    transform: Affine
    height: int
    width: int


def open_raster(path: str | PathLike[str], *, bands: Sequence[int | str] | None = None) -> Raster:
    """Open a raster for windowed reading.

    Any format that GDAL reads, with any CRS, type and layout, with or without georeference. Rasters placed by ground
    control points are warped to a north-up grid while reading (bilinear).

    Args:
        path: File, URL or GDAL name.
        bands: 1-based numbers or descriptions, in the order wanted; by default all bands but an alpha mask.

    Raises:
        DataError: If the raster is missing, unreadable or cut short, or has no such band.
    """
    return Raster(path, bands=bands)


class Raster:
    """An open raster; a context manager.

    One handle stays open. It is opened again in a forked or spawned process, so that a Raster can be sent to loader
    workers; threads need a Raster each.

    Attributes:
        info: Grid and bands.
        bands: The chosen bands, 1-based, in reading order.
    """

    info: RasterInfo
    bands: tuple[int, ...]

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        bands: Sequence[int | str] | None = None,
        grid: Grid | None = None,
        resampling: Resampling = Resampling.bilinear,
        scale: tuple[float, float] | None = None,
    ) -> None:
        """Open `path`, warped onto `grid` where one is given; `open_raster` is the usual way.

        GDAL estimates for every block anew how many pixels of the file (down, across) one of the grid spans, and is
        wrong about turned images; ``scale`` settles it.
        """
        self._path = str(path)
        self._grid = grid
        self._resampling = resampling
        self._scale = scale
        self._handle: Any = None
        self._source: Any = None
        self._process: int | None = None
        self._closed = False
        patiently(lambda: self._inspect(bands), self._path, "is not a readable raster", forget=self._release)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.info.shape

    def read(self, window: Window | None = None) -> NDArray[Any]:
        """Pixels of a window (default: all) as (C, h, w) in the raster's own type."""
        area = self._area(window)
        return self._patiently(lambda: self._pixels(list(self.bands), area))

    def read_valid(self, window: Window | None = None) -> NDArray[np.bool_]:
        """Which pixels of a window can be used, as (h, w) bool; see `read_with_valid`."""
        return self.read_with_valid(window)[1]

    def read_with_valid(self, window: Window | None = None) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Pixels and which of them can be used.

        A pixel is not usable when every chosen band holds nodata there, when the mask or alpha band says so, or when
        any chosen band is NaN or infinite.

        Args:
            window: A window inside the raster; None for all of it.

        Returns:
            The pixels (C, h, w) in the raster's own type, and (h, w) bool.

        Raises:
            DataError: If the file turns out to be damaged or cut short.
        """
        area = self._area(window)
        return self._patiently(lambda: self._pixels_with_valid(area))

    def palette(self) -> NDArray[np.uint8] | None:
        """(256, 3) colours of the only band's values, or None where the file has no palette."""
        if len(self.bands) != 1 or self.info.dtype != "uint8":
            return None
        with reading(self._path, "cannot be read"):
            self._dataset()
            if self._source.colorinterp[self.bands[0] - 1] != ColorInterp.palette:
                return None
            table = np.zeros((256, 3), np.uint8)
            for value, colour in self._source.colormap(self.bands[0]).items():
                table[value] = colour[:3]
        return table

    def unit(self) -> str | None:
        """Unit that the file declares for the values of the first chosen band, or None."""
        with reading(self._path, "cannot be read"):
            self._dataset()
            unit: str | None = self._source.units[self.bands[0] - 1]
        return unit or None

    def close(self) -> None:
        """Close the file; reading afterwards is an error."""
        self._closed = True
        self._release()

    def __enter__(self) -> Self:
        """Return the raster itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the handle behind: the other process opens its own."""
        return self.__dict__ | {"_handle": None, "_source": None, "_process": None}

    def _inspect(self, bands: Sequence[int | str] | None) -> None:
        source, handle = self._open()
        choice = choose_bands(source, bands, shown(self._path))
        dtype = common_dtype(source, choice.bands, shown(self._path))
        _refuse_cut_short(source, self._path)
        self.bands = choice.bands
        self._warped = handle is not source
        self.info = read_info(handle, source, shown(self._path), self.bands, dtype).with_notes(*choice.notes)
        # A warped dataset marks what lies outside the source in an alpha band of its own,
        added = handle.count if handle.count > source.count else None
        # and for want of one in the source's own alpha band, even where that is read as data.
        self._alpha = added or choice.alpha or (choice.marked if handle is not source else None)
        flags = handle.mask_flag_enums[self.bands[0] - 1]
        self._mask = MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags

    def _area(self, window: Window | None) -> Window:
        """Return what is to be read, which GDAL's cache is to hold meanwhile."""
        area = whole_or_inside(window, self.shape)
        itemsize = np.dtype(self.info.dtype).itemsize
        # Of what is warped or virtual, many blocks of other files may be in use.
        files = not self._warped and self.info.driver != "VRT"
        cache.wants(self, cache.touched_bytes(self.info, itemsize, area) if files else cache.MOST)
        return area

    def _patiently(self, work: Callable[[], _T]) -> _T:
        return patiently(work, self._path, "cannot be read to its end", forget=self._release)

    def _pixels_with_valid(self, area: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        marks: NDArray[Any] | None = None
        if self._alpha is not None:
            pixels = self._pixels([*self.bands, self._alpha], area)
            pixels, marks = pixels[:-1], pixels[-1]
        else:
            pixels = self._pixels(list(self.bands), area)
            if self._mask:
                marks = self._dataset().read_masks(self.bands[0], window=area.to_rasterio())
        nodata = [self._dataset().nodatavals[band - 1] for band in self.bands]
        return pixels, usable(pixels, nodata, marks)

    def _pixels(self, indexes: list[int], area: Window) -> NDArray[Any]:
        handle, window = self._dataset(), area.to_rasterio()
        if len({handle.dtypes[band - 1] for band in indexes}) == 1:
            pixels: NDArray[Any] = handle.read(indexes, window=window)
            return pixels
        # rasterio reads bands of different types only one by one.
        return np.stack([handle.read(band, window=window) for band in indexes], dtype=self.info.dtype)

    def _dataset(self) -> Any:
        if self._closed:
            raise ValueError(f"{self._path} is closed")
        if self._handle is None or self._process != os.getpid():
            if self._handle is not None:
                # Closing a handle inherited by fork could wait for ever on a lock held in the parent.
                _handles_of_other_processes.append((self._handle, self._source))
            self._open()
        return self._handle

    def _release(self) -> None:
        """Close what this process has open; the next reading opens it again."""
        cache.forget(self)
        if self._handle is not None and self._process == os.getpid():
            self._handle.close()
            self._source.close()
        self._handle = self._source = None

    def _open(self) -> tuple[Any, Any]:
        """Open the file and what is read of it: the file itself, or the same warped."""
        # A colon may be part of a GDAL name, such as NETCDF:file:variable.
        if not is_remote(self._path) and ":" not in self._path and not Path(self._path).exists():
            raise DataError("there is no such file", path=self._path, remedy="Check the path")
        with without_georeference_warning():
            source = rasterio.open(self._path)
        points, points_crs = source.gcps
        placed_by_points = bool(points) and points_crs is not None and source.transform == Affine.identity()
        handle = source
        if self._grid is not None or placed_by_points:
            options: dict[str, Any] = {"resampling": self._resampling, "tolerance": _EXACT}
            if placed_by_points:
                options |= {"src_crs": points_crs, "crs": points_crs}
            if self._grid is not None:
                options |= self._grid._asdict()
            if self._scale is not None:
                options |= {"YSCALE": 1 / self._scale[0], "XSCALE": 1 / self._scale[1]}
            has_mask = source.nodata is not None or ColorInterp.alpha in source.colorinterp
            handle = WarpedVRT(source, add_alpha=not has_mask, **options)
        self._source, self._handle, self._process = source, handle, os.getpid()
        return source, handle


def _refuse_cut_short(source: Any, path: str) -> None:
    """Refuse a GeoTIFF whose last block lies beyond its end: better now than after an hour of mapping."""
    if source.driver != "GTiff" or not Path(path).is_file():
        return
    band = source.count
    height, width = source.block_shapes[band - 1]
    place = f"{(source.width - 1) // width}_{(source.height - 1) // height}"
    offset, size = (source.get_tag_item(f"BLOCK_{key}_{place}", "TIFF", bidx=band) for key in ("OFFSET", "SIZE"))
    if offset is not None and size is not None and int(offset) + int(size) > Path(path).stat().st_size:
        raise DataError("is cut short: its last block is missing", path=path, remedy="Copy or download it again")
