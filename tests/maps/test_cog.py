from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import RasterioError, RasterioIOError
from rio_cogeo.cogeo import cog_validate

from landwright.errors import DataError, UsageError
from landwright.maps.cog import StripWriter, refuse_holes

PLACE = {"crs": CRS.from_epsg(32632), "transform": Affine(0.2, 0, 5e5, 0, -0.2, 5e6)}
COLOURS = {0: (1, 2, 3, 255), 1: (4, 5, 6, 255), 255: (0, 0, 0, 0)}

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def write(path: Path, array: np.ndarray, rows: int = 100, **options: Any) -> None:
    height, width = array.shape
    with StripWriter(path, width=width, height=height, dtype=array.dtype.name, **options) as writer:
        for row in range(0, height, rows):
            writer.write(array[row : row + rows])


SIZES = [(1, 1), (1, 700), (600, 1), (7, 5), (512, 512), (513, 512), (1100, 1024), (1030, 2), (700, 900), (1, 2100)]


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("placed", [True, False])
def test_every_size_is_a_valid_cog(tmp_path: Path, height: int, width: int, placed: bool) -> None:
    path = tmp_path / "map.tif"
    array = np.random.default_rng(0).integers(0, 2, (height, width), dtype=np.uint8)
    write(path, array, nodata=255, colormap=COLOURS, overviews="mode", **(PLACE if placed else {}))
    # A column of one pixel cannot have overviews that a reader would accept.
    assert cog_validate(path, strict=width > 1, quiet=True)[0]
    with rasterio.open(path) as file:
        np.testing.assert_array_equal(file.read(1), array)
        assert file.nodata == 255
        assert file.colormap(1)[1] == (4, 5, 6, 255)
        assert file.colormap(1)[255] == (0, 0, 0, 0)
    assert [item.name for item in tmp_path.iterdir()] == ["map.tif"]


@pytest.mark.parametrize("rows", [1, 64, 511, 512, 513, 3000])
def test_the_pieces_do_not_matter(tmp_path: Path, rows: int) -> None:
    array = np.random.default_rng(0).normal(size=(1300, 30)).astype(np.float32)
    options = {"unit": "m", "description": "height", "tags": {"MODEL": "x"}, "overviews": "average"}
    write(tmp_path / "map.tif", array, rows, **options, **PLACE)
    with rasterio.open(tmp_path / "map.tif") as file:
        np.testing.assert_array_equal(file.read(1), array)
        assert file.units == ("m",)
        assert file.descriptions == ("height",)
        assert file.tags()["MODEL"] == "x"
        assert file.tags()["AREA_OR_POINT"] == "Area"
        assert file.profile["compress"] == "deflate"


@pytest.mark.parametrize("bands", [2, 3, 4, 8, 40])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 5), (513, 700), (1030, 2)])
def test_several_bands(tmp_path: Path, bands: int, height: int, width: int) -> None:
    array = np.random.default_rng(0).integers(0, 251, (bands, height, width), dtype=np.uint8)
    path = tmp_path / "map.tif"
    names = [f"class {band}" for band in range(bands)]
    options = {"dtype": "uint8", "nodata": 255, "overviews": "average", "unit": "1", "scale": 0.004, "tags": {"A": "b"}}
    with StripWriter(path, width=width, height=height, bands=bands, description=names, **options, **PLACE) as writer:
        for row in range(0, height, 100):
            writer.write(array[:, row : row + 100])
    assert cog_validate(path, strict=True, quiet=True)[0]
    with rasterio.open(path) as file:
        np.testing.assert_array_equal(file.read(), array)
        assert file.descriptions == tuple(names)
        assert file.units == ("1",) * bands
        assert file.scales == (0.004,) * bands
        assert file.nodatavals == (255,) * bands
        assert file.interleaving.name == "pixel"
        assert file.tags()["A"] == "b"
        # None of the bands is a colour or an opacity.
        assert {interpretation.name for interpretation in file.colorinterp} <= {"gray", "undefined"}
    assert [item.name for item in tmp_path.iterdir()] == ["map.tif"]


def test_a_rotated_grid_is_kept(tmp_path: Path) -> None:
    rotated = Affine.translation(5e5, 5e6) @ Affine.rotation(20) @ Affine.scale(0.5, -0.5)
    write(tmp_path / "map.tif", np.zeros((20, 30), np.uint8), crs=PLACE["crs"], transform=rotated)
    with rasterio.open(tmp_path / "map.tif") as file:
        assert file.transform.almost_equals(rotated)


def test_nothing_appears_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "map.tif"
    with StripWriter(path, width=9, height=9, dtype="uint8") as writer:
        writer.write(np.zeros((9, 9), np.uint8))
        writer.finish()
        writer.finish()
        assert not path.exists()
    assert path.exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("wrong")])
@pytest.mark.parametrize("rows", [0, 5, 600])
def test_an_error_leaves_nothing(tmp_path: Path, error: BaseException, rows: int) -> None:
    path = tmp_path / "new" / "map.tif"
    with pytest.raises(type(error)), StripWriter(path, width=9, height=700, dtype="uint8") as writer:
        writer.write(np.zeros((rows, 9), np.uint8))
        raise error
    assert not list(tmp_path.iterdir())


def test_missing_rows_are_a_mistake(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="8 rows were written to a map of 9"),
        StripWriter(tmp_path / "map.tif", width=4, height=9, dtype="uint8") as writer,
    ):
        writer.write(np.zeros((8, 4), np.uint8))
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="folder"):
        write(tmp_path, np.zeros((2, 2), np.uint8))


FULL_DISK = """
import resource, signal, sys
import numpy as np
from landwright.errors import DataError
from landwright.maps import StripWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
rows = np.random.default_rng(0).integers(0, 255, (1500, 1024), dtype=np.uint8)
try:
    with StripWriter(sys.argv[1], width=1024, height=1500, dtype="uint8") as writer:
        writer.write(rows)
except DataError as error:
    assert error.path == sys.argv[1] and "cannot be written" in error.problem and "Free space" in error.remedy
    sys.exit(3)
"""


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0001, 0.3, 0.72, 0.9, 0.999])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, share: float) -> None:
    """The share of the finished file that fits decides which step runs out of space."""
    path = tmp_path / "map.tif"
    run = [sys.executable, "-c", FULL_DISK, str(path)]
    subprocess.run([*run, str(resource.RLIM_INFINITY)], check=True, timeout=600)
    size = path.stat().st_size
    path.unlink()
    done = subprocess.run([*run, str(int(size * share))], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 3, done.stderr
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def copy(*args: Any, **options: Any) -> None:
        raise RasterioIOError("TIFFAppendToStrip:Write error at scanline 512")

    monkeypatch.setattr(rasterio.shutil, "copy", copy)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 0))
    with pytest.raises(DataError, match=r"the disk is full.*0 MB are left"):
        write(tmp_path / "map.tif", np.zeros((5, 5), np.uint8))
    assert not list(tmp_path.iterdir())


def test_holes_are_found(tmp_path: Path) -> None:
    """GDAL reads a block that was never stored as nodata, without a word."""
    path = tmp_path / "holes.tif"
    profile = {"driver": "GTiff", "width": 300, "height": 300, "count": 1, "dtype": "uint8", "SPARSE_OK": True}
    with rasterio.open(path, "w", tiled=True, blockxsize=256, blockysize=256, **profile) as file:
        file.write(np.ones((256, 256), np.uint8), 1, window=rasterio.windows.Window(0, 0, 256, 256))
    with pytest.raises(RasterioError, match="block 1_0 is missing"):
        refuse_holes(path)


GROWTH = """
import resource, sys
import numpy as np
from landwright.maps import StripWriter
rows = np.random.default_rng(0).integers(0, 16, (8, 64, 1024), dtype=np.uint8)
height = int(sys.argv[2])
with StripWriter(sys.argv[1], width=1024, height=height, dtype="uint8", bands=8, overviews="average") as out:
    for row in range(0, height, 64):
        out.write(rows)
    out.finish()
    # Of the whole process, in kB: writing, the COG and its overviews.
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_height(tmp_path: Path) -> None:
    """Of 50 and of 200 MB of pixels; GDAL's cache, of 64 MB, is full in both."""
    run = [sys.executable, "-c", GROWTH, str(tmp_path / "map.tif")]
    low, high = (
        int(subprocess.run([*run, str(height)], capture_output=True, check=True, timeout=600).stdout)
        for height in (6144, 24576)
    )
    assert (high - low) / 1024 < 25
