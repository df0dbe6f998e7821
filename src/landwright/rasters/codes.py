"""Label rasters: codes, palettes and RGB colours."""

from __future__ import annotations

from collections import Counter
from os import PathLike
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling

from landwright.errors import DataError
from landwright.legends import IGNORE, Crosswalk, Legend
from landwright.legends.lookup import UNKNOWN
from landwright.rasters.grids import cells, grid_of, needs_warp, placement_notes
from landwright.rasters.info import RasterInfo
from landwright.rasters.label_reader import LabelReader, Tally
from landwright.rasters.palette import expand, means_colours
from landwright.rasters.raster import Raster
from landwright.rasters.window import Window


class OnGrid(NamedTuple):
    """A raster of codes or colours on the grid of an image.

    Attributes:
        raster: The raster.
        aligned: "exact", or "warped" where its own grid differs.
        cells: Rows and columns of its own pixels across the image where it is warped, else None.
        notes: Plain remarks on the file and its place.
    """

    raster: Raster
    aligned: Literal["exact", "warped"]
    cells: tuple[float, float] | None
    notes: tuple[str, ...]


def open_on_grid(path: str | PathLike[str], like: RasterInfo) -> OnGrid:
    """Open a raster of codes or colours on the grid of an image, warped (nearest) only where its grid differs.

    Raises:
        DataError: If it has neither one band nor three, or does not lie on the image.
    """
    raster = Raster(path, resampling=Resampling.nearest)
    bands, own = raster.bands, raster.info
    if len(bands) not in (1, 3):
        raster.close()
        raise DataError(
            f"has {len(bands)} bands; labels have one band of codes or three of colours",
            path=path,
            remedy="Extract the label band first, for example with `gdal_translate -b`",
        )
    if not needs_warp(own, like):
        return OnGrid(raster, "exact", None, own.notes)
    raster.close()
    warped = Raster(path, bands=bands, grid=grid_of(like), resampling=Resampling.nearest)
    return OnGrid(warped, "warped", cells(own, like), (*warped.info.notes, *placement_notes(own, like)))


class RasterLabels(LabelReader):
    """A label raster on the grid of an image; made by `open_labels`.

    Attributes:
        cells: Rows and columns of the file's own pixels across the image where it lies on another grid, else None.
    """

    def __init__(
        self, path: str | PathLike[str], legend: Legend, like: RasterInfo, *, crosswalk: Crosswalk | None = None
    ) -> None:
        """Open the raster, settle whether it holds codes or colours and whether it has to be warped."""
        self.path = str(path)
        self.legend = legend
        self.shape = like.shape
        self._own = legend if crosswalk is None else crosswalk.source_legend
        self._to_legend = None if crosswalk is None else crosswalk.index_lut()
        raster, self.aligned, self.cells, notes = open_on_grid(path, like)
        self._raster = raster
        palette = raster.palette()
        self._palette = palette if palette is not None and means_colours(raster, palette, self._own) else None
        self._colours = len(raster.bands) == 3 or self._palette is not None
        if self._colours and raster.info.dtype != "uint8":
            raise DataError(f"holds colours of type {raster.info.dtype}", path=path, remedy="Save it as 8-bit RGB")
        self.notes = (*notes, *self._remarks(raster.info))

    def read(self, window: Window | None = None) -> NDArray[np.uint8]:
        """Class indices of a window; see `LabelReader.read`."""
        pixels, indices = self._own_indices(window)
        if (indices == UNKNOWN).any():
            raise self._unknown(pixels, indices)
        return self._translated(indices)

    def count(self, tally: Tally, window: Window | None = None) -> None:
        """Add the pixels of a window to `tally`; unknown codes are counted, not refused."""
        pixels, indices = self._own_indices(window)
        tally.add(self._translated(indices[indices != UNKNOWN]), self._unknown_counts(pixels, indices))

    def close(self) -> None:
        """Close the file."""
        self._raster.close()

    def _own_indices(self, window: Window | None) -> tuple[NDArray[Any], NDArray[np.uint8]]:
        """The pixels, (h, w) codes or (3, h, w) colours, and their indices in the file's own legend."""
        pixels, valid = self._raster.read_with_valid(window)
        if self._colours:
            if self._palette is not None:
                pixels = expand(pixels[0], self._palette)
            indices = self._own.look_up_rgb(pixels)
        else:
            pixels = pixels[0]
            indices = self._own.look_up(pixels)
        indices[~valid] = IGNORE
        return pixels, indices

    def _translated(self, indices: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return indices if self._to_legend is None else np.take(self._to_legend, indices)

    def _unknown_counts(self, pixels: NDArray[Any], indices: NDArray[np.uint8]) -> Counter[str]:
        return (self._own.unknown_colours if self._colours else self._own.unknown_codes)(pixels, indices)

    def _unknown(self, pixels: NDArray[Any], indices: NDArray[np.uint8]) -> DataError:
        return self._own.unknown_error(self._unknown_counts(pixels, indices), colours=self._colours, path=self.path)

    def _remarks(self, info: RasterInfo) -> list[str]:
        notes = []
        if self._palette is not None:
            notes.append("palette: its colours are the legend's, so colours count and not codes")
        if not self._colours and info.nodata is not None and info.nodata in self._own.codes:
            name = self._own.names[self._own.codes.index(int(info.nodata))]
            notes.append(f"declares nodata {info.nodata:g}, the code of {name}: those pixels are ignored")
        return notes
