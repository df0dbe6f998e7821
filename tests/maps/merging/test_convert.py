from __future__ import annotations

import os
import signal
import subprocess

import numpy as np
import pytest
import rasterio
from rasterio.errors import RasterioError

from landwright.maps.merging import convert as module
from landwright.maps.merging.convert import convert, convert_apart, main

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


@pytest.fixture
def source(tmp_path):
    with rasterio.open(tmp_path / "in.tif", "w", driver="GTiff", width=40, height=30, count=1, dtype="uint8") as file:
        file.write(np.full((30, 40), 7, np.uint8), 1)
    return tmp_path / "in.tif"


def test_it_is_the_same_apart(tmp_path, source):
    convert(str(source), str(tmp_path / "here.tif"), {"COMPRESS": "DEFLATE"}, 2**24)
    seen: list[int] = []
    convert_apart(source, tmp_path / "apart.tif", {"COMPRESS": "DEFLATE"}, seen.append)
    assert (tmp_path / "here.tif").read_bytes() == (tmp_path / "apart.tif").read_bytes()
    convert_apart(source, tmp_path / "apart.tif", {"COMPRESS": "DEFLATE"})


def test_the_reason_of_a_failure_is_told(tmp_path, source, capsys):
    with pytest.raises(RasterioError, match=r"gone\.tif.*No such file"):
        convert_apart(tmp_path / "gone.tif", tmp_path / "out.tif", {})
    assert main([str(tmp_path / "gone.tif"), str(tmp_path / "out.tif"), "{}", "1000000"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert main([str(source), str(tmp_path / "out.tif"), "{}", "1000000"]) == 0


class Slow(subprocess.Popen):
    """A process that would go on for a minute."""

    def __init__(self, command, **options):
        super().__init__([command[0], "-c", "import time; time.sleep(60)"], **options)
        Slow.last = self


def test_it_ends_with_an_error_of_whoever_watches(tmp_path, source, monkeypatch):
    monkeypatch.setattr(module.subprocess, "Popen", Slow)

    def interrupt(written: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_apart(source, tmp_path / "out.tif", {}, interrupt)
    assert Slow.last.poll() is not None


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals there")
def test_it_is_told_that_the_process_was_killed(tmp_path, source, monkeypatch):
    monkeypatch.setattr(module.subprocess, "Popen", Slow)
    (tmp_path / "out.ovr.tmp").write_bytes(b"12345")
    seen: list[int] = []

    def kill(written: int) -> None:
        seen.append(written)
        Slow.last.send_signal(signal.SIGKILL)

    with pytest.raises(RasterioError, match="signal 9"):
        convert_apart(source, tmp_path / "out.tif", {}, kill)
    assert seen == [5]
