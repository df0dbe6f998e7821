from __future__ import annotations

import multiprocessing
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning
from rio_cogeo import cog_validate

from landwright.errors import DataError
from landwright.legends import load_legend
from landwright.rasters import open_raster, write_cog

RNG = np.random.default_rng(3)
PLACE = Affine(0.5, 0.0, 500000.0, 0.0, -0.5, 5000000.0)


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (1, 700), (512, 512), (600, 512), (513, 1100)])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_valid_and_unchanged(tmp_path: Path, size: tuple[int, int], dtype: str) -> None:
    path = tmp_path / "a.tif"
    values = RNG.integers(0, 100, (2, *size)).astype(dtype)
    write_cog(path, values, crs="EPSG:32631", transform=PLACE, nodata=7)
    valid, errors, warned = cog_validate(path, strict=True)
    assert (valid, errors, warned) == (True, [], [])
    with open_raster(path) as raster:
        np.testing.assert_array_equal(raster.read(), values)
        assert raster.info.transform == PLACE
        assert raster.info.crs.to_epsg() == 32631
        assert raster.info.nodata == 7
        assert raster.info.compression == "deflate"
        assert raster.info.block[1] <= 512
        assert bool(raster.info.overviews) == (max(size) > 512)
    assert os.listdir(tmp_path) == ["a.tif"]


def test_class_map(tmp_path: Path) -> None:
    legend = load_legend("openearthmap-8")
    codes = legend.decode(RNG.integers(0, 8, (20, 25)).astype(np.uint8)).repeat(64, 0).repeat(64, 1)
    path = tmp_path / "map.tif"
    write_cog(
        path,
        codes,
        crs="EPSG:32631",
        transform=PLACE,
        nodata=legend.nodata,
        colormap=legend.colour_table(),
        descriptions=["land cover"],
        tags={"MODEL": "test"},
        overviews="mode",
    )
    assert cog_validate(path, strict=True)[0]
    with rasterio.open(path) as file:
        assert file.colorinterp == (ColorInterp.palette,)
        table = file.colormap(1)
        assert all(table[code] == colour for code, colour in legend.colour_table().items())
        assert file.descriptions == ("land cover",)
        assert file.tags()["MODEL"] == "test"
        assert file.tags()["AREA_OR_POINT"] == "Area"
        assert file.overviews(1) == [2, 4]
        overview = file.read(1, out_shape=(320, 400))
    # Blocks of one class are larger than an overview pixel, so the mode is exact.
    np.testing.assert_array_equal(overview, codes[::4, ::4])


def test_four_bands_have_no_alpha(tmp_path: Path) -> None:
    write_cog(tmp_path / "a.tif", RNG.integers(0, 255, (4, 30, 20), dtype=np.uint8), descriptions=["R", "G", "B", None])
    with rasterio.open(tmp_path / "a.tif") as file:
        assert file.colorinterp == (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.undefined)
        assert file.descriptions == ("R", "G", "B", None)
    with open_raster(tmp_path / "a.tif") as raster:
        assert raster.bands == (1, 2, 3, 4)
        assert raster.read_valid().all()


def test_without_georeference_no_warning(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", NotGeoreferencedWarning)
        write_cog(tmp_path / "a.tif", np.ones((4, 4), np.float32), nodata=float("nan"))
        with open_raster(tmp_path / "a.tif") as raster:
            assert np.isnan(raster.info.nodata)


def test_average_overviews(tmp_path: Path) -> None:
    values = np.tile(np.array([[0, 2], [2, 4]], np.float32), (300, 300))
    write_cog(tmp_path / "a.tif", values, overviews="average")
    with rasterio.open(tmp_path / "a.tif") as file:
        assert (file.read(1, out_shape=(300, 300)) == 2).all()


def test_same_bytes(tmp_path: Path) -> None:
    values = RNG.integers(0, 100, (2, 600, 600), dtype=np.uint8)
    for name in ("a.tif", "b.tif"):
        write_cog(tmp_path / name, values, crs="EPSG:32631", transform=PLACE, tags={"A": "b"})
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_that_was_forked_packs_as_well(tmp_path: Path) -> None:
    """GDAL's threads are those of the process that first packed."""
    values = RNG.integers(0, 100, (2, 1200, 1200), dtype=np.uint8)
    write_cog(tmp_path / "a.tif", values)
    child = multiprocessing.get_context("fork").Process(target=write_cog, args=(tmp_path / "b.tif", values))
    child.start()
    child.join(60)
    child.kill()
    assert child.exitcode == 0
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        {"array": np.zeros((2, 4, 4), np.uint8), "colormap": {0: (0, 0, 0, 0)}},
        {"array": np.zeros((4, 4), np.uint16), "colormap": {0: (0, 0, 0, 0)}},
        {"array": np.zeros((4, 4), np.uint8), "colormap": {0: (0, 0, 0, 0)}, "overviews": "average"},
        {"array": np.zeros((4, 4), np.uint8), "descriptions": ["a", "b"]},
    ],
)
def test_arguments_that_do_not_fit(tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"colormap|descriptions"):
        write_cog(tmp_path / "a.tif", **options)
    assert os.listdir(tmp_path) == []


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"):
        write_cog(tmp_path / "file" / "a.tif", np.zeros((4, 4), np.uint8))
