from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.warp import transform as project

from landwright.errors import DataError
from landwright.rasters import Grid, Window, assembled, common_grid, open_assembled, open_raster, survey, target_grid
from landwright.rasters.footprint import footprint
from landwright.rasters.raster import Raster

Make = Callable[..., Path]


def moved(dx: float, dy: float, size: float = 2.0) -> Affine:
    return Affine(size, 0, 500000 + dx, 0, -size, 5000000 + dy)


def noise(seed: int, *shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(1, 255, shape, dtype=np.uint8)


@pytest.fixture
def tiles(make_raster: Make) -> list[str]:
    """Four tiles that overlap by 8 pixels, on one grid."""
    at = [(0, 0), (80, 0), (0, -64), (80, -64)]
    return [str(make_raster(f"{n}.tif", noise(n, 3, 40, 48), transform=moved(*place))) for n, place in enumerate(at)]


def test_tiles_are_pasted(tiles: list[str]) -> None:
    images = survey(tiles)
    grid = common_grid(images)
    assert grid is not None
    assert grid[2:] == (72, 88)
    wanted = np.zeros((3, 72, 88), np.uint8)
    for number, place in ((3, (32, 40)), (2, (32, 0)), (1, (0, 40)), (0, (0, 0))):
        wanted[:, place[0] : place[0] + 40, place[1] : place[1] + 48] = noise(number, 3, 40, 48)
    with open_assembled(images, grid) as whole:
        pixels, valid = whole.read_with_valid()
        assert whole.resampled == 0
        assert whole.info.path == f"{tiles[0]} and 3 more"
        assert (whole.shape, whole.bands, whole.info.gsd) == ((72, 88), (1, 2, 3), 2)
    assert np.array_equal(pixels, wanted)
    assert valid.all()


def test_best_is_the_farther_from_its_edge(tiles: list[str]) -> None:
    images = survey(tiles[:2])
    grid = common_grid(images)
    assert grid is not None
    with open_assembled(images, grid, order="best") as whole:
        pixels, _ = whole.read_with_valid(Window(16, 0, 8, 88))
    # The overlap, columns 40 to 47, is shared out in the middle; in the middle rows no other edge is nearer.
    assert np.array_equal(pixels[:, :, :44], noise(0, 3, 40, 48)[:, 16:24, :44])
    assert np.array_equal(pixels[:, :, 44:], noise(1, 3, 40, 48)[:, 16:24, 4:])


def test_equals_go_to_the_first(make_raster: Make) -> None:
    paths = [str(make_raster(f"{n}.tif", np.full((9, 9), n, np.uint8))) for n in (1, 2)]
    for order in ("first", "best"):
        with open_assembled(survey(paths), common_grid(survey(paths)), order=order) as whole:  # type: ignore[arg-type]
            assert (whole.read_with_valid()[0] == 1).all()


def test_holes_are_filled_by_the_next(make_raster: Make) -> None:
    first = np.full((9, 9), 7, np.uint8)
    first[2:5] = 0
    second = np.full((9, 9), 8, np.int16)
    second[4:6] = -5
    images = survey([str(make_raster("a.tif", first, nodata=0)), str(make_raster("b.tif", second, nodata=-5))])
    grid = common_grid(images)
    assert grid is not None
    for order in ("first", "best"):
        with open_assembled(images, grid, order=order) as whole:  # type: ignore[arg-type]
            pixels, valid = whole.read_with_valid()
        assert (whole.info.dtype, pixels.dtype, whole.info.nodata) == ("int16", np.int16, None)
        assert pixels[0, :, 0].tolist() == [7, 7, 8, 8, 0, 7, 7, 7, 7]
        assert valid[:, 0].tolist() == [True] * 4 + [False] + [True] * 4


@pytest.fixture
def mixed(make_raster: Make, tiles: list[str]) -> list[str]:
    """The tiles; one between their pixels, one of another zone, one turned; with and without nodata."""
    soft = noise(5, 3, 10, 14).repeat(5, axis=1).repeat(4, axis=2)
    turned = Affine.translation(500040, 4999990) @ Affine.rotation(20) @ Affine.scale(1.5, -1.5)
    with open_raster(tiles[0]) as raster:
        (x,), (y,) = project(raster.info.crs, "EPSG:32632", [500060], [4999950])
    other = Affine(2, 0, x, 0, -2, y)
    large, degrees = noise(6, 3, 500, 700).astype(np.float32), Affine(1.5e-5, 0, 3.0, 0, -1.5e-5, 45.154)
    return [
        *tiles[:2],
        # With nodata and without a mask of its own, GDAL would warp what is read at once in one go.
        str(make_raster("large.tif", large, crs="EPSG:4326", transform=degrees, nodata=1)),
        str(make_raster("off.tif", soft, transform=moved(30.7, -40.3, 1.7))),
        str(make_raster("zone.tif", soft.astype(np.uint16), crs="EPSG:32632", transform=other, nodata=9)),
        str(make_raster("turned.tif", soft, transform=turned)),
        *tiles[2:],
    ]


@pytest.mark.parametrize("order", ["first", "best"])
def test_values_do_not_depend_on_windows(
    mixed: list[str], order: assembled.Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = survey(mixed)
    grid = target_grid(images, gsd=1.5)
    with open_assembled(images, grid, order=order) as whole:
        pixels, valid = whole.read_with_valid()
        assert whole.resampled == len(mixed)
        assert whole.info.notes[-1] == "8 of 8 images are resampled onto the map's grid (bilinear)"
    assert 0.2 < valid.mean() < 1
    # Few files at a time, narrow pieces, and GDAL's blocks of 512 x 128 cut at every place.
    monkeypatch.setattr(assembled, "_OPEN", 2)
    monkeypatch.setattr(assembled, "_PIECE", 37)
    for height, width in ((31, grid.width), (grid.height, 50), (140, 520)):
        with open_assembled(images, grid, order=order) as whole:
            for row in range(0, grid.height, height):
                for col in range(0, grid.width, width):
                    window = Window(row, col, min(height, grid.height - row), min(width, grid.width - col))
                    part, usable = whole.read_with_valid(window)
                    here = (slice(row, row + height), slice(col, col + width))
                    assert np.array_equal(usable, valid[here])
                    assert np.array_equal(part, pixels[:, *here])
            assert len(whole._open) <= 2


def test_resampled_pixels_are_those_of_a_raster_on_the_grid(mixed: list[str]) -> None:
    images = survey([mixed[4]])
    grid = target_grid(images, crs="EPSG:32631", gsd=2)
    with Raster(mixed[4], grid=grid) as alone, open_assembled(images, grid) as whole:
        wanted, usable = alone.read_with_valid()
        pixels, valid = whole.read_with_valid()
        assert whole.info.notes[-1] == "resampled onto the map's grid (bilinear)"
    # The edges of the part that is warped lie elsewhere: GDAL's approximation may differ by a rounding.
    assert np.array_equal(valid, usable)
    assert np.abs(pixels.astype(int) - np.where(usable, wanted, 0)).max() <= 1


def test_only_what_meets_the_window_is_opened(tiles: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    images = survey(tiles)
    grid = common_grid(images)
    assert grid is not None
    opened: list[str] = []

    class Spy(Raster):
        def __init__(self, path: str, **options: object) -> None:
            opened.append(path)
            super().__init__(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(assembled, "Raster", Spy)
    with open_assembled(images, grid) as whole:
        whole.read_with_valid(Window(0, 0, 20, 40))
        whole.read_with_valid(Window(0, 0, 32, 48))  # in the overlap the first is valid
        assert opened == tiles[:1]
        whole.read_with_valid(Window(40, 0, 5, 5))
    assert opened == [tiles[0], tiles[2]]


def test_other_processes_open_their_own(tiles: list[str]) -> None:
    images = survey(tiles)
    grid = common_grid(images)
    assert grid is not None
    with open_assembled(images, grid, order="best") as whole:
        pixels, valid = whole.read_with_valid()
        copy = pickle.loads(pickle.dumps(whole))
    assert not copy._open
    with copy:
        again, same = copy.read_with_valid()
    assert np.array_equal(pixels, again)
    assert np.array_equal(valid, same)


def test_images_beside_the_grid(make_raster: Make, tiles: list[str]) -> None:
    like = make_raster("like.tif", np.ones((10, 12), np.uint8), transform=moved(-6, 4))
    images = survey(tiles)
    grid = target_grid(images, like=like)
    with open_assembled(images, grid) as whole:
        pixels, valid = whole.read_with_valid()
        assert whole.info.notes == ("3 of 4 images lie beside the map's grid",)
    assert np.array_equal(pixels[:, 2:, 3:], noise(0, 3, 40, 48)[:, :8, :9])
    assert valid[2:, 3:].all()
    assert not valid[:2].any()
    far = Grid(grid.crs, moved(9000, 0), 5, 5)
    with pytest.raises(DataError, match=r"0\.tif: lies beside the grid"):
        open_assembled(images, far)


def test_remarks_of_some_images_are_counted(make_raster: Make, tiles: list[str]) -> None:
    scaled = make_raster("s.tif", noise(9, 3, 40, 48), transform=moved(0, 0))
    with rasterio.open(scaled, "r+") as file:
        file.scales = (0.5, 0.5, 0.5)
    images = survey([tiles[0], str(scaled)])
    grid = common_grid(images)
    assert grid is not None
    assert open_assembled(images, grid).info.notes == (
        "the file declares a scale or offset: stored values are read, not scaled ones (1 of 2 images)",
    )
    assert open_assembled(images[:1], grid).info.path == tiles[0]


@pytest.mark.parametrize("flip", [1, -1])
def test_depth_is_the_distance_from_the_nearest_side(make_raster: Make, flip: int) -> None:
    place = Affine(2, 0, 500000, 0, -2 * flip, 5000000)
    with open_raster(make_raster("a.tif", np.ones((9, 11), np.uint8), transform=place)) as raster:
        info = raster.info
    grid = Grid(info.crs, moved(-4, 40, 1.0), 100, 60)
    found = footprint(info, grid)
    assert found is not None
    depth = found.depth(found.window)
    assert found.window[2:] == (18, 22)
    rows, columns = np.mgrid[0.5:18, 0.5:22]
    assert np.allclose(depth, np.minimum.reduce([rows, 18 - rows, columns, 22 - columns]))
    assert np.allclose(found.scale, 0.5)


def test_turned_images_stay_sharp(make_raster: Make) -> None:
    stripes = np.tile(np.array([0, 0, 200, 200], np.uint8), (400, 100))
    turned = Affine.translation(500000, 5000000) @ Affine.rotation(30) @ Affine.scale(2, -2)
    for options in ({}, {"nodata": 255}):
        images = survey([str(make_raster("a.tif", stripes, transform=turned, **options))])
        grid = target_grid(images)
        found = footprint(images[0].info, grid)
        assert found is not None
        assert np.allclose(found.scale, 1)
        with open_assembled(images, grid) as whole:
            pixels, valid = whole.read_with_valid()
        assert pixels[0][valid].max() > 195  # GDAL's own estimate would blur them


def test_single_pixel_and_empty_rasters(make_raster: Make) -> None:
    one = survey([str(make_raster("one.tif", np.full((1, 1), 5, np.uint8)))])
    grid = common_grid(one)
    assert grid is not None
    with open_assembled(one, grid) as whole:
        assert whole.read_with_valid()[0].tolist() == [[[5]]]
    empty = survey([str(make_raster("empty.tif", np.zeros((6, 7), np.uint8), nodata=0))])
    grid = target_grid(empty, gsd=1)
    with open_assembled(empty, grid) as whole:
        assert not whole.read_with_valid()[1].any()
