from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.errors import RasterioError
from rio_cogeo.cogeo import cog_validate

from landwright.errors import DataError, DiskFullError, UsageError
from landwright.maps.merging import cogs, merge_maps

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("shape", "block"),
    [
        ((70, 100), 32),
        pytest.param((1100, 700), 256, marks=pytest.mark.slow),
        pytest.param((600, 40), 1024, marks=pytest.mark.slow),
    ],
)
def test_the_merged_map_is_the_direct_one_to_the_byte(tmp_path, made, shape, block):
    run = made.make_run(tmp_path / "map.run", *shape, block)
    targets = {spec.stem: tmp_path / "out" / f"map{spec.suffix}.tif" for spec in made.ALL}
    seen: list[tuple[int, int]] = []
    merge_maps(run, targets, {tmp_path / "out" / "map.qml": "<qgis/>"}, progress=lambda *done: seen.append(done))
    for spec in made.ALL:
        made.write(spec, tmp_path / "direct.tif", made.values(spec, *shape), "EPSG:32632", made.UTM)
        assert targets[spec.stem].read_bytes() == (tmp_path / "direct.tif").read_bytes(), spec.stem
        assert cog_validate(targets[spec.stem], strict=True, quiet=True)[0]
    assert names(tmp_path / "out") == ["map.qml", "map.tif", "map_confidence.tif", "map_height.tif"]
    total = 3 * shape[0] * shape[1]
    assert seen == sorted(seen) and seen[-1] == (total, total)


def test_no_georeference_and_gaps(tmp_path, made):
    run = made.make_run(tmp_path / "map.run", specs=(made.CLASSES,), crs=None, transform=None, empty=["r00000-c00000"])
    merge_maps(run, {"classes": tmp_path / "map.tif"}, {})
    whole = made.values(made.CLASSES, 70, 100)
    whole[:32, :32] = 255
    made.write(made.CLASSES, tmp_path / "direct.tif", whole, None, None)
    assert (tmp_path / "map.tif").read_bytes() == (tmp_path / "direct.tif").read_bytes()


@pytest.mark.slow
def test_a_damaged_block_is_named_and_nothing_is_left(tmp_path, made):
    run = made.make_run(tmp_path / "map.run")
    bad = run.results.folder("r00001-c00001") / "height.tif"
    bad.write_bytes(bad.read_bytes()[:900])
    targets = {spec.stem: tmp_path / "out" / f"map{spec.suffix}.tif" for spec in made.ALL}
    with pytest.raises(DataError, match="r00001-c00001") as caught:
        merge_maps(run, targets, {})
    assert "made anew" in caught.value.remedy
    assert names(tmp_path) == ["map.run"]


def test_an_older_map_stays_after_an_error(tmp_path, made, monkeypatch):
    run = made.make_run(tmp_path / "map.run", specs=(made.CLASSES,))
    (tmp_path / "map.tif").write_text("old")

    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(cogs, "convert_apart", interrupted)
    with pytest.raises(KeyboardInterrupt):
        merge_maps(run, {"classes": tmp_path / "map.tif"}, {})
    assert names(tmp_path) == ["map.run", "map.tif"]
    assert (tmp_path / "map.tif").read_text() == "old"


def test_texts_that_cannot_be_written(tmp_path, made):
    run = made.make_run(tmp_path / "map.run", specs=(made.CLASSES,))
    (tmp_path / "map.qml").mkdir()
    with pytest.raises(UsageError, match="folder"):
        merge_maps(run, {"classes": tmp_path / "map.tif"}, {tmp_path / "map.qml": ""})
    assert names(tmp_path) == ["map.qml", "map.run"]


def test_a_full_disk_is_named(tmp_path, made, monkeypatch):
    run = made.make_run(tmp_path / "map.run", specs=(made.CLASSES,))

    def fails(*args, **options):
        raise RasterioError("TIFFAppendToStrip:Write error at scanline 512")

    monkeypatch.setattr(cogs, "convert_apart", fails)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 0))
    with pytest.raises(DiskFullError, match=r"disk is full.*0 MB are left"):
        merge_maps(run, {"classes": tmp_path / "map.tif"}, {})
    assert names(tmp_path) == ["map.run"]


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from landwright.errors import DataError
from landwright.maps.merging import merge_maps
from landwright.runs import Run
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    merge_maps(Run.load(Path(sys.argv[1])), {"height": Path(sys.argv[2])}, {})
except DataError as error:
    assert error.path == sys.argv[2] and "cannot be written" in error.problem, error
    sys.exit(3)
"""


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.001, 0.3, 0.72, 0.9, 0.999])
def test_a_full_disk_leaves_nothing(tmp_path, made, share):
    """The share of the finished file that fits decides which step runs out of space."""
    run = made.make_run(tmp_path / "map.run", 1300, 600, 512, specs=(made.HEIGHTS,))
    path = tmp_path / "out" / "map.tif"
    command = [sys.executable, "-c", FULL_DISK, str(run.folder), str(path)]
    subprocess.run([*command, str(resource.RLIM_INFINITY)], check=True, timeout=600)
    size = path.stat().st_size
    shutil.rmtree(path.parent)
    done = subprocess.run([*command, str(int(size * share))], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 3, done.stderr
    assert names(tmp_path) == ["map.run"]


def test_holes_are_found(tmp_path, made, monkeypatch):
    run = made.make_run(tmp_path / "map.run", specs=(made.CLASSES,))

    def sparse(source, target, options, watch, cache):
        profile = {"driver": "GTiff", "width": 600, "height": 300, "count": 1, "dtype": "uint8", "SPARSE_OK": True}
        with rasterio.open(target, "w", tiled=True, blockxsize=256, blockysize=256, **profile) as file:
            file.write(np.ones((256, 256), np.uint8), 1, window=rasterio.windows.Window(0, 0, 256, 256))

    monkeypatch.setattr(cogs, "convert_apart", sparse)
    with pytest.raises(DataError, match="is missing"):
        merge_maps(run, {"classes": tmp_path / "map.tif"}, {})
    assert names(tmp_path) == ["map.run"]
