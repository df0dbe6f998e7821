from __future__ import annotations

import numpy as np
import pytest
from rasterio.crs import CRS
from shapely.geometry import box

from landwright.errors import DataError
from landwright.rasters import open_raster
from landwright.rasters.placement import polygons_on
from landwright.rasters.vectors import Features


@pytest.fixture
def image(make_raster):
    with open_raster(make_raster("image.tif", np.zeros((1, 40, 50), np.uint8))) as raster:
        return raster.info


def polygons(*boxes: tuple[float, float, float, float], crs: str = "EPSG:32631") -> Features:
    return Features([box(*bounds) for bounds in boxes], [{} for _ in boxes], CRS.from_string(crs))


def test_only_those_on_the_image(image) -> None:
    found = polygons(
        (499000, 4999000, 499010, 4999010), (500010, 4999980, 500020, 4999990), (500098, 4999000, 500200, 4999922)
    )
    places, shapes = polygons_on(image, found, "a.geojson")
    assert places.tolist() == [1, 2]
    assert shapes[0].bounds == (5, 5, 10, 10)


def test_none_at_all(image) -> None:
    places, shapes = polygons_on(image, polygons(), "a.geojson")
    assert (len(places), len(shapes)) == (0, 0)


@pytest.mark.parametrize("shift", [(-200, 0), (200, 0), (0, 200), (0, -200)])
def test_all_on_one_side(image, shift: tuple[int, int]) -> None:
    x, y = 500000 + shift[0], 4999960 + shift[1]
    with pytest.raises(DataError, match="no polygon lies on the image"):
        polygons_on(image, polygons((x, y, x + 10, y + 10)), "a.geojson")


def test_metres_given_as_degrees(image) -> None:
    with pytest.raises(DataError, match="not valid in its reference system, EPSG:4326"):
        polygons_on(image, polygons((5e5, 5e6, 5e5 + 9, 5e6 + 9), crs="EPSG:4326"), "a.geojson")
