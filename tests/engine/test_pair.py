from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine

from landwright.engine.pair import PairSource
from landwright.rasters import Window, open_raster

PLACE = Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)
pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def ramp(bands: int = 1, dtype: str = "uint8") -> np.ndarray:
    return np.broadcast_to(np.arange(40, dtype=dtype) * 2, (bands, 30, 40)).copy()


def pair(before: Path, after: Path) -> tuple[np.ndarray, np.ndarray]:
    with open_raster(before) as earlier, open_raster(after) as later:
        source = PairSource(earlier, later)
        assert source.shape == (30, 40)
        pixels, valid = source.read_with_valid(Window(0, 0, 30, 40))
        assert pixels.dtype.name == source.info.dtype
        assert len(source.bands) == len(pixels)
        return pixels, valid


def test_the_earlier_bands_come_first_and_both_have_to_be_valid(write: Any) -> None:
    before, after = ramp(2), ramp(2, "uint16") + 300
    before[:, 3, 4], after[:, 5, 6] = 99, 7
    pixels, valid = pair(write(before, "a.tif", nodata=99), write(after, "b.tif", nodata=7))
    np.testing.assert_array_equal(pixels, np.concatenate([before, after]))
    assert pixels.dtype == np.uint16
    assert np.argwhere(~valid).tolist() == [[3, 4], [5, 6]]
