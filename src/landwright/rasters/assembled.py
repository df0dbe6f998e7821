"""Many rasters, read as one."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from landwright.errors import DataError
from landwright.rasters.footprint import Footprint, clipped, footprint
from landwright.rasters.gsd import ground_resolution
from landwright.rasters.info import RasterInfo
from landwright.rasters.raster import Grid, Raster
from landwright.rasters.survey import Image
from landwright.rasters.window import Window, whole_or_inside

Order = Literal["first", "best"]
"""Which of several images gives a pixel: the first, or the one whose edges are farthest away."""

_OPEN = 64
_PIECE = 4096


class _Member(NamedTuple):
    image: Image
    place: Footprint

    @property
    def origin(self) -> tuple[int, int]:
        """(row, column) on the grid of the first pixel that is read of it."""
        return (self.place.window.row, self.place.window.col) if self.place.offset is None else self.place.offset

    def pieces(self, part: Window) -> Iterator[Window]:
        """Cut a part of the grid into columns: what is warped of one fits into GDAL's cache."""
        _, first = self.origin
        step = max(_PIECE, 0 if self.place.offset is None else self.image.info.block[1])
        start = part.col - (part.col - first) % step
        for col in range(start, part.col + part.width, step):
            yield clipped(Window(part.row, col, part.height, step), part)


def open_assembled(images: Sequence[Image], grid: Grid, *, order: Order = "first") -> Assembled:
    """Read many rasters, or one, as one raster on a grid.

    Rasters whose pixels lie on those of the grid are read as they are; others are warped while they are read
    (bilinear), only where they are asked for. No more than 64 files are open at a time.

    Args:
        images: The images, as `survey` found them, all georeferenced.
        grid: Where pixels lie; from `common_grid` or `target_grid`.
        order: What a pixel is taken from where several images are valid: "first" in the order given, or "best", the
            image whose own edges are farthest from the pixel, the first of equals.

    Raises:
        DataError: None of the images lies on the grid, or one cannot be placed in its reference system.
    """
    return Assembled(images, grid, order)


class Assembled:
    """Many rasters, read as one; the engine's `Source`, and a context manager.

    A pixel is valid where one of the rasters is; elsewhere values are 0. Values do not depend on how the grid is cut
    into windows. Like a `Raster` it can be sent to other processes, which open files of their own.

    Attributes:
        info: The grid; type, bands and nodata of all images, and remarks on them.
        bands: The chosen bands of the first image, 1-based, in reading order.
        order: What a pixel is taken from where several images are valid.
        resampled: Number of images that are warped while they are read.
    """

    def __init__(self, images: Sequence[Image], grid: Grid, order: Order) -> None:
        """Place the images on the grid; `open_assembled` says how."""
        self._grid = grid
        self._open: OrderedDict[int, Raster] = OrderedDict()
        self._members = [
            _Member(image, place) for image in images if (place := footprint(image.info, grid)) is not None
        ]
        if not self._members:
            raise DataError(
                "lies beside the grid of the map", path=images[0].info.path, remedy="Check --crs, --like and the images"
            )
        places = np.array([member.place.window for member in self._members])
        self._first, self._last = places[:, :2], places[:, :2] + places[:, 2:]
        self.order: Order = order
        self.resampled = sum(member.place.offset is None for member in self._members)
        self.bands = images[0].bands
        self.info = self._described(images)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.info.shape

    def read_with_valid(self, window: Window | None = None) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Pixels and which of them can be used.

        Args:
            window: A window inside the grid; None for all of it.

        Returns:
            The pixels (C, h, w) in the common type of all images, and (h, w) bool.

        Raises:
            DataError: If a file turns out to be damaged or cut short, or cannot be reached any more.
        """
        area = whole_or_inside(window, self.shape)
        pixels = np.zeros((len(self.bands), area.height, area.width), self.info.dtype)
        valid = np.zeros((area.height, area.width), bool)
        depth = np.zeros(valid.shape, np.float32) if self.order == "best" else None
        for number in self._meeting(area):
            member = self._members[number]
            for piece in member.pieces(clipped(member.place.window, area)):
                here = _slices(piece, area.row, area.col)
                if depth is None and valid[here].all():
                    continue
                values, take = self._raster(number).read_with_valid(_moved(piece, member.origin))
                if depth is None:
                    take &= ~valid[here]
                else:
                    own = member.place.depth(piece)
                    take &= ~valid[here] | (own > depth[here])
                    np.copyto(depth[here], own, where=take)
                np.copyto(pixels[:, *here], values, where=take)
                valid[here] |= take
        return pixels, valid

    def close(self) -> None:
        """Close the files."""
        while self._open:
            self._open.popitem()[1].close()

    def __enter__(self) -> Self:
        """Return the raster itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files."""
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the files behind: the other process opens its own."""
        return self.__dict__ | {"_open": OrderedDict()}

    def _meeting(self, area: Window) -> list[int]:
        """Images that reach into a window, in their order."""
        start, end = (area.row, area.col), (area.row + area.height, area.col + area.width)
        meets = (self._first < end) & (self._last > start)
        return [int(number) for number in np.flatnonzero(meets.all(axis=1))]

    def _raster(self, number: int) -> Raster:
        """The open raster; the one that was not used for longest is closed for it."""
        raster = self._open.pop(number, None)
        if raster is None:
            while len(self._open) >= _OPEN:
                self._open.popitem(last=False)[1].close()
            image, place = self._members[number]
            row, col, height, width = place.window
            # Warped onto its own part of the grid, from where GDAL counts the blocks that it warps at a time.
            part = Grid(self._grid.crs, self._grid.transform @ Affine.translation(col, row), height, width)
            warp: dict[str, Any] = {} if place.offset is not None else {"grid": part, "scale": place.scale}
            raster = Raster(image.source, bands=image.bands, **warp)
        self._open[number] = raster
        return raster

    def _described(self, images: Sequence[Image]) -> RasterInfo:
        infos = [image.info for image in images]
        first, others, grid = infos[0], len(infos) - 1, self._grid
        nodata = {info.nodata for info in infos}
        return replace(
            first,
            path=f"{first.path} and {others} more" if others else first.path,
            width=grid.width,
            height=grid.height,
            dtype=np.result_type(*{info.dtype for info in infos}).name,
            crs=grid.crs,
            transform=grid.transform,
            nodata=first.nodata if len(nodata) == 1 else None,
            georeferenced=True,
            gsd=ground_resolution(grid.crs, grid.transform, (grid.height, grid.width)),
            notes=tuple(self._notes(infos)),
            overviews=(),
        )

    def _notes(self, infos: Sequence[RasterInfo]) -> list[str]:
        total = len(infos)
        counts = Counter(note for info in infos for note in info.notes)
        notes = [note if count == total else f"{note} ({count} of {total} images)" for note, count in counts.items()]
        if self.resampled:
            number = f"{self.resampled} of {total} images are " if total > 1 else ""
            notes.append(f"{number}resampled onto the map's grid (bilinear)")
        if beside := total - len(self._members):
            notes.append(f"{beside} of {total} images lie beside the map's grid")
        return notes


def _moved(window: Window, origin: tuple[int, int]) -> Window:
    return Window(window.row - origin[0], window.col - origin[1], window.height, window.width)


def _slices(window: Window, row: int, col: int) -> tuple[slice, slice]:
    """Rows and columns of a window in an array that starts at a row and column."""
    top, left = window.row - row, window.col - col
    return slice(top, top + window.height), slice(left, left + window.width)
