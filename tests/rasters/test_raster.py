from __future__ import annotations

import multiprocessing
import os
import pickle
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning

from landwright.errors import DataError
from landwright.rasters import Grid, Raster, Window, open_raster

RNG = np.random.default_rng(1)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "uint32", "float32", "float64"])
@pytest.mark.parametrize("options", [{}, {"tiled": True, "blockxsize": 32, "blockysize": 16}, {"bigtiff": "YES"}])
def test_windows_in_native_type(make_raster, dtype: str, options: dict[str, object]) -> None:
    values = RNG.integers(1, 200, (3, 61, 83)).astype(dtype)
    with open_raster(make_raster("a.tif", values, **options)) as raster:
        assert raster.info.dtype == dtype
        assert raster.shape == raster.info.shape == (61, 83)
        np.testing.assert_array_equal(raster.read(), values)
        part = raster.read(Window(7, 11, 13, 17))
        assert part.dtype == dtype
        np.testing.assert_array_equal(part, values[:, 7:20, 11:28])
        with pytest.raises(ValueError, match="does not lie"):
            raster.read(Window(60, 0, 2, 2))


def test_mask_inside_the_file(make_raster) -> None:
    mask = np.where(RNG.random((30, 20)) < 0.5, 0, 255).astype(np.uint8)
    with open_raster(make_raster("a.tif", np.ones((2, 30, 20), np.uint8), mask=mask)) as raster:
        np.testing.assert_array_equal(raster.read_valid(Window(3, 4, 10, 9)), mask[3:13, 4:13] > 0)


def test_nodata_nan_and_infinity(make_raster) -> None:
    values = np.ones((2, 4, 4), np.float32)
    values[:, 0, 0] = -9999
    values[0, 1, 1] = -9999
    values[0, 2, 2] = np.nan
    values[1, 3, 3] = np.inf
    with open_raster(make_raster("a.tif", values, nodata=-9999)) as raster:
        assert raster.info.nodata == -9999
        assert np.argwhere(~raster.read_valid()).tolist() == [[0, 0], [2, 2], [3, 3]]


def test_alpha_and_nodata_together(make_raster) -> None:
    values = np.full((4, 2, 2), 255, np.uint8)
    values[:3, 0, 0] = 0
    values[3, 1, 1] = 0
    with open_raster(make_raster("a.tif", values, alpha=True, nodata=0)) as raster:
        assert raster.read_valid().tolist() == [[False, True], [True, False]]


def test_without_georeference_no_warning(make_raster) -> None:
    path = make_raster("a.png", RNG.integers(0, 255, (3, 20, 30), dtype=np.uint8))
    with warnings.catch_warnings():
        warnings.simplefilter("error", NotGeoreferencedWarning)
        with open_raster(path) as raster:
            assert raster.read().shape == (3, 20, 30)
    assert not raster.info.georeferenced
    assert raster.info.gsd is None
    assert any("no georeference" in note for note in raster.info.notes)


def test_world_file(make_raster, tmp_path: Path) -> None:
    path = make_raster("a.png", np.zeros((1, 5, 6), np.uint8))
    path.with_suffix(".pgw").write_text("2\n0\n0\n-2\n101\n199\n")
    with open_raster(path) as raster:
        assert raster.info.transform == Affine(2, 0, 100, 0, -2, 200)
        assert not raster.info.georeferenced
        assert "no coordinate reference system" in raster.info.notes


def test_rotated_grid_is_kept(make_raster) -> None:
    turned = Affine.translation(500000, 5000000) @ Affine.rotation(20) @ Affine.scale(2, -2)
    values = RNG.integers(0, 255, (1, 20, 30), dtype=np.uint8)
    with open_raster(make_raster("a.tif", values, transform=turned)) as raster:
        assert raster.info.transform.almost_equals(turned)
        assert raster.info.gsd == pytest.approx(2)
        np.testing.assert_array_equal(raster.read(), values)
        assert "rotated grid, kept as it is" in raster.info.notes


def test_ground_control_points_are_warped(make_raster) -> None:
    values = np.full((3, 60, 80), 900, np.uint16)
    turned = Affine.translation(500000, 5000000) @ Affine.rotation(20) @ Affine.scale(2, -2)
    points = []
    for row in (0, 30, 60):
        for col in (0, 40, 80):
            x, y = turned @ (col, row)
            points.append(GroundControlPoint(row=row, col=col, x=x, y=y))
    path = make_raster("a.tif", values, bare=True, gcps=points, crs="EPSG:32631")
    with open_raster(path) as raster:
        pixels, valid = raster.read_with_valid()
        assert raster.info.georeferenced
        assert raster.info.gsd == pytest.approx(2, rel=0.02)
        assert "placed by 9 ground control points: warped while reading" in raster.info.notes
    assert pixels.shape[0] == 3
    assert (pixels[:, valid] == 900).all()
    # 60 x 80 source pixels cover that much of the new, larger grid; the rest is not usable.
    assert valid.sum() == pytest.approx(4800, rel=0.05)
    assert not valid[0, 0]


def test_infrared_behind_ground_control_points_leaves_no_rim(make_raster) -> None:
    values = RNG.integers(1, 255, (4, 60, 80), dtype=np.uint8)
    corners = [(0, 0, 0, 0), (0, 80, 150, 50), (60, 80, 110, 160), (60, 0, -40, 110)]
    points = [GroundControlPoint(row=r, col=c, x=500000 + x, y=5000000 - y) for r, c, x, y in corners]
    path = make_raster("a.tif", values, alpha=True, bare=True, gcps=points, crs="EPSG:32631")
    with open_raster(path) as raster:
        pixels, valid = raster.read_with_valid()
    assert raster.bands == (1, 2, 3, 4)
    assert (pixels[:, ~valid] == 0).all()
    assert (~valid).any()


def test_pickle_opens_again(make_raster) -> None:
    values = RNG.integers(0, 255, (1, 20, 30), dtype=np.uint8)
    raster = open_raster(make_raster("a.tif", values))
    copy = pickle.loads(pickle.dumps(raster))
    np.testing.assert_array_equal(copy.read(), values)
    assert copy.info == raster.info
    raster.close()
    np.testing.assert_array_equal(copy.read(Window(1, 2, 3, 4)), values[:, 1:4, 2:6])
    copy.close()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes_open_their_own(make_raster, method: str) -> None:
    values = RNG.integers(0, 255, (1, 200, 300), dtype=np.uint8)
    context = multiprocessing.get_context(method)
    with open_raster(make_raster("a.tif", values, compress="deflate")) as raster:
        raster.read()
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            for pixels in pool.map(Raster.read, [raster] * 4):
                np.testing.assert_array_equal(pixels, values)
        np.testing.assert_array_equal(raster.read(), values)


def test_forked_handle_is_replaced(make_raster, monkeypatch: pytest.MonkeyPatch) -> None:
    raster = open_raster(make_raster("a.tif", np.ones((1, 4, 4), np.uint8)))
    before = raster._handle
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert raster.read().sum() == 16
    assert raster._handle is not before
    assert not before.closed
    monkeypatch.undo()
    raster.close()


def test_closed(make_raster) -> None:
    with open_raster(make_raster("a.tif", np.ones((1, 4, 4), np.uint8))) as raster:
        pass
    with pytest.raises(ValueError, match="is closed"):
        raster.read()
    raster.close()


def test_palette(make_raster) -> None:
    path = make_raster("a.png", np.array([[0, 1]], np.uint8), palette={0: (1, 2, 3), 1: (4, 5, 6)})
    with open_raster(path) as raster:
        palette = raster.palette()
    assert palette is not None
    assert palette[:2].tolist() == [[1, 2, 3], [4, 5, 6]]
    with open_raster(make_raster("b.png", np.array([[0, 1]], np.uint8))) as raster:
        assert raster.palette() is None
    with open_raster(make_raster("c.tif", np.zeros((3, 2, 2), np.uint8))) as raster:
        assert raster.palette() is None


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file") as caught:
        open_raster(tmp_path / "none.tif")
    assert caught.value.exit_code == 3
    with pytest.raises(DataError, match="not a readable raster"):
        open_raster("NETCDF:none.nc:band")


@pytest.mark.parametrize("content", [b"", b"hello", b"II*\0" + b"\0" * 20])
def test_unreadable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    with pytest.raises(DataError, match="is not a readable raster"):
        open_raster(path)


@pytest.mark.parametrize("options", [{}, {"tiled": True, "compress": "deflate"}, {"interleave": "band"}])
@pytest.mark.parametrize("share", [0.3, 0.97, 0.9999])
def test_geotiff_cut_short_is_found_on_opening(make_raster, options: dict[str, object], share: float) -> None:
    path = make_raster("a.tif", RNG.integers(0, 255, (3, 600, 500), dtype=np.uint8), **options)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DataError, match=r"cut short|not a readable raster"):
        open_raster(path)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_picture_cut_short_is_found_on_reading(make_raster, name: str, share: float) -> None:
    path = make_raster(name, RNG.integers(0, 255, (3, 600, 500), dtype=np.uint8))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with open_raster(path) as raster, pytest.raises(DataError, match="cannot be read to its end") as caught:
        raster.read()
    assert caught.value.path == str(path)


def test_damaged_block_is_found_on_reading(make_raster) -> None:
    path = make_raster("a.tif", RNG.integers(0, 255, (1, 600, 500), dtype=np.uint8), tiled=True, compress="deflate")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 5000] = bytes(5000)
    path.write_bytes(content)
    with open_raster(path) as raster, pytest.raises(DataError, match="cannot be read to its end"):
        raster.read_with_valid()


def test_memory_file_by_gdal_name(make_raster, tmp_path: Path) -> None:
    import zipfile

    path = make_raster("a.tif", np.full((1, 4, 4), 9, np.uint8))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "a.tif")
    with open_raster(f"/vsizip/{tmp_path}/a.zip/a.tif") as raster:
        assert raster.read().max() == 9


@pytest.mark.parametrize(
    ("name", "shape", "dtype", "gsd"),
    [
        ("autzen/rgb.tif", (3, 2610, 1328), "uint8", 0.5),
        ("kampala_oam/test.tif", (3, 1024, 768), "uint8", 0.0746),
        ("spacenet4_atlanta/sample_geotiff.tif", (1, 900, 900), "uint16", 0.5),
        ("elevation/dom1_32_356_5699_1_nw_2020.tif", (1, 1000, 1000), "float32", 1.0),
        ("dubai_hitl/Tile 4/images/image_part_001.jpg", (3, 846, 1099), "uint8", None),
        ("chesapeake_patches/tile_lowres/m_3907833_nw_17_1_naip-new.tif", (4, 260, 260), "uint8", 26.364),
    ],
)
def test_real(shared: Path, name: str, shape: tuple[int, ...], dtype: str, gsd: float | None) -> None:
    with open_raster(shared / "data" / name) as raster:
        pixels, valid = raster.read_with_valid()
    assert (pixels.shape, pixels.dtype.name) == (shape, dtype)
    assert raster.info.gsd == (gsd if gsd is None else pytest.approx(gsd, rel=1e-3))
    assert valid.all()


def test_real_holes(shared: Path) -> None:
    with open_raster(shared / "data" / "elevation" / "dc_dtm.tif") as raster:
        pixels, valid = raster.read_with_valid()
    assert 0 < (~valid).sum() < valid.size
    np.testing.assert_array_equal(valid, pixels[0] != -9999)


def test_warped_pixels_do_not_depend_on_windows(make_raster) -> None:
    pixels = np.random.default_rng(3).random((400, 700), np.float32)
    degrees = Affine(1.5e-5, 0, 3.0, 0, -1.5e-5, 45.154)
    path = make_raster("a.tif", pixels, crs="EPSG:4326", transform=degrees, nodata=-1)
    grid = Grid(CRS.from_epsg(32631), Affine(1.5, 0, 500000, 0, -1.5, 5000000), 400, 600)
    with Raster(path, grid=grid) as raster:
        whole = raster.read()
        assert (whole != -1).mean() > 0.5
        for window in (Window(20, 7, 140, 520), Window(0, 0, 400, 513), Window(130, 0, 270, 600)):
            here = (slice(window.row, window.row + window.height), slice(window.col, window.col + window.width))
            assert np.array_equal(raster.read(window), whole[:, *here])
