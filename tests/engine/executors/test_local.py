"""Workers on this machine, killed for real."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from landwright.engine.executors import ExecutorOptions, local, local_devices, portable, run_local
from landwright.errors import DataError, DiskFullError, UsageError
from landwright.runs import Run

pytestmark = pytest.mark.slow


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_one_worker_computes_in_this_process(new_run, new_job, check):
    run, job, told = new_run(), new_job(), []
    outcome = run_local(run, job, progress=lambda done, total: told.append((done, total)))
    assert (outcome.made, outcome.finished, outcome.left, outcome.poison, outcome.deaths) == (9, 9, 0, {}, 0)
    assert told[0] == (0, 900) and told[-1] == (900, 900)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert job.seen("open") == [(os.getpid(), "cpu")]
    check(run)
    again = run_local(run, job)
    assert (again.made, again.finished) == (0, 9)


def test_shares(new_run, new_job, check):
    run, job, told = new_run(), new_job(), []
    first = run_local(run, job, ExecutorOptions(shard=(0, 2)), progress=lambda *pixels: told.append(pixels))
    assert (first.made, first.finished, first.left) == (5, 5, 4)
    assert told[-1] == (500, 500)
    second = run_local(run, job, ExecutorOptions(shard=(1, 2)))
    assert (second.made, second.finished, second.left) == (4, 9, 0)
    check(run)
    with pytest.raises(UsageError, match="no share"):
        run_local(run, job, ExecutorOptions(shard=(2, 2)))


def test_no_workers_are_none():
    with pytest.raises(UsageError, match="0 workers"):
        ExecutorOptions(workers=0)


def test_devices(monkeypatch):
    monkeypatch.setattr(local.torch.cuda, "is_available", lambda: False)
    assert local_devices("auto") == ("cpu",) == local_devices("cpu")
    monkeypatch.setattr(local.torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(local.torch.cuda, "device_count", lambda: 2)
    assert local_devices("auto") == ("cuda:0", "cuda:1") == local_devices("cuda")
    assert local_devices("cuda:1") == ("cuda:1",)
    assert local_devices("cpu") == ("cpu",)


@pytest.mark.usefixtures("quick_start")
@pytest.mark.parametrize("workers", [2, 5])
def test_several_workers(new_run, new_job, check, workers):
    run, job, told = new_run(5), new_job(), []
    outcome = run_local(
        run, job, ExecutorOptions(workers=workers), devices=["cpu", "cpu:0"], progress=lambda *p: told.append(p)
    )
    assert (outcome.made, outcome.deaths) == (25, 0) and told[-1] == (2500, 2500)
    check(run)
    opened = job.seen("open")
    assert os.getpid() not in dict(opened) and 1 <= len(opened) <= workers
    assert len(job.seen("work")) == 25
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(("threads", "warnings"), [(1, 0), (4, 1)])
def test_a_warning_of_too_many_threads(monkeypatch, caplog, threads, warnings):
    monkeypatch.setattr(local.torch, "get_num_threads", lambda: threads)
    monkeypatch.setattr(local.os, "cpu_count", lambda: 4)
    local._warn_of_threads(2, ["cuda:0"])
    local._warn_of_threads(2, ["cpu"])
    assert len(caplog.messages) == warnings
    assert all("2 workers of 4 threads each share 4 cores; OMP_NUM_THREADS=2" in text for text in caplog.messages)


def test_another_thread_takes_no_signals(new_run, new_job):
    """As in a notebook's or a server's."""
    found = []
    thread = threading.Thread(target=lambda: found.append(run_local(new_run(1), new_job())))
    thread.start()
    thread.join()
    assert found[0].made == 1


@pytest.mark.usefixtures("quick_start")
def test_each_worker_has_its_device(new_run, new_job):
    job = new_job(pause=0.5)
    run_local(new_run(2), job, ExecutorOptions(workers=4), devices=["cpu", "cuda:1"])
    assert sorted(device for _, device in job.seen("open")) == ["cpu", "cpu", "cuda:1", "cuda:1"]


def test_workers_that_start_anew(new_run, new_job, check, tmp_path, monkeypatch):
    """As users have it: nothing is inherited; with relative paths."""
    monkeypatch.chdir(tmp_path)
    folder, job = new_run().folder.relative_to(tmp_path), replace(new_job(), traces=Path("traces"))
    run = Run.load(folder)
    assert run_local(run, job, ExecutorOptions(workers=2)).made == 9
    check(run)


@pytest.mark.usefixtures("quick_start")
def test_a_worker_that_dies_is_replaced_and_its_block_taken_at_once(new_run, new_job, check):
    run, job = new_run(), new_job(fault="die once")
    outcome = run_local(run, job, ExecutorOptions(workers=2, lease_seconds=3600))
    assert (outcome.made, outcome.deaths) == (9, 1)
    worked = [name for _, name in job.seen("work")]
    assert sorted(set(worked)) == [block.name for block in run.blocks] and len(worked) == 10
    released = [event for event in run.journal.read() if event.event == "released"]
    assert [event.reason for event in released] == ["its process ended with signal SIGKILL"]
    check(run)


@pytest.mark.usefixtures("quick_start")
def test_a_block_over_which_workers_keep_dying_is_set_aside(new_run, new_job, check, fakejob):
    run, job = new_run(), new_job(fault="die always")
    outcome = run_local(run, job, ExecutorOptions(workers=2))
    assert outcome.deaths == 11 and list(outcome.poison) == [fakejob.BAD]
    assert "11 workers died over it" in outcome.poison[fakejob.BAD]
    assert (outcome.made, outcome.left) == (8, 0)
    assert [event.block for event in run.journal.read() if event.event == "poison"] == [fakejob.BAD]
    check(run, without=[fakejob.BAD])


@pytest.mark.usefixtures("quick_start")
def test_workers_that_die_before_they_begin(new_run, new_job):
    job = new_job(fault="die at once")
    with pytest.raises(DataError, match=r"workers die before they begin a block: .* signal SIGKILL"):
        run_local(new_run(), job, ExecutorOptions(workers=2))
    assert len(job.seen("open")) <= 9


@pytest.mark.usefixtures("quick_start")
@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("usage", UsageError, r"a\.tif: no such band\. Use --bands"),
        ("full", DiskFullError, "disk is full"),
        ("broken", DataError, "block r00001-c00001 failed: ValueError: no such tile"),
        ("no model", DataError, "there is no such folder"),
    ],
)
def test_an_error_of_a_worker_is_that_of_the_command(new_run, new_job, check, fault, kind, words):
    run, job = new_run(), new_job(fault=fault)
    options = ExecutorOptions(workers=2, on_error="fail", retries=0, lease_seconds=3600)
    with pytest.raises(kind, match=words) as found:
        run_local(run, job, options)
    assert type(found.value) is kind and found.value.exit_code == (2 if kind is UsageError else 3)
    assert multiprocessing.active_children() == []
    run.forgive()
    assert run_local(run, new_job(), ExecutorOptions(lease_seconds=3600)).finished == 9
    check(run)


class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(one)


def test_errors_that_travel():
    assert isinstance(portable.portable(Odd(1, 2)), RuntimeError)
    try:
        raise UsageError("no", path="a", remedy="Yes") from ValueError("deep")
    except UsageError as error:
        found = portable.portable(error)
    assert (str(found), found.path, found.remedy) == ("a: no. Yes.", "a", "Yes")
    assert "deep" in found.__notes__[0]


DRIVER = """
import sys
sys.path.append({here!r})
from pathlib import Path
from fakejob import FakeJob
from landwright.engine.executors import ExecutorOptions, run_local, processes
from landwright.runs import Run
if __name__ == "__main__":
    processes.START = "forkserver"
    import multiprocessing
    multiprocessing.set_forkserver_preload(["landwright.engine.executors.processes"])
    job = FakeJob(Path({traces!r}), fault="hang")
    run_local(Run.load(Path({folder!r})), job, ExecutorOptions(workers={workers}, lease_seconds=3600))
"""


@pytest.fixture
def driver(tmp_path, until):
    """Return a function that starts a driver of workers that hang over a block each, and returns it with them."""
    started = []

    def start(run, job, workers=2):
        script = tmp_path / "driver.py"
        here = str(Path(__file__).parent)
        text = DRIVER.format(here=here, traces=str(job.traces), folder=str(run.folder), workers=workers)
        script.write_text(text)
        process = subprocess.Popen([sys.executable, str(script)], start_new_session=True, stderr=subprocess.PIPE)
        started.append(process)
        until(lambda: len(job.seen("work")) == workers)
        return process, [pid for pid, _ in job.seen("work")]

    yield start
    for process in started:
        process.stderr.close()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_and_sigterm_end_all_and_give_all_back(new_run, new_job, check, driver, until, number, code, workers):
    run, job = new_run(), new_job()
    process, pids = driver(run, job, workers)
    os.kill(process.pid, number)
    assert process.wait(60) == code
    until(lambda: not any(is_alive(pid) for pid in pids))
    assert {event.event for event in run.journal.read()} == {"started", "released"}
    began = time.monotonic()
    assert run_local(run, job, ExecutorOptions(lease_seconds=3600)).made == 9
    assert time.monotonic() - began < 60
    check(run)


def test_a_driver_that_is_killed_leaves_no_process(new_run, new_job, check, driver, until):
    run, job = new_run(), new_job()
    process, pids = driver(run, job)
    process.kill()
    process.wait()
    until(lambda: not any(is_alive(pid) for pid in pids), 60)
    assert run_local(run, job, ExecutorOptions(lease_seconds=0.5)).made == 9
    assert len(job.seen("work")) == 11
    check(run)
