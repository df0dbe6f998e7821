from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from landwright.errors import DataError
from landwright.maps import coverage, outlines
from landwright.maps.outlines import in_order
from landwright.maps.seams import Pieces, concatenate
from landwright.rasters import open_raster

PLACE = {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)}


def write(path: Path, codes: np.ndarray, **options) -> Path:
    profile = {"driver": "GTiff", "count": 1, "height": codes.shape[0], "width": codes.shape[1]}
    with rasterio.open(path, "w", dtype=codes.dtype, **profile, **PLACE, **options) as file:
        file.write(codes, 1)
    return path


def found(path: Path, classes=None, **options) -> Pieces:
    with open_raster(path) as raster:
        parts = concatenate(outlines.outlines(raster, classes, **options))
    return parts.take(in_order(parts.bounds))


def same(one: Pieces, two: Pieces) -> bool:
    return (
        shapely.to_wkb(one.polygons).tolist() == shapely.to_wkb(two.polygons).tolist()
        and one.codes.tolist() == two.codes.tolist()
        and one.bounds.tolist() == two.bounds.tolist()
    )


def smooth(height: int, width: int, seed: int) -> np.ndarray:
    """Four classes in patches of some ten pixels."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    fields = [gaussian_filter(rng.random((height, width)), 2) for _ in range(4)]
    return np.argmax(fields, axis=0).astype(np.uint8)


def ring() -> np.ndarray:
    """A ring with a court in the middle of the map, where four blocks meet, and an island in the court."""
    codes = np.zeros((40, 40), np.uint8)
    codes[5:35, 5:35] = 1
    codes[10:30, 10:30] = 0
    codes[18:22, 18:22] = 1
    return codes


def diagonals() -> np.ndarray:
    """Pixels that touch at corners, on seams and off them."""
    return (np.indices((40, 40)).sum(axis=0) % 2).astype(np.uint8)


def comb() -> np.ndarray:
    """One polygon that crosses every seam many times."""
    codes = np.zeros((40, 40), np.uint8)
    codes[:, ::2] = 1
    codes[39] = 1
    return codes


CASES = {
    "noise": np.random.default_rng(0).integers(0, 4, (40, 40)).astype(np.uint8),
    "holes": (np.random.default_rng(1).random((40, 40)) < 0.8).astype(np.uint8),
    "patches": smooth(40, 40, 0),
    "ring": ring(),
    "diagonals": diagonals(),
    "comb": comb(),
    "one pixel": np.ones((1, 1), np.uint8),
    "one row": np.arange(40, dtype=np.uint8)[None] // 3,
    "odd": np.random.default_rng(2).integers(0, 2, (37, 23)).astype(np.int16),
}


@pytest.mark.parametrize("nodata", [None, 0])
@pytest.mark.parametrize("name", CASES)
def test_the_cut_does_not_show(tmp_path, name, nodata):
    """1, 4, 9 and 16 blocks of 40 x 40 pixels, and blocks of a few pixels: the same bytes."""
    codes = CASES[name]
    path = write(tmp_path / "map.tif", codes, nodata=nodata)
    whole = found(path, block=40)
    for block in (20, 14, 10, 3):
        assert same(found(path, block=block), whole), block
    assert shapely.is_valid(whole.polygons).all()
    known = np.ones_like(codes, bool) if nodata is None else codes != nodata
    assert shapely.area(whole.polygons).sum() == np.count_nonzero(known)


def test_polygons_are_those_of_the_whole_raster(tmp_path):
    codes = CASES["noise"]
    path = write(tmp_path / "map.tif", codes)
    whole = found(path, block=7)
    expected = [
        (int(code), shapely.geometry.shape(shape)) for shape, code in rasterio.features.shapes(codes, connectivity=4)
    ]
    assert len(whole) == len(expected)
    bounds = {(polygon.bounds, code): polygon for code, polygon in expected}
    for polygon, code in zip(whole.polygons, whole.codes.tolist(), strict=True):
        assert polygon.equals(bounds[polygon.bounds, code])


def test_the_order_and_the_form(tmp_path):
    (outer, island) = found(write(tmp_path / "map.tif", ring(), nodata=0), block=20).polygons
    assert outer.bounds == (5, 5, 35, 35)
    assert len(outer.interiors) == 1
    assert shapely.get_num_coordinates(outer) == 10, "no points are left where the seams were"
    assert outer.exterior.coords[0] == (5, 5)
    assert island.equals(shapely.box(18, 18, 22, 22))


def test_chosen_classes(tmp_path):
    path = write(tmp_path / "map.tif", CASES["patches"])
    every, some = found(path), found(path, (1, 3), block=9)
    assert same(some, every.take(np.isin(every.codes, (1, 3))))


def test_finished_polygons_come_at_once(tmp_path):
    path = write(tmp_path / "map.tif", CASES["diagonals"])
    calls = []
    with open_raster(path) as raster:
        parts = list(outlines.outlines(raster, None, block=10, progress=lambda *at: calls.append(at)))
    assert sum(map(len, parts[:5])) == 360, "all but the last row of the first of four rows of blocks"
    assert calls[-1] == (1600, 1600)


@pytest.mark.parametrize("seed", range(4))
def test_shared_borders_stay_shared(tmp_path, monkeypatch, seed):
    monkeypatch.setattr(outlines, "TILE", 32)
    path = write(tmp_path / "map.tif", smooth(90, 70, seed))
    steps, plain = found(path), found(path, shared=1.25)
    assert shapely.is_valid(plain.polygons).all()
    assert shapely.coverage_is_valid(plain.polygons)
    assert shapely.area(plain.polygons).sum() == 90 * 70
    assert plain.bounds.tolist() == steps.bounds.tolist()
    assert plain.codes.tolist() == steps.codes.tolist()
    assert shapely.get_num_coordinates(plain.polygons).sum() < 0.6 * shapely.get_num_coordinates(steps.polygons).sum()


def test_ground_outside_has_simple_borders_too(tmp_path):
    """Nodata and classes that are not wanted are one ground."""
    codes = np.tril(np.ones((40, 40), np.uint8))
    codes[-1] = 2
    (polygon,) = found(write(tmp_path / "map.tif", codes, nodata=0), (1,), shared=1.5).polygons
    assert shapely.get_num_coordinates(polygon) < 10


def test_blocks_of_shared_borders_are_fixed(tmp_path):
    path = write(tmp_path / "map.tif", smooth(50, 50, 9))
    assert coverage.TILE == outlines.TILE == 1024
    assert same(found(path, shared=1.0, block=11), found(path, shared=1.0, block=1024))


def test_codes_of_more_than_32_bits(tmp_path):
    path = write(tmp_path / "map.tif", np.full((4, 4), 2**31, np.uint32))
    with pytest.raises(DataError, match="32 bits"):
        found(path)
