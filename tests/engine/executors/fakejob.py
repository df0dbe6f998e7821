"""A job without a model, that leaves traces of who did what, and fails where it is told to."""

import os
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from landwright.errors import DataError, DiskFullError, UsageError

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
        yield FakeMapper(self, source)

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
        if block.name == BAD:
            self.fail()
        if job.fault == "hang":
            time.sleep(600)
        (folder / "classes.tif").write_bytes(content(block.name))

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
