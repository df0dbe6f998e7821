"""What is known of a raster without reading its pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from affine import Affine
from rasterio.crs import CRS

from landwright.rasters.gsd import ground_resolution
from landwright.rasters.window import Window

_LARGE = 2**24


@dataclass(frozen=True)
class RasterInfo:
    """Grid and bands of a raster, as it is read (after warping, where it is warped).

    Attributes:
        path: The file.
        width: Columns.
        height: Rows.
        count: Bands in the file, with a mask that is stored as a band.
        dtype: Type of the chosen bands, such as "uint8".
        crs: Coordinate reference system, or None.
        transform: Pixel to CRS; may be rotated.
        nodata: Declared nodata of the first chosen band, or None.
        descriptions: Description of every band in the file, or None for each that has none.
        block: (height, width) of the blocks that the file is stored in.
        georeferenced: Whether both a CRS and a transform are known.
        gsd: Metres on the ground per pixel, or None when unknown.
        notes: Plain remarks on what a user may not expect.
        driver: GDAL's name of the file format.
        compression: How the blocks are compressed, or None.
        overviews: Factors of the overviews that the file holds.
    """

    path: str
    width: int
    height: int
    count: int
    dtype: str
    crs: CRS | None
    transform: Affine
    nodata: float | None
    descriptions: tuple[str | None, ...]
    block: tuple[int, int]
    georeferenced: bool
    gsd: float | None
    notes: tuple[str, ...] = ()
    driver: str = ""
    compression: str | None = None
    overviews: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.height, self.width

    def window_transform(self, window: Window) -> Affine:
        """Pixel to CRS for the pixels of a window."""
        return self.transform @ Affine.translation(window.col, window.row)

    def with_notes(self, *notes: str) -> RasterInfo:
        """The same with further notes."""
        return replace(self, notes=(*self.notes, *notes))


def read_info(handle: Any, source: Any, path: str, bands: tuple[int, ...], dtype: str) -> RasterInfo:
    """Describe an open raster.

    Args:
        handle: The rasterio dataset that is read, perhaps a warped one.
        source: The rasterio dataset of the file itself.
        path: The file.
        bands: The chosen bands, 1-based.
        dtype: Their common type.
    """
    placed = handle.transform != Affine.identity()
    georeferenced = handle.crs is not None and placed
    shape = (handle.height, handle.width)
    return RasterInfo(
        path=path,
        width=handle.width,
        height=handle.height,
        count=source.count,
        dtype=dtype,
        crs=handle.crs,
        transform=handle.transform,
        nodata=handle.nodatavals[bands[0] - 1],
        descriptions=tuple(source.descriptions),
        block=tuple(source.block_shapes[bands[0] - 1]),
        georeferenced=georeferenced,
        gsd=ground_resolution(handle.crs, handle.transform, shape) if georeferenced else None,
        notes=tuple(_notes(handle, source, bands, georeferenced=georeferenced, placed=placed)),
        driver=source.driver,
        compression=source.compression.value.lower() if source.compression else None,
        overviews=tuple(source.overviews(bands[0])),
    )


def _notes(handle: Any, source: Any, bands: tuple[int, ...], *, georeferenced: bool, placed: bool) -> list[str]:
    notes = []
    if source.gcps[0] and handle is not source:
        notes.append(f"placed by {len(source.gcps[0])} ground control points: warped while reading")
    if not georeferenced:
        notes.append("no coordinate reference system" if placed else "no georeference: ground size unknown")
    if handle.transform.b or handle.transform.d:
        notes.append("rotated grid, kept as it is")
    block = source.block_shapes[bands[0] - 1]
    if block[1] == source.width and block[0] < source.height and source.driver == "GTiff":
        notes.append(f"striped, {block[0]} rows a strip: every window reads whole rows")
    if source.driver in ("PNG", "JPEG") and source.width * source.height > _LARGE:
        notes.append(f"{source.driver} is decoded from the top for every window: GeoTIFF would be quicker")
    if any(source.scales[band - 1] != 1 or source.offsets[band - 1] != 0 for band in bands):
        notes.append("the file declares a scale or offset: stored values are read, not scaled ones")
    return notes
