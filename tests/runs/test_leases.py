"""One attempt, one holder; a lease is over when its observer saw no change for long enough."""

import threading
import time

import pytest

from landwright.errors import DataError
from landwright.runs import FileStore, cut
from landwright.runs.leases import Lease, Watch, attempts_by_block, heartbeat, lease_name

BLOCK = cut(10, 10, 10)[0]


@pytest.fixture
def store(tmp_path):
    return FileStore(tmp_path)


def test_an_attempt_has_one_holder(store):
    assert Lease.take(store, BLOCK, 1, "a") is not None
    assert Lease.take(store, BLOCK, 1, "b") is None
    assert Lease.take(store, BLOCK, 2, "b") is not None


def test_names_tell_the_state(store):
    other = cut(10, 20, 10)[1]
    Lease.take(store, other, 1, "a")
    for attempt, how in enumerate(["failed", "released", None, "failed", None], start=1):
        lease = Lease.take(store, BLOCK, attempt, "a")
        if how:
            lease.end(how, "why")
    found = attempts_by_block(store.names("leases"))
    assert found.keys() == {BLOCK.name, other.name}
    assert found[BLOCK.name].last == 5
    assert found[BLOCK.name].failures == 2
    assert found[BLOCK.name].silent == [3, 5]
    assert found[BLOCK.name].ended == {1: "failed", 2: "released", 4: "failed"}
    assert found[other.name].silent == [1]


def test_a_holder_learns_that_its_lease_was_taken(store):
    lease = Lease.take(store, BLOCK, 1, "a")
    assert not lease.is_lost()
    Lease.take(store, BLOCK, 2, "b")
    assert lease.is_lost()


def test_a_lease_is_removed(store):
    lease = Lease.take(store, BLOCK, 1, "a")
    lease.remove()
    assert store.names("leases") == {}


def test_every_beat_changes_the_stamp(store):
    lease = Lease.take(store, BLOCK, 1, "a")
    stamps = set()
    for _ in range(20):
        lease.beat()
        stamps.add(store.names("leases")[lease.name])
    assert len(stamps) == 20


def test_the_heart_beats_until_the_work_ends(store):
    lease = Lease.take(store, BLOCK, 1, "a")
    threads = threading.active_count()
    with heartbeat(lease, 0.01):
        before = store.read(lease.name)
        until = time.monotonic() + 20
        while store.read(lease.name) == before and time.monotonic() < until:
            time.sleep(0.01)
        assert store.read(lease.name) != before
    assert threading.active_count() == threads
    after = store.read(lease.name)
    time.sleep(0.05)
    assert store.read(lease.name) == after


def test_a_beat_that_fails_is_tried_again(store, monkeypatch):
    lease = Lease.take(store, BLOCK, 1, "a")
    beats, seen = [], threading.Event()

    def fail_once():
        beats.append(1)
        if len(beats) == 1:
            raise DataError("cannot be written")
        seen.set()

    monkeypatch.setattr(lease, "beat", fail_once)
    with heartbeat(lease, 0.01):
        assert seen.wait(20)


def test_a_change_starts_the_watch_anew():
    watch = Watch(longest=10)
    watch.look([("a", "1")], now=100)
    assert watch.unchanged("a") == 0
    watch.look([("a", "1"), ("b", "1")], now=104)
    watch.look([("a", "1"), ("b", "2")], now=108)
    assert watch.unchanged("a") == 8
    assert watch.unchanged("b") == 0
    watch.look([("b", "2")], now=109)
    assert watch.unchanged("a") == 0
    assert watch.unchanged("b") == 1
    watch.look([("a", "1")], now=110)
    assert watch.unchanged("a") == 0


def test_an_observer_that_was_stopped_has_not_watched():
    watch = Watch(longest=10)
    watch.look([("a", "1")], now=0)
    watch.look([("a", "1")], now=3600)
    assert watch.unchanged("a") == 10


def test_names():
    assert lease_name("r00001-c00002", 3) == "leases/r00001-c00002.3.json"
    assert lease_name("r00001-c00002", 3, "failed") == "leases/r00001-c00002.3.failed.json"
