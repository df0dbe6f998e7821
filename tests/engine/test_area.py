from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasterio.warp import transform_geom

from landwright.engine.area import AreaReader
from landwright.errors import DataError, UsageError
from landwright.rasters import Window, open_raster

SQUARE = [[500_010, 5_299_990], [500_030, 5_299_990], [500_030, 5_299_980], [500_010, 5_299_980], [500_010, 5_299_990]]


def geojson(path: Path, ring: Any = SQUARE, crs: str = "EPSG:4326") -> Path:
    geometry = transform_geom("EPSG:32632", crs, {"type": "Polygon", "coordinates": [ring]})
    content: dict[str, Any] = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": geometry}]}
    if crs != "EPSG:4326":
        content["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32632", "EPSG:3857"])
def test_only_pixels_inside_are_valid_in_any_crs(write: Any, tmp_path: Path, crs: str) -> None:
    pixels = np.ones((1, 100, 80), np.uint8)
    pixels[0, 25, :] = 0
    with open_raster(write(pixels, nodata=0)) as raster:
        area = AreaReader(raster, geojson(tmp_path / "a.geojson", crs=crs))
        assert area.shape == (100, 80)
        read, valid = area.read_with_valid(Window(0, 0, 100, 80))
    expected = np.zeros((100, 80), bool)
    expected[20:40, 20:60] = True
    expected[25] = False
    np.testing.assert_array_equal(read, pixels)
    np.testing.assert_array_equal(valid, expected)


def test_rows_outside_are_not_read(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_raster(write(np.ones((2, 100, 80), np.uint16))) as raster:
        area = AreaReader(raster, geojson(tmp_path / "a.geojson"))
        monkeypatch.setattr(raster, "read_with_valid", None)
        pixels, valid = area.read_with_valid(Window(50, 0, 50, 80))
    assert pixels.shape == (2, 50, 80)
    assert pixels.dtype == np.uint16
    assert not valid.any()


def test_an_area_elsewhere_is_an_error(write: Any, tmp_path: Path) -> None:
    ring = [[x + 1000, y] for x, y in SQUARE]
    with open_raster(write(np.ones((1, 100, 80), np.uint8))) as raster, pytest.raises(DataError, match="no polygon"):
        AreaReader(raster, geojson(tmp_path / "a.geojson", ring))


def test_a_raster_is_no_area(write: Any, tmp_path: Path) -> None:
    path = write(np.ones((1, 10, 10), np.uint8))
    with open_raster(path) as raster, pytest.raises(UsageError, match="no vector file"):
        AreaReader(raster, path)
