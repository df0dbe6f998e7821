from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from landwright.errors import DataError
from landwright.prepare.elevation import Elevation
from landwright.rasters import Window

Make = Callable[..., Path]
PLACE = Affine(1.0, 0.0, 500000.0, 0.0, -1.0, 5000000.0)


def test_metres_and_what_is_unknown(make_heights: Make) -> None:
    path = make_heights("d.tif", [[1, np.nan, 3], [np.inf, 5, 6]])
    with Elevation(path) as heights:
        np.testing.assert_equal(heights.read(), np.float32([[1, np.nan, 3], [np.nan, 5, 6]]))
        np.testing.assert_equal(heights.read(Window(1, 1, 1, 2)), np.float32([[5, 6]]))
        assert heights.read().dtype == np.float32
        assert heights.notes == ()


def test_integers_without_nodata(make_heights: Make) -> None:
    path = make_heights("d.tif", [[1, -9999, 3]], dtype="int16", nodata=None)
    with Elevation(path) as heights:
        assert heights.notes == ()
        np.testing.assert_equal(heights.read(), np.float32([[1, np.nan, 3]]))
        assert "should declare" in heights.notes[0]


def test_feet_are_converted(make_heights: Make) -> None:
    with Elevation(make_heights("d.tif", [[100, 200]], unit="ft")) as heights:
        np.testing.assert_allclose(heights.read(), [[30.48, 60.96]], rtol=1e-6)
        assert "multiplied by 0.3048" in heights.notes[0]
    with Elevation(make_heights("d.tif", [[100, 200]], unit="ft"), unit="metres") as heights:
        np.testing.assert_allclose(heights.read(), [[100, 200]])


def test_on_the_grid_of_another_raster(make_heights: Make) -> None:
    coarse = make_heights("t.tif", [[10, 20], [10, 20]], transform=PLACE @ Affine.scale(4))
    fine = make_heights("d.tif", np.zeros((8, 8)))
    with Elevation(fine) as surface, Elevation(coarse, like=surface.info) as terrain:
        heights = terrain.read()
        assert heights.shape == (8, 8)
        np.testing.assert_allclose(heights[0], [10, 10, 11.25, 13.75, 16.25, 18.75, 20, 20], atol=1e-4)
        assert terrain.notes == ()


def test_part_of_another_raster(make_heights: Make) -> None:
    half = make_heights("t.tif", np.full((8, 4), 3))
    fine = make_heights("d.tif", np.zeros((8, 8)))
    with Elevation(fine) as surface, Elevation(half, like=surface.info) as terrain:
        assert "covers 50.0%" in terrain.notes[0]
        assert np.isfinite(terrain.read()).mean() == 0.5


def test_no_overlap_is_refused(make_heights: Make) -> None:
    far = make_heights("t.tif", np.zeros((4, 4)), transform=PLACE @ Affine.translation(900, 0))
    with (
        Elevation(make_heights("d.tif", np.zeros((8, 8)))) as surface,
        pytest.raises(DataError, match=r"t\.tif: does not overlap .*d\.tif"),
    ):
        Elevation(far, like=surface.info)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"crs": None}, "has no coordinate reference system"),
        ({"transform": Affine.identity()}, "has a CRS but no position"),
        ({"crs": "EPSG:2994"}, "counts in foot, and nothing says"),
    ],
)
def test_rasters_without_metres_are_refused(make_heights: Make, options: dict, says: str) -> None:
    with pytest.raises(DataError, match=says):
        Elevation(make_heights("d.tif", np.zeros((4, 4)), **options))


def test_several_bands_and_scaled_values_are_refused(make_heights: Make, tmp_path: Path) -> None:
    path = make_heights("d.tif", np.zeros((4, 4)))
    with rasterio.open(path, "r+") as file:
        file.scales = (0.01,)
    with pytest.raises(DataError, match=r"scale or offset.*-unscale"):
        Elevation(path)
    rgb = tmp_path / "rgb.tif"
    with rasterio.open(
        rgb, "w", driver="GTiff", count=3, height=4, width=4, dtype="uint8", crs="EPSG:32631", transform=PLACE
    ):
        pass
    with pytest.raises(DataError, match="has 3 bands; heights have one"):
        Elevation(rgb)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        Elevation(tmp_path / "none.tif")
