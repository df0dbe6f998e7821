from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rasterio.errors import RasterioIOError

from landwright.errors import DataError, UsageError
from landwright.rasters import atomic_output


def test_appears_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "a.tif"
    with atomic_output(target) as temporary:
        assert temporary.parent == target.parent
        assert temporary.suffix == ".tif"
        temporary.write_text("x")
        assert not target.exists()
    assert target.read_text() == "x"
    assert os.listdir(target.parent) == ["a.tif"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left(tmp_path: Path, error: type[BaseException]) -> None:
    kept = tmp_path / "kept.tif"
    kept.write_text("old")
    with pytest.raises(error), atomic_output(kept) as temporary:
        temporary.write_text("half")
        temporary.with_name(temporary.name + ".aux.xml").write_text("half")
        raise error
    assert os.listdir(tmp_path) == ["kept.tif"]
    assert kept.read_text() == "old"
    with pytest.raises(error), atomic_output(tmp_path / "x" / "y" / "a[1].tif") as temporary:
        temporary.write_text("half")
        raise error
    assert os.listdir(tmp_path) == ["kept.tif"]


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"), atomic_output(tmp_path):
        pass


def test_file_in_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"), atomic_output(tmp_path / "file" / "a.tif"):
        pass


def test_nothing_was_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written"), atomic_output(tmp_path / "a.tif"):
        pass


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_disk_full(tmp_path: Path, number: int) -> None:
    with pytest.raises(DataError, match="the disk is full") as caught, atomic_output(tmp_path / "a.tif"):
        raise OSError(number, os.strerror(number))
    assert caught.value.exit_code == 3
    assert os.listdir(tmp_path) == []


def test_disk_full_under_gdal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="cannot be written: write failed"), atomic_output(tmp_path / "a.tif"):
        raise RasterioIOError("write failed")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=0))
    with pytest.raises(DataError, match="the disk is full"), atomic_output(tmp_path / "a.tif"):
        raise RasterioIOError("write failed")


def test_troubles_of_other_files_are_not_explained(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), atomic_output(tmp_path / "a.tif"):
        raise PermissionError(errno.EACCES, "denied", "/elsewhere/b.tif")


LIMITED = """
import resource, signal, sys
import numpy as np
from landwright.errors import DataError
from landwright.rasters import write_cog
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    write_cog(sys.argv[1], np.random.default_rng(0).integers(0, 255, (3, 700, 700), dtype=np.uint8))
except DataError as error:
    sys.exit(error.exit_code)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="needs limits on file sizes")
def test_gdal_runs_out_of_room(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path / "a.tif")], check=False, capture_output=True)
    assert done.returncode == 3, done.stderr
    assert os.listdir(tmp_path) == []
