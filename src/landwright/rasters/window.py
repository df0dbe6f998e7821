"""Windows in integer pixels."""

from __future__ import annotations

from typing import NamedTuple

from rasterio.windows import Window as RasterioWindow


class Window(NamedTuple):
    """A rectangle of whole pixels, counted from the raster's upper left corner.

    Attributes:
        row: First row.
        col: First column.
        height: Number of rows.
        width: Number of columns.
    """

    row: int
    col: int
    height: int
    width: int

    def to_rasterio(self) -> RasterioWindow:
        """The same rectangle for rasterio."""
        return RasterioWindow(self.col, self.row, self.width, self.height)


def whole_or_inside(window: Window | None, shape: tuple[int, int]) -> Window:
    """The window itself, or all of the raster for None.

    Args:
        window: A window that lies inside the raster, or None.
        shape: (height, width) of the raster.

    Raises:
        ValueError: If the window is empty or leaves the raster; nothing is padded here.
    """
    height, width = shape
    if window is None:
        return Window(0, 0, height, width)
    row, col, rows, cols = window
    if row < 0 or col < 0 or rows < 1 or cols < 1 or row + rows > height or col + cols > width:
        raise ValueError(f"window {tuple(window)} does not lie in a raster of {height} x {width} pixels")
    return Window(row, col, rows, cols)
