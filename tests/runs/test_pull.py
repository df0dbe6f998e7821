"""The loop of one worker, in this process."""

import errno
import json
import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from landwright.errors import DataError, DiskFullError, UsageError
from landwright.runs import Run, pull, worker_name
from landwright.runs.leases import Lease


def write(block, folder):
    (folder / "classes.tif").write_bytes(block.name.encode() * 100)


def contents(run):
    return {path.parent.name: path.read_bytes() for path in (run.folder / "blocks").glob("*/classes.tif")}


def events(run, kind):
    return [event for event in run.journal.read() if event.event == kind]


def test_one_worker_does_all(new_run):
    run = new_run()
    summary = pull(run, write, worker="me")
    assert sorted(summary.done) == [block.name for block in run.blocks]
    assert (summary.failed, summary.lost, summary.poison) == (0, 0, {})
    assert contents(run) == {block.name: block.name.encode() * 100 for block in run.blocks}
    assert [event.block for event in events(run, "done")] == summary.done
    assert len(events(run, "started")) == 9
    assert sorted(path.name for path in run.folder.iterdir()) == ["blocks", "journal.jsonl", "leases", "manifest.json"]
    assert os.listdir(run.folder / "leases") == []
    note = run.results.note("r00000-c00000")
    assert note["worker"] == "me" and note["attempt"] == 1
    assert note["settings"] == run.manifest.settings_hash and note["bundle"] == run.manifest.bundle


def test_finished_blocks_are_never_computed_again(new_run):
    run = new_run()
    pull(run, write)

    def never(block, folder):
        raise AssertionError

    assert pull(new_run(), never).done == []


def test_shares(new_run):
    run = new_run()
    first = pull(run, write, shard=(0, 2))
    assert len(first.done) == 5 and len(run.state().left) == 4
    second = pull(run, write, shard=(1, 2))
    assert sorted(first.done + second.done) == [block.name for block in run.blocks]
    with pytest.raises(UsageError):
        pull(run, write, shard=(2, 2))


def test_several_workers_share_the_blocks(new_run):
    run, summaries = new_run(5), []

    def slow(block, folder):
        time.sleep(0.005)
        write(block, folder)

    threads = [threading.Thread(target=lambda: summaries.append(pull(run, slow))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(name for summary in summaries for name in summary.done) == [block.name for block in run.blocks]
    assert len(events(run, "started")) == len(events(run, "done")) == 25


def test_a_failure_is_tried_again(new_run):
    run, failed = new_run(), []

    def once(block, folder):
        (folder / "half.tif").touch()
        if block.name not in failed:
            failed.append(block.name)
            raise DataError("cannot be read", path="a.tif")
        write(block, folder)

    summary = pull(run, once, lease_seconds=0.2)
    assert len(summary.done) == 9 and summary.failed == 9 and summary.poison == {}
    assert {event.attempt for event in events(run, "done")} == {2}
    assert {event.reason for event in events(run, "failed")} == {"a.tif: cannot be read."}
    assert not list(run.folder.rglob(".*"))


def broken(block, folder):
    if block.name == "r00001-c00001":
        raise ValueError("no such tile")
    write(block, folder)


def test_a_block_that_keeps_failing_is_set_aside(new_run):
    run = new_run()
    summary = pull(run, broken, lease_seconds=0.2, retries=2)
    assert len(summary.done) == 8 and summary.failed == 3
    assert summary.poison == {"r00001-c00001": "ValueError: no such tile"}
    assert [event.attempt for event in events(run, "failed")] == [1, 2, 3]
    assert [event.block for event in events(run, "poison")] == ["r00001-c00001"]
    content = json.loads((run.folder / "poison" / "r00001-c00001.json").read_text())
    assert content["reason"] == "ValueError: no such tile"
    assert pull(run, broken).poison == summary.poison
    run.forgive()
    summary = pull(run, write)
    assert summary.done == ["r00001-c00001"] and summary.poison == {}
    assert run.results.note("r00001-c00001")["attempt"] == 4


def test_attempts_are_counted_across_workers(new_run):
    run = new_run(1)
    for number, left in ((0, 1), (1, 1), (2, 0)):
        tried = []

        def fail_then_stop(block, folder, tried=tried):
            if tried:
                raise KeyboardInterrupt
            tried.append(block)
            raise ValueError("bad")

        if number < 2:
            with pytest.raises(KeyboardInterrupt):
                pull(run, fail_then_stop, lease_seconds=0.1)
        else:
            assert pull(run, fail_then_stop, lease_seconds=0.1).failed == 1
        assert len(run.state().left) == left
    assert run.state().poison


def test_stop_at_a_block_that_is_set_aside(new_run):
    run = new_run()
    with pytest.raises(DataError, match=r"block r00001-c00001 failed: ValueError: no such tile"):
        pull(run, broken, lease_seconds=0.2, retries=0, on_error="fail")
    with pytest.raises(DataError, match="on-error skip"):
        pull(run, write, on_error="fail")
    assert len(pull(run, write).poison) == 1
    assert len(run.state().finished) == 8


def test_ctrl_c_gives_the_block_back(new_run):
    run = new_run(1)

    def interrupted(block, folder):
        (folder / "half.tif").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(run, interrupted, lease_seconds=3600)
    assert events(run, "released")[0].reason == "KeyboardInterrupt"
    assert os.listdir(run.folder / "blocks") == []
    began = time.monotonic()
    assert len(pull(run, write, lease_seconds=3600).done) == 1
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), DiskFullError("cannot be written: the disk is full")]
)
def test_a_full_disk_is_not_the_fault_of_a_block(new_run, error):
    run = new_run(1)

    def full(block, folder):
        raise error

    with pytest.raises(DiskFullError, match="disk is full"):
        pull(run, full, retries=0, lease_seconds=3600)
    assert run.state().poison == {}
    assert len(pull(run, write, lease_seconds=3600).done) == 1


def test_what_no_block_can_be_computed_with_stops_at_once(new_run):
    run = new_run()

    def wrong(block, folder):
        raise UsageError("no such band")

    with pytest.raises(UsageError):
        pull(run, wrong)
    assert len(events(run, "started")) == 1 and not run.state().poison


def test_a_disk_too_full_to_give_the_block_back(new_run, monkeypatch):
    run = new_run(1)

    def full(self, how, reason):
        raise DiskFullError("cannot be written: the disk is full")

    def interrupted(block, folder):
        raise KeyboardInterrupt

    monkeypatch.setattr(Lease, "end", full)
    with pytest.raises(KeyboardInterrupt):
        pull(run, interrupted)
    monkeypatch.undo()
    assert len(pull(run, write, lease_seconds=0.2).done) == 1


def take_over(run, block, attempt):
    """What another worker does that takes this one for dead."""
    lease = Lease.take(run.store, block, attempt + 1, "other")
    run.results.revoke(block.name, attempt)
    return lease


def other_finishes(run, block, attempt):
    lease = take_over(run, block, attempt)
    write(block, run.results.begin(block.name, lease.attempt))
    assert run.results.publish(block.name, lease.attempt, {"worker": "other"})
    for number in (attempt, lease.attempt):
        run.store.delete(f"leases/{block.name}.{number}.json")


@pytest.mark.parametrize("ending", ["result", "error"])
@pytest.mark.parametrize("other", [take_over, other_finishes])
def test_a_worker_that_lost_its_lease_does_not_publish(new_run, other, ending):
    run, tried = new_run(1), []

    def late(block, folder):
        tried.append(block)
        if len(tried) == 1:
            (folder / "classes.tif").write_bytes(b"late")
            other(run, block, 1)
            if ending == "error":
                raise ValueError("the folder is gone")
        else:
            write(block, folder)

    summary = pull(run, late, lease_seconds=0.2, retries=0)
    assert summary.lost == 1 and summary.failed == 0 and summary.poison == {}
    assert contents(run) == {"r00000-c00000": b"r00000-c00000" * 100}
    assert run.results.note("r00000-c00000")["worker"] == ("other" if other is other_finishes else summary_worker(run))
    assert len(events(run, "lost")) == 1


def summary_worker(run):
    return events(run, "done")[0].worker


def test_a_lease_that_is_lost_before_the_work_begins(new_run, monkeypatch):
    run = new_run(1)
    run.results.revoke("r00000-c00000", 1)
    summary = pull(run, write, lease_seconds=0.2)
    assert summary.lost == 1 and summary.done == ["r00000-c00000"]


def test_a_clock_that_jumps_changes_nothing(new_run, monkeypatch):
    """Wall clocks are written down for people and never compared."""
    run = new_run(1)
    real, shift = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + shift[0])
    lease = Lease.take(run.store, run.blocks[0], 1, "alive")
    stop, done = threading.Event(), []
    thread = threading.Thread(target=lambda: done.append(pull(run, write, lease_seconds=0.6)))

    def live():
        while not stop.wait(0.05):
            lease.beat()
            path = Path(run.folder / lease.name)
            os.utime(path, (real() + shift[0],) * 2)

    alive = threading.Thread(target=live)
    alive.start()
    thread.start()
    for jump in (-86400.0, 3600.0, 86400.0 * 365, 0.0):
        shift[0] = jump
        time.sleep(0.25)
    assert not lease.is_lost() and not done
    stop.set()
    alive.join()
    thread.join(60)
    assert done[0].done == ["r00000-c00000"]
    assert run.results.note("r00000-c00000")["attempt"] == 2


def test_a_run_that_was_removed_is_not_begun_anew(new_run):
    run, tried = new_run(), []
    pull(run, write)
    shutil.rmtree(run.folder)
    with pytest.raises(DataError, match="was removed"):
        pull(run, write)
    run = new_run()

    def removed(block, folder):
        tried.append(block)
        shutil.rmtree(run.folder)

    with pytest.raises(DataError, match="No such file"):
        pull(run, removed)
    assert len(tried) == 1 and not run.folder.exists()


def test_a_run_directory_that_cannot_be_written(new_run, monkeypatch):
    run = new_run(1)
    real = os.open

    def read_only(path, flags, *args, **kwargs):
        if flags & os.O_CREAT:
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return real(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", read_only)
    with pytest.raises(DataError, match="Read-only file system"):
        pull(run, write)
    monkeypatch.undo()
    assert run.state().poison == {}
    assert len(pull(run, write).done) == 1


@pytest.mark.parametrize("terms", [{"lease_seconds": 0}, {"retries": -1}, {"losses": -1}])
def test_terms_that_are_not_possible(new_run, terms):
    with pytest.raises(UsageError, match="not possible"):
        pull(new_run(), write, **terms)


def test_names_of_workers_differ():
    assert worker_name() != worker_name()


def test_a_run_travels_to_another_process(new_run):
    import pickle

    run = pickle.loads(pickle.dumps(new_run(1)))
    assert isinstance(run, Run)
    assert pull(run, write).done == ["r00000-c00000"]
