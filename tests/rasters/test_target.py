from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from landwright.errors import DataError, UsageError
from landwright.rasters import Grid, common_grid, survey, target_grid
from landwright.rasters.raster import Raster

Make = Callable[..., Path]
BLANK = np.ones((8, 10), np.uint8)


def moved(dx: float, dy: float, size: float = 2.0) -> Affine:
    return Affine(size, 0, 500000 + dx, 0, -size, 5000000 + dy)


def test_tiles_have_a_common_grid(make_raster: Make) -> None:
    tiles = [
        make_raster(f"{n}.tif", BLANK, transform=moved(*at)) for n, at in enumerate([(0, 0), (20, 0), (-4, -16.001)])
    ]
    grid = common_grid(survey(list(map(str, tiles))))
    assert grid == Grid(CRS.from_epsg(32631), moved(-4, 0), 16, 22)


@pytest.mark.parametrize(
    "other",
    [{"transform": moved(1, 0)}, {"transform": moved(0, 0, 1.0)}, {"crs": "EPSG:32632"}, {"bare": True}],
    ids=["shifted", "finer", "other zone", "bare"],
)
def test_no_common_grid(make_raster: Make, other: dict[str, object]) -> None:
    tiles = [make_raster("a.tif", BLANK), make_raster("b.tif", BLANK, **other)]
    assert common_grid(survey(list(map(str, tiles)))) is None


def test_single_image_has_its_own_grid(make_raster: Make) -> None:
    path = make_raster("a.tif", BLANK, bare=True)
    assert common_grid(survey([str(path)])) == Grid(None, Affine.identity(), 8, 10)


def test_union_at_multiples_of_the_finest_pixel(make_raster: Make) -> None:
    paths = [
        make_raster("a.tif", BLANK, transform=moved(1, 0)),
        make_raster("b.tif", BLANK, transform=moved(30.3, -1.2, 0.5)),
    ]
    grid = target_grid(survey(list(map(str, paths))))
    assert grid == Grid(CRS.from_epsg(32631), moved(1, 0, 0.5), 32, 69)


def test_gsd(make_raster: Make) -> None:
    images = survey([str(make_raster("a.tif", BLANK, transform=moved(1, 0)))])
    assert target_grid(images, gsd=4) == Grid(CRS.from_epsg(32631), moved(0, 0, 4), 4, 6)
    feet = target_grid(images, gsd=1, crs="EPSG:2263")  # US survey feet
    assert feet.transform.a == pytest.approx(3.2808, rel=0.01)
    mercator = target_grid(images, gsd=1, crs="EPSG:3857")
    assert mercator.transform.a == pytest.approx(1 / np.cos(np.radians(45.15)), rel=0.005)
    assert mercator.transform.c / mercator.transform.a == pytest.approx(
        round(mercator.transform.c / mercator.transform.a)
    )


def test_degrees_become_metres_in_the_zone_of_the_first(make_raster: Make) -> None:
    degrees = {"crs": "EPSG:4326", "transform": Affine(1e-5, 0, 8.5, 0, -1e-5, -33)}
    images = survey([str(make_raster("a.tif", BLANK, **degrees))])
    assert target_grid(images).crs == CRS.from_epsg(4326)
    assert target_grid(images).transform.almost_equals(degrees["transform"], 1e-9)
    assert target_grid(images, gsd=1).crs == CRS.from_epsg(32732)


def test_finest_of_another_system(make_raster: Make) -> None:
    paths = [
        make_raster("a.tif", BLANK),
        make_raster("b.tif", BLANK, crs="EPSG:3857", transform=Affine(1, 0, 333958, 0, -1, 5621521)),
    ]
    grid = target_grid(survey(list(map(str, paths))))
    assert grid.crs == CRS.from_epsg(32631)
    assert grid.transform.a == pytest.approx(np.cos(np.radians(45.05)), rel=0.005)


def test_rotated_image_gets_north_up(make_raster: Make) -> None:
    turned = Affine.translation(500000, 5000000) @ Affine.rotation(30) @ Affine.scale(2, -2)
    grid = target_grid(survey([str(make_raster("a.tif", BLANK, transform=turned))]))
    assert grid.transform.b == grid.transform.d == 0
    assert grid.transform.a == pytest.approx(2)


def test_like(make_raster: Make) -> None:
    images = survey([str(make_raster("a.tif", BLANK))])
    turned = Affine.translation(500001, 5000000) @ Affine.rotation(30) @ Affine.scale(2, -2)
    like = make_raster("like.tif", np.ones((20, 30), np.uint8), transform=turned)
    grid = target_grid(images, like=like)
    with Raster(images[0].source, grid=grid) as raster:
        assert raster.info.transform == turned
        assert raster.shape == (20, 30)
    with pytest.raises(UsageError, match="Leave out --crs and --gsd"):
        target_grid(images, like=like, gsd=1)


def test_nothing_on_the_grid(make_raster: Make) -> None:
    images = survey([str(make_raster("a.tif", BLANK)), str(make_raster("b.tif", BLANK))])
    far = make_raster("far.tif", BLANK, transform=moved(9000, 0))
    with pytest.raises(DataError, match=r"far\.tif: none of the 2 images lies on its grid"):
        target_grid(images, like=far)
    with pytest.raises(DataError, match=r"far\.tif: .*a\.tif lies beside it"):
        target_grid(images[:1], like=far)


def test_no_georeference(make_raster: Make) -> None:
    images = survey([str(make_raster("a.tif", BLANK)), str(make_raster("b.tif", BLANK, bare=True))])
    with pytest.raises(DataError, match=r"b\.tif: has no georeference"):
        target_grid(images)
    with pytest.raises(DataError, match=r"b\.tif: has no georeference"):
        target_grid(images[:1], like=images[1].source)


@pytest.mark.parametrize("gsd", [0, -1, float("nan"), float("inf")])
def test_senseless_gsd(make_raster: Make, gsd: float) -> None:
    with pytest.raises(UsageError, match="makes no grid"):
        target_grid(survey([str(make_raster("a.tif", BLANK))]), gsd=gsd)


def test_too_large(make_raster: Make) -> None:
    paths = [make_raster("a.tif", BLANK), make_raster("b.tif", BLANK, transform=moved(3e5, 0))]
    with pytest.raises(DataError, match="more than a raster can have"):
        target_grid(survey(list(map(str, paths))), gsd=1e-4)


LOCAL = 'LOCAL_CS["local",UNIT["metre",1]]'


def test_where_a_system_does_not_hold(make_raster: Make) -> None:
    local = make_raster("local.tif", BLANK, crs=LOCAL)
    seam = make_raster("seam.tif", BLANK, crs="EPSG:32601", transform=Affine(1e5, 0, 1e5, 0, -1e5, 1e6))
    with pytest.raises(DataError, match=r"local\.tif: cannot be placed in EPSG:3857: .* no counterpart"):
        target_grid(survey([str(local)]), crs="EPSG:3857")
    with pytest.raises(DataError, match=r"seam\.tif: .*crosses the 180th meridian"):
        target_grid(survey([str(seam)]), crs="EPSG:4326")


@pytest.mark.parametrize("crs", ["EPSG:99", "EPSG:5703", "EPSG:4978", "nonsense"])
def test_no_system_for_maps(make_raster: Make, crs: str) -> None:
    with pytest.raises(UsageError, match=f"{crs} is no reference system for maps"):
        target_grid(survey([str(make_raster("a.tif", BLANK))]), crs=crs)


def test_pole_beyond_the_other_has_no_metres(make_raster: Make) -> None:
    far = make_raster("far.tif", BLANK, crs="EPSG:4326", transform=Affine(1, 0, 5, 0, -1, 90))
    with pytest.raises(UsageError, match="how large a metre is in EPSG:3031"):
        target_grid(survey([str(far)]), crs="EPSG:3031")


def test_ground_without_size(make_raster: Make) -> None:
    images = survey([str(make_raster("a.tif", BLANK, crs=LOCAL))])
    assert target_grid(images).transform.a == 2
    # A size that is not known where the system changes.
    unknown = [image._replace(info=replace(image.info, gsd=None)) for image in images]
    unknown = [image._replace(info=replace(image.info, crs=CRS.from_epsg(32631))) for image in unknown]
    with pytest.raises(DataError, match=r"a\.tif: the ground size of its pixels is unknown.* --gsd"):
        target_grid(unknown, crs="EPSG:32632")
