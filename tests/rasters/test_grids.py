from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from landwright.errors import DataError
from landwright.rasters import RasterInfo, open_raster
from landwright.rasters.grids import cells, grid_of, needs_warp, overlap, placement_notes, same_grid

PLACE = Affine(2.0, 0.0, 500000.0, 0.0, -2.0, 5000000.0)  # the grid of `make_raster`


@pytest.fixture
def info(make_raster):
    def make(transform: Affine = PLACE, shape: tuple[int, int] = (20, 30), **options: object) -> RasterInfo:
        name = f"{abs(hash((transform, shape, str(options))))}.tif"
        with open_raster(make_raster(name, np.zeros((1, *shape), np.uint8), transform=transform, **options)) as raster:
            return raster.info

    return make


def shifted(cols: float, rows: float = 0) -> Affine:
    return PLACE @ Affine.translation(cols, rows)


def test_same(info) -> None:
    assert same_grid(info(), info())
    assert same_grid(info(), info(shifted(0.009)))
    assert not same_grid(info(), info(shifted(0.02)))
    assert not same_grid(info(), info(shape=(20, 31)))
    assert not same_grid(info(), info(crs="EPSG:32632"))
    # A pixel size that differs a little adds up towards the far corner.
    assert not same_grid(info(), info(PLACE @ Affine.scale(1.001)))
    assert grid_of(info())[1:] == (PLACE, 20, 30)


def test_overlap(info) -> None:
    assert overlap(info(), info()) == pytest.approx(1)
    assert overlap(info(shifted(15)), info()) == pytest.approx(0.5)
    assert overlap(info(shifted(30)), info()) == 0
    assert overlap(info(PLACE @ Affine.rotation(90)), info()) == 0


def test_needs_warp(info) -> None:
    assert not needs_warp(info(), info())
    assert needs_warp(info(shifted(0.5)), info())
    with pytest.raises(DataError, match="does not overlap the image"):
        needs_warp(info(shifted(31)), info())


def test_without_georeference_sizes_decide(info) -> None:
    bare = info(transform=None, crs=None)
    other = info(shape=(20, 31), transform=None, crs=None)
    assert not needs_warp(bare, bare)
    assert not needs_warp(bare, info())
    assert not needs_warp(info(), bare)
    for label, image in ((bare, other), (other, info()), (info(), other)):
        with pytest.raises(DataError, match=r"has 3\d x 20 pixels but the image"):
            needs_warp(label, image)


def test_real_series_is_misaligned(shared: Path) -> None:
    infos = []
    for path in sorted((shared / "data" / "naip_series").glob("*.tif")):
        with open_raster(path) as raster:
            infos.append(raster.info)
    first, *others = infos
    for other in others:
        assert needs_warp(other, first)
        assert 0.99 < overlap(other, first) < 1


def test_cells_across_an_image(info) -> None:
    image = info()  # 20 x 30 pixels of 2 m
    assert cells(info(PLACE @ Affine.scale(10), shape=(9, 9)), image) == pytest.approx((2, 3))
    assert cells(info(PLACE @ Affine.scale(100), shape=(2, 2)), image) == pytest.approx((0.2, 0.3))
    # Across, wherever the label raster begins and ends.
    assert cells(info(PLACE @ Affine.translation(15, 0) @ Affine.scale(10), shape=(1, 1)), image) == pytest.approx(
        (2, 3)
    )
    rows, columns = cells(
        info(Affine(30 / 111e3, 0, 2.99, 0, -30 / 111e3, 45.2), shape=(400, 400), crs="EPSG:4326"), image
    )
    assert rows == pytest.approx(40 / 30, rel=0.05)
    assert columns == pytest.approx(60 / 30 / 0.705, rel=0.05)  # a degree of longitude is shorter


def test_notes_on_the_place(info) -> None:
    image = info()
    assert placement_notes(info(shifted(0.3, 0.3), shape=(40, 40)), info(shifted(5, 5), shape=(20, 30))) == []
    assert placement_notes(info(shifted(15)), image) == ["covers 50.0% of the image; the rest is ignored"]
    (note,) = placement_notes(info(PLACE @ Affine.scale(20), shape=(9, 9)), image)
    assert note == "only 1 x 1.5 of its pixels lie across the image: they give it hardly any shape"
    assert placement_notes(info(PLACE @ Affine.scale(10), shape=(9, 9)), image) == []
    assert len(placement_notes(info(PLACE @ Affine.translation(15, 0) @ Affine.scale(40), shape=(9, 9)), image)) == 2


@pytest.mark.parametrize(
    ("crs", "place", "shape"),
    [
        ("EPSG:4326", Affine(1, 0, -180, 0, -1, 90), (180, 360)),
        ("EPSG:3857", Affine(100_000, 0, -20_037_508, 0, -100_000, 20_037_508), (400, 400)),
    ],
)
def test_labels_of_the_whole_world_cover_any_image(info, crs: str, place: Affine, shape: tuple[int, int]) -> None:
    world = info(place, shape, crs=crs)
    assert overlap(world, info()) == pytest.approx(1)
    assert overlap(
        world, info(Affine(30, 0, 400_000, 0, -30, 5_600_000), (100, 100), crs="EPSG:32756")
    ) == pytest.approx(1)
    assert needs_warp(world, info())


def test_an_image_outside_a_system(info) -> None:
    pole = info(Affine(10_000, 0, -100_000, 0, -10_000, 100_000), (20, 20), crs="EPSG:3031")
    assert overlap(info(Affine(1000, 0, 0, 0, -1000, 0), (20, 20), crs="EPSG:3857"), pole) == 0
    with pytest.raises(DataError, match="does not overlap"):
        needs_warp(info(Affine(1000, 0, 0, 0, -1000, 0), (20, 20), crs="EPSG:3857"), pole)
