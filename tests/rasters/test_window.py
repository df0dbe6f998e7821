from __future__ import annotations

import pytest

from landwright.rasters import Window
from landwright.rasters.window import whole_or_inside


def test_to_rasterio() -> None:
    window = Window(row=1, col=2, height=3, width=4).to_rasterio()
    assert (window.row_off, window.col_off, window.height, window.width) == (1, 2, 3, 4)


def test_whole() -> None:
    assert whole_or_inside(None, (5, 7)) == Window(0, 0, 5, 7)
    assert whole_or_inside(Window(4, 6, 1, 1), (5, 7)) == (4, 6, 1, 1)


@pytest.mark.parametrize(
    "window", [(-1, 0, 2, 2), (0, -1, 2, 2), (0, 0, 6, 1), (0, 0, 1, 8), (0, 0, 0, 1), (4, 0, 2, 1)]
)
def test_outside(window: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="does not lie in a raster of 5 x 7"):
        whole_or_inside(Window(*window), (5, 7))
