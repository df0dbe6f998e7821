"""Workers killed for real, disks that are full for real, and many that race for one lease."""

import multiprocessing
import os
import random
import resource
import signal
import time
from collections import Counter

import pytest

from landwright.errors import DataError, DiskFullError
from landwright.runs import FileResults, pull
from landwright.runs.claims import Claims, Terms
from landwright.runs.leases import Lease

FORK = multiprocessing.get_context("fork")


def content(name):
    return name.encode() * 2000


def write(block, folder, pause=0.001):
    """Write in steps, so that a kill can fall between them."""
    for product in ("classes.tif", "height.tif"):
        with (folder / product).open("wb") as file:
            for part in range(4):
                file.write(content(block.name)[part * 6500 : (part + 1) * 6500])
                file.flush()
                time.sleep(pause)


def check(run):
    """Every block is there, whole, once, and nothing else has a final name."""
    names = [block.name for block in run.blocks]
    assert list(run.state().finished) == names
    visible = [path.name for path in (run.folder / "blocks").iterdir() if not path.name.startswith(".")]
    assert sorted(visible) == names
    for name in names:
        folder = run.results.folder(name)
        assert sorted(os.listdir(folder)) == ["classes.tif", "done.json", "height.tif"]
        for product in ("classes.tif", "height.tif"):
            assert (folder / product).read_bytes() == content(name)
        assert run.results.note(name)["block"] == name
    done = Counter(event.block for event in run.journal.read() if event.event == "done")
    assert max(done.values(), default=0) <= 1


def start(target, *args):
    process = FORK.Process(target=target, args=args)
    process.start()
    return process


def die_in_the_middle(run):
    def work(block, folder):
        (folder / "classes.tif").write_bytes(content(block.name)[:100])
        os.kill(os.getpid(), signal.SIGKILL)

    pull(run, work)


def die_before_publishing(run):
    FileResults.publish = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
    pull(run, write)


def die_after_publishing(run):
    publish = FileResults.publish

    def then_die(*args):
        publish(*args)
        os.kill(os.getpid(), signal.SIGKILL)

    FileResults.publish = then_die
    pull(run, write)


def die_while_taking_over(run):
    FileResults.revoke = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
    pull(run, write, lease_seconds=0.3)


@pytest.mark.parametrize("death", [die_in_the_middle, die_before_publishing, die_after_publishing])
def test_a_worker_that_is_killed(new_run, death):
    run = new_run(2)
    process = start(death, run)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert len(run.state().finished) == (death is die_after_publishing)
    assert len(os.listdir(run.folder / "leases")) == 1
    summary = pull(run, write, lease_seconds=0.3)
    assert len(summary.done) == 4 - (death is die_after_publishing)
    check(run)
    started = Counter(event.block for event in run.journal.read() if event.event == "started")
    assert sum(started.values()) == 4 + (death is not die_after_publishing)
    run.tidy()
    assert not list(run.folder.rglob(".*"))
    assert os.listdir(run.folder / "leases") == []


def test_a_worker_that_is_killed_while_it_takes_over(new_run):
    run = new_run(1)
    for death in (die_in_the_middle, die_while_taking_over):
        process = start(death, run)
        process.join()
        assert process.exitcode == -signal.SIGKILL
    assert pull(run, write, lease_seconds=0.3).done == ["r00000-c00000"]
    check(run)
    assert run.results.note("r00000-c00000")["attempt"] == 3


def sleeper(run, began):
    def work(block, folder):
        write(block, folder)
        began.put(os.getpid())
        os.kill(os.getpid(), signal.SIGSTOP)

    pull(run, work, worker="sleeper", lease_seconds=0.3)


def test_a_worker_that_wakes_up_too_late(new_run):
    run, began = new_run(1), FORK.SimpleQueue()
    process = start(sleeper, run, began)
    pid = began.get()
    assert pull(run, write, lease_seconds=0.3).done == ["r00000-c00000"]
    os.kill(pid, signal.SIGCONT)
    process.join()
    assert process.exitcode == 0
    check(run)
    assert [event.worker for event in run.journal.read() if event.event == "lost"] == ["sleeper"]


def interrupted(run, began):
    def work(block, folder):
        began.put(1)
        time.sleep(60)

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    try:
        pull(run, work, lease_seconds=3600)
    except KeyboardInterrupt:
        os._exit(130)


def test_ctrl_c(new_run):
    run, began = new_run(1), FORK.SimpleQueue()
    process = start(interrupted, run, began)
    began.get()
    os.kill(process.pid, signal.SIGINT)
    process.join()
    assert process.exitcode == 130
    assert pull(run, write, lease_seconds=3600).done == ["r00000-c00000"]
    check(run)


def test_a_torn_journal(new_run):
    run = new_run(2)
    pull(run, write)
    lines = run.journal.path.read_bytes()
    run.journal.path.write_bytes(lines[:-25])
    assert pull(run, write).done == []
    check(run)
    before = len(run.journal.read())
    Lease.take(run.store, run.blocks[0], 9, "other")
    run.journal.append(run.journal.read()[0])
    assert len(run.journal.read()) == before + 1


def in_little_space(run, size, found):
    """No file may become longer than `size` bytes, as on a disk that is full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        pull(run, write)
        found.put("all")
    except DiskFullError as error:
        found.put(error.problem)
    except DataError as error:
        found.put(f"other: {error}")


@pytest.mark.parametrize("size", [0, 60, 700, 5000])
def test_a_full_disk(new_run, size):
    run, found = new_run(2), FORK.SimpleQueue()
    start(in_little_space, run, size, found).join()
    assert found.get() == "cannot be written: the disk is full"
    assert run.state().finished == () and run.state().poison == {}
    assert not list((run.folder / "blocks").glob("*"))
    pull(run, write, lease_seconds=0.3)
    check(run)


@pytest.mark.parametrize("races", [10, pytest.param(200, marks=pytest.mark.slow)])
def test_of_workers_that_race_for_an_expired_lease_one_wins(new_run, races):
    """Each turn the winner of the last one falls silent, and both see it expire before either takes it."""
    run, gate, found = new_run(1), FORK.Barrier(3), FORK.SimpleQueue()
    Lease.take(run.store, run.blocks[0], 1, "dead")
    racers = [start(racer, run, races, gate, found) for _ in range(3)]
    won = Counter()
    for _ in range(3 * races):
        turn, winner = found.get()
        won[turn] += bool(winner)
    for process in racers:
        process.join()
        assert process.exitcode == 0
    assert won == dict.fromkeys(range(races), 1)
    assert {name.split(".")[1] for name in run.store.names("leases")} == {str(n) for n in range(1, races + 2)}


def racer(run, races, gate, found):
    terms = Terms(lease_seconds=0.02, losses=10_000)
    view = Claims(run.store, run.results, run.blocks, worker=str(os.getpid()), terms=terms)
    for turn in range(races):
        view.look(time.monotonic())
        while (name := view.choose()) is None:
            time.sleep(0.002)
            view.look(time.monotonic())
        gate.wait()
        found.put((turn, view.take(name) is not None))
        gate.wait()


def worker_of_soak(run):
    pull(run, lambda block, folder: write(block, folder, pause=0.02), lease_seconds=0.4, losses=10_000)


@pytest.mark.slow
def test_two_hundred_random_kills(new_run):
    """Nothing lost, nothing done twice, no partial file under a final name, whenever workers die."""
    run, rng = new_run(20), random.Random(0)
    workers, kills = [], 0
    while kills < 200 and run.state().left:
        workers = [worker for worker in workers if worker.is_alive()]
        while len(workers) < 4:
            workers.append(start(worker_of_soak, run))
        time.sleep(rng.uniform(0, 0.15))
        rng.choice(workers).kill()
        kills += 1
        finished = sorted(run.results.finished())
        for name in rng.sample(finished, k=min(5, len(finished))):
            assert sorted(os.listdir(run.results.folder(name))) == ["classes.tif", "done.json", "height.tif"]
    for worker in workers:
        worker.kill()
        worker.join()
    made = len(run.state().finished)
    print(f"{kills} kills, {made} of {len(run.blocks)} blocks finished meanwhile")
    assert kills == 200 and made > 0
    pull(run, lambda block, folder: write(block, folder, pause=0), lease_seconds=0.4, losses=10_000)
    check(run)
    assert run.state().poison == {}
    started = Counter(event.block for event in run.journal.read() if event.event == "started")
    # A block is computed again only for a worker that died over it, or was so slow that it was taken for dead.
    again = sum(started.values()) - len(run.blocks)
    lost = sum(event.event == "lost" for event in run.journal.read())
    assert again <= kills + 4 + lost
    run.tidy()
    assert not list(run.folder.rglob(".*"))
    assert os.listdir(run.folder / "leases") == []
