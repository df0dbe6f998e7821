"""A job without a model, that leaves traces of who did what, and fails where it is told to."""

import os
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from landwright.errors import DataError, DiskFullError, UsageError
from landwright.rasters import Window

BAD = "r00001-c00001"


@dataclass(frozen=True)
class Options:
    device: str = "cpu"


@dataclass(frozen=True)
class FakeJob:
    traces: Path
    bundle: str = "owner/model"
    options: Options = field(default_factory=Options)
    pause: float = 0.005
    fault: str = ""

    @contextmanager
    def open(self, source=None):
        self.trace("open", self.options.device)
        if self.fault == "no model":
            raise DataError("there is no such folder", path=self.bundle)
        if self.fault == "die at once":
            os.kill(os.getpid(), signal.SIGKILL)
        if Path(self.bundle).is_dir():
            self.trace(
                "bundle", " ".join(f"{path.name}={path.read_text()}" for path in sorted(Path(self.bundle).iterdir()))
            )
        yield FakeMapper(self, source)

    @contextmanager
    def open_source(self):
        self.trace("source")
        yield FakeSource(self)

    def again(self):
        """The same without a fault."""
        return replace(self, fault="")

    def trace(self, kind, text=""):
        name = f"{kind}.{os.getpid()}.{time.monotonic_ns()}"
        (self.traces / name).write_text(text)

    def seen(self, kind):
        """Process and text of all traces of a kind."""
        return [(int(path.name.split(".")[1]), path.read_text()) for path in sorted(self.traces.glob(f"{kind}.*"))]


@dataclass(frozen=True)
class FakeMapper:
    job: FakeJob
    source: object = None

    def work(self, block, folder):
        job = self.job
        job.trace("work", block.name)
        (folder / "classes.tif").write_bytes(content(block.name)[:1000])
        time.sleep(job.pause)
        if self.source is not None:
            self.read(block)
        if block.name == BAD:
            self.fail()
        if job.fault == "hang":
            time.sleep(600)
        (folder / "classes.tif").write_bytes(content(block.name))

    def read(self, block):
        """As the engine does: strips of 4 rows, one above the block and one below, the first one higher."""
        height, _ = self.source.shape
        rows = [max(0, block.row0 - 4), *range(block.row0 + 4, min(block.row1 + 4, height), 4)]
        for row, stop in zip(rows, [*rows[1:], min(block.row1 + 4, height)], strict=True):
            pixels, valid = self.source.read_with_valid(Window(row, block.col0, stop - row, 10))
            assert np.array_equal(pixels, expected(row, stop, block.col0)) and valid.all() and pixels.flags.writeable

    def fail(self):
        fault = self.job.fault
        if fault == "die always" or (fault == "die once" and len(self.job.seen("died")) == 0):
            self.job.trace("died")
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "usage":
            raise UsageError("no such band", path="a.tif", remedy="Use --bands")
        if fault == "full":
            raise DiskFullError("cannot be written: the disk is full", path="a.tif")
        if fault == "broken":
            raise ValueError("no such tile")


def content(name):
    return name.encode() * 2000


def expected(row, stop, col):
    """Values of 10 columns."""
    return (np.arange(row, stop)[:, None] * 1000 + np.arange(col, col + 10))[None]


@dataclass(frozen=True)
class FakeSource:
    """A raster of 30 x 30 pixels."""

    job: FakeJob
    info = SimpleNamespace(width=30, height=30)
    bands = (1,)
    shape = (30, 30)

    def read_with_valid(self, window):
        self.job.trace("read", f"{window.row}+{window.height}")
        if self.job.fault == "unreadable":
            raise DataError("cannot be read", path="a.tif")
        pixels = expected(window.row, window.row + window.height, window.col)
        return pixels, np.ones(pixels.shape[1:], bool)
