"""Runs of a few small blocks, and a job without a model for them."""

import multiprocessing
import os
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from landwright.engine.executors import processes
from landwright.runs import Grid, Input, Manifest, Run

HERE = str(Path(__file__).parent)


@pytest.fixture(scope="session")
def fakejob():
    """Return the module fakejob.py under a name that other processes can import."""
    if HERE not in sys.path:
        sys.path.append(HERE)
    import fakejob

    return fakejob


@pytest.fixture
def new_job(tmp_path, fakejob):
    """Return a function that makes a job."""

    def make(**fields):
        (tmp_path / "traces").mkdir(exist_ok=True)
        return fakejob.FakeJob(tmp_path / "traces", **fields)

    return make


@pytest.fixture
def new_run(tmp_path):
    """Return a function that opens a run of `side` x `side` blocks of 10 pixels."""

    def make(side=3):
        manifest = Manifest(
            inputs=(Input(name="a.tif", size=5, modified="2026-01-01T00:00:00Z"),),
            grid=Grid(height=10 * side, width=10 * side),
            bundle="0" * 64,
            settings={"tile": 512},
            block=10,
        )
        return Run.open(tmp_path / "map.run", manifest)

    return make


@pytest.fixture
def check(fakejob):
    """Return a function that checks that every block is there, whole, once, and nothing else."""

    def every(run, *, without=()):
        names = [block.name for block in run.blocks if block.name not in without]
        assert list(run.state().finished) == names
        for name in names:
            folder = run.results.folder(name)
            assert sorted(os.listdir(folder)) == ["classes.tif", "done.json"]
            assert (folder / "classes.tif").read_bytes() == fakejob.content(name)
        done = Counter(event.block for event in run.journal.read() if event.event == "done")
        assert max(done.values(), default=0) <= 1
        run.tidy()
        assert not list(run.folder.rglob(".*"))
        assert len(os.listdir(run.folder / "leases")) == 0 or without

    return every


@pytest.fixture
def quick_start(monkeypatch):
    """Let processes start from one that has imported torch already, which takes seconds for each otherwise."""
    multiprocessing.set_forkserver_preload(["landwright.engine.executors.processes"])
    monkeypatch.setattr(processes, "START", "forkserver")


@pytest.fixture(scope="session")
def until():
    """Return a function that waits for something to be true."""

    def wait(true, seconds=120.0):
        deadline = time.monotonic() + seconds
        while not (found := true()):
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.02)
        return found

    return wait
