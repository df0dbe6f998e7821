from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
import rasterio
from affine import Affine

from landwright.errors import DataError
from landwright.maps.merging import virtual_map

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def test_the_virtual_map_is_the_map(tmp_path, made):
    run = made.make_run(tmp_path / "map.run")
    for spec in made.ALL:
        whole = made.values(spec, 70, 100)
        made.write(spec, tmp_path / "direct.tif", whole, "EPSG:32632", made.UTM)
        path = virtual_map(run, spec, run.folder / f"map{spec.suffix}.vrt")
        with rasterio.open(path) as file, rasterio.open(tmp_path / "direct.tif") as direct:
            np.testing.assert_array_equal(file.read(1), whole)
            assert (file.shape, file.crs, file.transform) == ((70, 100), direct.crs, Affine(*made.UTM))
            for what in ("dtypes", "nodata", "descriptions", "units", "scales", "colorinterp"):
                assert getattr(file, what) == getattr(direct, what), what
            assert file.tags() == direct.tags()
            if spec.colormap:
                assert file.colormap(1) == direct.colormap(1)


def test_bands_scales_and_no_georeference(tmp_path, made):
    many = made.HEIGHTS.model_copy(
        update={"stem": "probabilities", "dtype": "uint8", "nodata": 255, "bands": 3, "scale": 1 / 254}
        | {"descriptions": ("one", "two", "three"), "unit": None}
    )
    run = made.make_run(tmp_path / "map.run", specs=(many,), crs=None, transform=None)
    with rasterio.open(virtual_map(run, many, tmp_path / "deep" / "map.vrt")) as file:
        np.testing.assert_array_equal(file.read(), made.values(many, 70, 100))
        assert file.scales == (1 / 254,) * 3
        assert (file.crs, file.transform, file.descriptions) == (None, Affine.identity(), many.descriptions)


def test_what_no_block_covers_is_nodata(tmp_path, made):
    run = made.make_run(tmp_path / "map.run", empty=["r00000-c00000"], bad=["r00002-c00003"])
    with rasterio.open(virtual_map(run, made.HEIGHTS, run.folder / "map.vrt")) as file:
        found = file.read(1)
    whole = made.values(made.HEIGHTS, 70, 100)
    whole[:32, :32] = whole[64:, 96:] = -9999
    np.testing.assert_array_equal(found, whole)


def test_only_some_blocks_are_wanted(tmp_path, made):
    run = made.make_run(tmp_path / "map.run", only=("r00001-c00001",))
    with rasterio.open(virtual_map(run, made.CLASSES, run.folder / "map.vrt")) as file:
        assert file.shape == (70, 100)
        assert (file.read(1) != 255).sum() == 32 * 32


def test_run_and_map_can_be_moved_together(tmp_path, made):
    run = made.make_run(tmp_path / "a" / "map.run")
    virtual_map(run, made.CLASSES, run.folder / "map.vrt")
    virtual_map(run, made.CLASSES, tmp_path / "a" / "beside.vrt")
    shutil.move(tmp_path / "a", tmp_path / "b")
    for name in ("map.run/map.vrt", "beside.vrt"):
        with rasterio.open(tmp_path / "b" / name) as file:
            np.testing.assert_array_equal(file.read(1), made.values(made.CLASSES, 70, 100))


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need rights there")
def test_links_on_the_way(tmp_path, made):
    run = made.make_run(tmp_path / "one" / "map.run")
    (tmp_path / "x" / "y" / "z").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "x" / "y" / "z")
    with rasterio.open(virtual_map(run, made.CLASSES, tmp_path / "link" / "map.vrt")) as file:
        np.testing.assert_array_equal(file.read(1), made.values(made.CLASSES, 70, 100))


def test_a_block_that_is_gone_is_an_error(tmp_path, made):
    run = made.make_run(tmp_path / "map.run")
    virtual_map(run, made.CLASSES, run.folder / "map.vrt")
    (run.results.folder("r00001-c00001") / "classes.tif").unlink()
    with (
        rasterio.open(run.folder / "map.vrt") as file,
        pytest.raises(rasterio.errors.RasterioIOError, match="Read failed"),
    ):
        file.read(1)


def test_nothing_to_show(tmp_path, made):
    run = made.make_run(tmp_path / "map.run", 30, 30, empty=["r00000-c00000"])
    with pytest.raises(DataError, match=r"holds no block with a classes\.tif"):
        virtual_map(run, made.CLASSES, run.folder / "map.vrt")
    assert not (run.folder / "map.vrt").exists()
    bare = made.CLASSES.model_copy(update={"nodata": None})
    run = made.make_run(tmp_path / "bare.run", specs=(bare,), bad=["r00000-c00000"])
    with pytest.raises(DataError, match="has no nodata"):
        virtual_map(run, bare, run.folder / "map.vrt")
