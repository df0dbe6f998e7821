"""Real maps under real faults: workers and drivers killed, full disks, torn lines, damaged inputs, clocks that jump.

After all of them the same call goes on, and the map is the one that was never interrupted. Processes are forked, so
that the network of this file is theirs as well and nothing is imported anew.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import random
import resource
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from landwright.bundles import Bundle
from landwright.engine import PredictOptions, RunOptions, checks, predict_raster
from landwright.engine.executors import processes
from landwright.engine.mapper import Job
from landwright.engine.predict import predict_shard
from landwright.errors import DiskFullError, PartialError
from landwright.maps.merging import merge_maps
from landwright.networks import Outputs
from landwright.runs import Event, Run, pull
from landwright.runs.leases import Lease

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="children are found in /proc"),
]

FORK: Any = multiprocessing.get_context("fork")
OPTIONS = PredictOptions(tile=32, overlap=0.4, batch=4, device="cpu", disagreement=True)
BLOCK = 96
NAMES = [f"r{row:05d}-c{col:05d}" for row in range(3) for col in range(3)]


class Slow(nn.Module):
    """Scores of a pixel's neighbourhood; takes its time, so that a kill finds it at work."""

    pause = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, 4, 7, padding=3)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in self.layer.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))

    def forward(self, image: Tensor) -> Outputs:
        time.sleep(self.pause)
        return Outputs(self.layer(image))


@dataclass
class Site:
    """A place where one map is made, again and again.

    Attributes:
        bundle: The model.
        image: What is mapped.
        folder: Where the maps go.
        whole: The rasters of the map that was never interrupted.
    """

    bundle: Bundle
    image: Path
    folder: Path
    whole: dict[str, NDArray[Any]]

    @property
    def out(self) -> Path:
        return self.folder / "map.tif"

    @property
    def run(self) -> Run:
        return Run.load(self.folder / "map.run")

    def predict(self, **runs: Any) -> None:
        """Make the map, or go on with it."""
        options = RunOptions(**{"block": BLOCK, "workers": 1, "lease_seconds": 0.5} | runs)
        predict_raster(self.bundle, self.image, self.out, options=OPTIONS, runs=options)

    def share(self, **runs: Any) -> None:
        """Make blocks and leave the run directory."""
        options = RunOptions(**{"block": BLOCK, "executor": "shards", "workers": 1, "lease_seconds": 0.5} | runs)
        predict_shard(Job(self.bundle, (str(self.image),), OPTIONS), self.out, runs=options)

    def finish(self) -> list[Event]:
        """Make what is left, check that no block was made again, and compare the map."""
        self.share()
        events = self.run.journal.read()
        ended: set[str] = set()
        for event in events:
            assert event.event not in ("started", "done") or event.block not in ended, "made again when it was done"
            if event.event == "done":
                ended.add(event.block)
        assert list(self.run.state().finished) == NAMES
        self.predict()
        self.compare()
        return events

    def compare(self) -> None:
        """Compare the map with the one that was never interrupted."""
        assert sorted(path.name for path in self.folder.iterdir() if path.suffix != ".qml") == sorted(self.whole)
        for name, pixels in self.whole.items():
            np.testing.assert_array_equal(read(self.folder / name), pixels, err_msg=name)


def read(path: Path) -> NDArray[Any]:
    with rasterio.open(path) as file:
        found: NDArray[Any] = file.read()
    return found


@pytest.fixture
def site(write: Any, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A map of 9 blocks; made whole once, with nothing going wrong."""
    monkeypatch.setattr(processes, "START", "fork")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the pool of several does not survive a fork
    pixels = np.random.default_rng(0).integers(1, 3, (1, 3 * BLOCK, 3 * BLOCK), dtype=np.uint8)
    image = write(pixels, nodata=0, tiled=True, blockxsize=32, blockysize=32, compress="deflate")
    slow = replace(bundle, network=Slow().eval())
    predict_raster(slow, image, tmp_path / "whole" / "map.tif", options=OPTIONS)
    whole = {path.name: read(path) for path in (tmp_path / "whole").glob("*.tif")}
    assert set(whole) == {"map.tif", "map_confidence.tif", "map_disagreement.tif"}
    (tmp_path / "out").mkdir()
    yield Site(slow, image, tmp_path / "out", whole)
    torch.set_num_threads(threads)


def start(target: Callable[..., None], *args: Any, **kwargs: Any) -> BaseProcess:
    process: BaseProcess = FORK.Process(target=target, args=args, kwargs=kwargs)
    process.start()
    return process


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> Any:
    patience = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < patience
        time.sleep(0.002)
    return found


def at_work(pid: int) -> list[int]:
    """Workers of a driver, as soon as one has begun a block."""
    found: list[int] = wait_for(lambda: children(pid))
    return found


class Onlooker:
    """Looks at a folder all the time: whatever has a final name is whole."""

    def __init__(self, site: Site) -> None:
        self.site, self.seen, self.faults = site, Counter[str](), list[str]()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Onlooker:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._stop.set()
        self._thread.join()
        assert self.faults == []

    def _look(self) -> None:
        expected = {"classes.tif", "confidence.tif", "disagreement.tif", "tally.json", "done.json"}
        while not self._stop.wait(0.01):
            if self.site.out.exists():
                self.faults.append("the map is there before its blocks are")
            for name in NAMES:
                folder = self.site.folder / "map.run" / "blocks" / name
                if folder.exists() and not self.seen[name]:
                    self.seen[name] += 1
                    self._compare(name, folder, expected)

    def _compare(self, name: str, folder: Path, expected: set[str]) -> None:
        if set(os.listdir(folder)) != expected:
            self.faults.append(f"{name}: {os.listdir(folder)}")
        row, col = int(name[1:6]) * BLOCK, int(name[8:]) * BLOCK
        found = read(folder / "classes.tif")
        if not np.array_equal(found, self.site.whole["map.tif"][:, row : row + BLOCK, col : col + BLOCK]):
            self.faults.append(f"{name}: other pixels")


def test_a_worker_that_is_killed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Slow, "pause", 0.02)
    with Onlooker(site) as onlooker:
        driver = start(site.share, workers=2, lease_seconds=3600)
        assert driver.pid is not None
        wait_for((site.folder / "map.run" / "journal.jsonl").exists)
        os.kill(at_work(driver.pid)[0], signal.SIGKILL)
        driver.join()
    assert driver.exitcode == 0 and sum(onlooker.seen.values()) > 0
    events = Counter(event.event for event in site.finish())
    assert events["done"] == 9 and events["started"] <= 10 and events["poison"] == 0


def test_a_driver_that_is_killed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its workers give back what they have and leave."""
    monkeypatch.setattr(Slow, "pause", 0.02)
    with Onlooker(site):
        driver = start(site.predict, workers=2, lease_seconds=3600)
        assert driver.pid is not None
        wait_for(lambda: any((site.folder / "map.run" / "blocks").glob("r*")))
        workers = at_work(driver.pid)
        driver.kill()
        driver.join()
        wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    events = Counter(event.event for event in site.finish())
    # Two may be stopped right after they published, before they could say so.
    assert 7 <= events["done"] <= 9 <= events["started"] <= 11


def test_kills_at_random(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Slow, "pause", 0.1)
    rng, kills = random.Random(0), 0
    with Onlooker(site) as onlooker:
        while kills < 10 and (not (site.folder / "map.run" / "manifest.json").exists() or site.run.state().left):
            several = rng.random() < 0.4
            driver = start(site.share, workers=2 if several else 1)
            assert driver.pid is not None
            # Processes of their own load torch first.
            time.sleep(rng.uniform(2, 8) if several else rng.uniform(0.05, 0.5))
            if rng.random() < 0.5 and (workers := children(driver.pid)):
                os.kill(rng.choice(workers), signal.SIGKILL)
                kills += 1
                time.sleep(rng.uniform(0, 0.3))
            driver.kill()
            driver.join()
            kills += 1
    events = Counter(event.event for event in site.finish())
    print(f"{kills} kills: {dict(events)}")
    assert kills and onlooker.seen
    assert events["done"] <= 9 <= events["done"] + kills  # who is killed right after publishing cannot say so
    assert events["started"] <= 9 + 2 * kills


def in_little_space(site: Site, size: int, found: Any) -> None:
    """No file may become longer, as on a disk that is full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        site.predict()
    except DiskFullError as error:
        found.put(f"{error.exit_code}: {error.problem}")
    except BaseException as error:
        found.put(repr(error))


@pytest.mark.parametrize("size", [600, 5000, 10_000])
def test_a_full_disk(site: Site, size: int) -> None:
    found = FORK.SimpleQueue()
    with Onlooker(site) as onlooker:
        start(in_little_space, site, size, found).join()
    assert "disk is full" in found.get()
    # In the last case all blocks have room, but not the map that they are put together to.
    assert len(onlooker.seen) == (9 if size == 10_000 else 0) and not site.out.exists()
    events = site.finish()
    assert Counter(event.event for event in events)["done"] == 9
    assert not [event for event in events if event.event in ("failed", "poison")]


def test_no_space_for_a_lease(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.share(shard=(0, 3))
    real = os.open

    def full(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        if flags & os.O_CREAT and "leases" in str(path):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(DiskFullError, match="disk is full"):
        site.share()
    monkeypatch.setattr(os, "open", real)
    assert len([event for event in site.finish() if event.event == "started"]) == 9


@pytest.mark.parametrize("torn", [b'{"event":"done","blo', b'{"event":"done"}\n\x00\x00\n{'], ids=["short", "odd"])
def test_a_torn_journal(site: Site, torn: bytes) -> None:
    site.share(shard=(0, 3))
    path = site.folder / "map.run" / "journal.jsonl"
    before = len(site.run.journal.read())
    with path.open("ab") as file:
        file.write(torn)
    assert len(site.run.journal.read()) == before
    events = Counter(event.event for event in site.finish())
    assert events == {"started": 9, "done": 9}


def test_a_damaged_tile_of_the_image(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its block is tried again and set aside with the reason; all others are made; with the image mended it is made."""
    monkeypatch.setattr(checks, "_PROBE_SIDE", 8)  # the image is so small that its values are looked at everywhere
    content, times = site.image.read_bytes(), os.stat(site.image)
    with rasterio.open(site.image) as file:
        # A tile in the middle of the last block of the first row, which the windows of no other block touch.
        offset = int(file.get_tag_item("BLOCK_OFFSET_7_1", "TIFF", bidx=1))
    site.image.write_bytes(content[:offset] + b"\xff" * 64 + content[offset + 64 :])
    os.utime(site.image, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(PartialError, match=r"of 9 blocks 1 .*r00000-c00002.*image\.tif") as error:
        site.predict(lease_seconds=0.2)
    assert error.value.exit_code == 4
    assert not list(site.folder.glob("*.tif"))
    state = site.run.state()
    assert list(state.poison) == ["r00000-c00002"] and len(state.finished) == 8
    events = Counter(event.event for event in site.run.journal.read())
    assert events == {"started": 11, "done": 8, "failed": 3, "poison": 1}
    site.image.write_bytes(content)
    os.utime(site.image, ns=(times.st_atime_ns, times.st_mtime_ns))
    site.run.forgive()
    assert [event.block for event in site.finish()[-2:]] == ["r00000-c00002"] * 2


def test_a_clock_that_jumps(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two workers one lives a year ahead; file times go back and forth."""
    monkeypatch.setattr(Slow, "pause", 0.02)
    real, year = time.time, 365 * 86400

    def ahead() -> None:
        time.time = lambda: real() + year * (1 if random.random() < 0.5 else -1)
        site.share(lease_seconds=1.0)

    workers = [start(ahead), start(site.share, lease_seconds=1.0)]
    rng = random.Random(0)
    while any(worker.is_alive() for worker in workers):
        for path in (site.folder / "map.run" / "leases").glob("r*.json"):
            moment = real() + rng.choice([-year, 0, year])
            try:
                os.utime(path, (moment, moment))
            except FileNotFoundError:
                continue
        time.sleep(0.05)
    assert [worker.exitcode for worker in workers] == [0, 0]
    events = Counter(event.event for event in site.finish())
    assert events == {"started": 9, "done": 9}


def test_a_map_by_way_of_an_object_store(site: Site, tmp_path: Path) -> None:
    """Two workers, of which one dies, share a run that is in no folder of theirs; the map is put together from it."""
    pytest.importorskip("obstore", reason="runs in an object store need the extra cloud")
    job = Job(site.bundle, (str(site.image),), OPTIONS)
    with job.open() as maker:
        run = Run.open(f"file://{tmp_path}/bucket/run", maker.manifest(BLOCK))
        maker.join(run)
        dead = Lease.take(run.store, run.blocks[0], 1, "dead")
        assert dead is not None
        pull(run, maker.work, lease_seconds=0.5)
        targets = {spec.stem: site.folder / f"map{spec.suffix}.tif" for spec in maker.products.products}
        merge_maps(Run.load(f"file://{tmp_path}/bucket/run"), targets, {})
    site.compare()
