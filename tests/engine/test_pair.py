from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine

from landwright.engine.pair import PairSource, open_before
from landwright.errors import DataError
from landwright.rasters import Window, open_raster

PLACE = Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)
pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def ramp(bands: int = 1, dtype: str = "uint8") -> np.ndarray:
    return np.broadcast_to(np.arange(40, dtype=dtype) * 2, (bands, 30, 40)).copy()


def pair(before: Path, after: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    with open_raster(after) as later:
        earlier, notes = open_before(before, later, None)
        with earlier:
            source = PairSource(earlier, later)
            assert source.shape == (30, 40)
            pixels, valid = source.read_with_valid(Window(0, 0, 30, 40))
            assert pixels.dtype.name == source.info.dtype
            assert len(source.bands) == len(pixels)
            return pixels, valid, notes


def test_the_earlier_bands_come_first_and_both_have_to_be_valid(write: Any) -> None:
    before, after = ramp(2), ramp(2, "uint16") + 300
    before[:, 3, 4], after[:, 5, 6] = 99, 7
    pixels, valid, notes = pair(write(before, "a.tif", nodata=99), write(after, "b.tif", nodata=7))
    np.testing.assert_array_equal(pixels, np.concatenate([before, after]))
    assert pixels.dtype == np.uint16
    assert np.argwhere(~valid).tolist() == [[3, 4], [5, 6]]
    assert not notes


@pytest.mark.parametrize("shift", [0.5, -0.3])
def test_a_small_shift_is_mended(write: Any, shift: float) -> None:
    earlier = write(ramp(dtype="float32"), "a.tif", transform=PLACE @ Affine.translation(shift, 0))
    pixels, valid, notes = pair(earlier, write(ramp(dtype="float32"), "b.tif"))
    inner = (slice(2, -2), slice(2, -2))
    assert valid[inner].all()
    np.testing.assert_allclose(pixels[0][inner], pixels[1][inner] - 2 * shift, atol=1e-3)
    assert any("of a pixel" in note for note in notes)


def test_without_a_georeference_sizes_have_to_agree(write: Any) -> None:
    bare = {"crs": None, "transform": None}
    pixels, _, _ = pair(write(ramp(), "a.tif", **bare), write(ramp(), "b.tif", **bare))
    np.testing.assert_array_equal(pixels[0], pixels[1])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"transform": PLACE @ Affine.translation(0.6, 0)}, "shifted by 0.6 pixels"),
        ({"transform": PLACE @ Affine.scale(1.1)}, "shifted by 4 pixels"),
        ({"crs": "EPSG:32633"}, "another coordinate reference system"),
        ({"crs": None, "transform": None}, "another coordinate reference system"),
    ],
)
def test_other_grids_are_refused_and_both_are_named(write: Any, change: dict[str, Any], problem: str) -> None:
    before, after = write(ramp(), "a.tif", **change), write(ramp(), "b.tif")
    with pytest.raises(DataError, match=problem) as error:
        pair(before, after)
    assert error.value.path == str(before)
    assert str(after) in error.value.problem
    assert "rio warp" in (error.value.remedy or "")


def test_other_sizes_are_refused(write: Any) -> None:
    with pytest.raises(DataError, match="has 39 x 30 pixels, not 40 x 30"):
        pair(write(ramp()[:, :, :39], "a.tif"), write(ramp(), "b.tif"))
