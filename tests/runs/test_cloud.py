"""A run in an object store: the same work, over conditional puts instead of links and renames."""

import itertools
import json
import pickle
import random
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from landwright.errors import DataError, UsageError
from landwright.runs import Event, Run, cloud, pull
from landwright.runs.cloud import CloudJournal, CloudStore, is_address
from landwright.runs.cloud_results import CloudResults

pytest.importorskip("obstore", reason="runs in an object store need the extra cloud")

NAME = "r00000-c00000"


@pytest.fixture(params=["file", "memory"])
def address(request, tmp_path):
    """The address of a new object store: a folder, or this process's memory."""
    return f"file://{tmp_path}/bucket/run" if request.param == "file" else f"memory:///{tmp_path.name}"


@pytest.fixture
def store(address):
    return CloudStore(address)


@pytest.fixture
def results(store, tmp_path):
    return CloudResults(store, tmp_path / "local")


def write(block, folder):
    (folder / "classes.tif").write_bytes(block.name.encode() * 100)


def check(run):
    names = [block.name for block in run.blocks]
    assert list(run.state().finished) == names
    for name in names:
        assert (run.results.folder(name) / "classes.tif").read_bytes() == name.encode() * 100
        assert run.results.note(name)["block"] == name
    done = Counter(event.block for event in run.journal.read() if event.event == "done")
    assert max(done.values(), default=0) <= 1


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("s3://b/p", True),
        ("gs://b", True),
        ("az://a/c", True),
        ("map.run", False),
        ("/a/s3:/b", False),
        ("s3:/b", False),
    ],
)
def test_addresses(folder, expected):
    assert is_address(folder) == expected


def test_documents(store):
    assert store.names("leases") == {}
    assert store.create("leases/a.json", b"1")
    assert not store.create("leases/a.json", b"2")
    assert store.read("leases/a.json") == b"1"
    before = store.names("leases")
    store.create("leases2/b.json", b"1")
    time.sleep(0.01)
    store.write("leases/a.json", b"3")
    after = store.names("leases")
    assert list(after) == ["leases/a.json"] and after != before
    store.delete("leases/a.json")
    store.delete("leases/a.json")
    assert store.read("leases/a.json") is None


def test_of_several_that_create_one_wins(store):
    for turn in range(20):
        gate, won = threading.Barrier(4), []

        def create(turn=turn, gate=gate, won=won):
            gate.wait()
            won.append(store.create(f"leases/{turn}.json", b"x"))

        threads = [threading.Thread(target=create) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(won) == [False, False, False, True]


def test_the_journal_keeps_the_order(store):
    journal = CloudJournal(store)
    assert journal.read() == []
    for number in range(5):
        journal.append(Event("started", NAME, "me", number))
    store.write("journal/99999999999999999999-torn.json", b'{"event":"st')
    assert [event.attempt for event in journal.read()] == [0, 1, 2, 3, 4]


def test_files_count_together(results):
    place = results.begin(NAME, 1)
    (place / "more").mkdir()
    (place / "classes.tif").write_bytes(b"1" * 6 * 2**20)  # in parts
    (place / "more" / "height.tif").write_bytes(b"2")
    assert results.finished() == set() and not results.is_finished(NAME)
    assert results.publish(NAME, 1, {"worker": "me"})
    results.discard(NAME, 1)
    assert not place.exists()
    assert results.finished() == {NAME} and results.is_finished(NAME)
    assert results.note(NAME) == {"worker": "me", "files": ["classes.tif", "more/height.tif"]}
    folder = results.folder(NAME)
    assert folder == results.path / NAME == results.folder(NAME)
    assert (folder / "classes.tif").read_bytes() == b"1" * 6 * 2**20
    assert (folder / "more" / "height.tif").read_bytes() == b"2"
    assert [path.name for path in results.path.iterdir()] == [NAME]


def test_a_block_that_is_not_finished_cannot_be_fetched(results):
    with pytest.raises(DataError, match=f"block {NAME} is not finished"):
        results.folder(NAME)


def test_a_revoked_attempt_is_never_published(results, store):
    (results.begin(NAME, 1) / "classes.tif").write_bytes(b"1")
    results.revoke(NAME, 1)
    results.revoke(NAME, 1)
    assert not results.publish(NAME, 1, {})
    assert results.finished() == set()
    assert list(store.names("blocks")) == [f"blocks/{NAME}/1/done.json"]
    (results.begin(NAME, 2) / "classes.tif").write_bytes(b"2")
    assert results.publish(NAME, 2, {})
    assert (results.folder(NAME) / "classes.tif").read_bytes() == b"2"
    results.sweep()
    assert sorted(store.names("blocks")) == [f"blocks/{NAME}/2/{name}" for name in ("classes.tif", "done.json")]
    for attempt in (1, 2):
        results.discard(NAME, attempt)


def test_a_worker_that_dies_between_decision_and_name(results, store, monkeypatch):
    (results.begin(NAME, 1) / "classes.tif").write_bytes(b"1")
    monkeypatch.setattr(CloudResults, "_name", lambda *args: None)
    assert results.publish(NAME, 1, {})
    monkeypatch.undo()
    assert not results.is_finished(NAME)
    results.revoke(NAME, 1)
    assert results.is_finished(NAME)
    assert (results.folder(NAME) / "classes.tif").read_bytes() == b"1"
    results.discard(NAME, 1)


def test_an_answer_that_was_lost(results, store, monkeypatch):
    """The decision was written, but all that comes back is an error, or that there is one already."""
    real = CloudStore.create

    def lost(self, name, data):
        assert real(self, name, data)
        if name.startswith("blocks/"):
            raise DataError("no answer")
        return True

    (results.begin(NAME, 1) / "classes.tif").write_bytes(b"1")
    monkeypatch.setattr(CloudStore, "create", lost)
    with pytest.raises(DataError):
        results.publish(NAME, 1, {})
    monkeypatch.undo()
    results.discard(NAME, 1)
    results.revoke(NAME, 1)
    assert (results.folder(NAME) / "classes.tif").read_bytes() == b"1"

    def refused(self, name, data):
        real(self, name, data)
        return False

    other = "r00000-c00001"
    (results.begin(other, 1) / "classes.tif").write_bytes(b"1")
    monkeypatch.setattr(CloudStore, "create", refused)
    assert results.publish(other, 1, {})
    monkeypatch.undo()
    results.discard(other, 1)
    assert results.is_finished(other)


def test_either_the_publication_or_the_revocation_wins(results):
    won = Counter()
    for turn in range(30):
        name, gate, done = f"r{turn:05d}-c00000", threading.Barrier(2), []
        (results.begin(name, 1) / "classes.tif").write_bytes(b"1")

        def publish(name=name, gate=gate, done=done):
            gate.wait()
            done.append(results.publish(name, 1, {}))

        thread = threading.Thread(target=publish)
        thread.start()
        gate.wait()
        time.sleep(turn * 1e-4)
        results.revoke(name, 1)
        before = results.is_finished(name)
        thread.join()
        assert results.is_finished(name) == before == done[0]
        won[before] += 1
        results.discard(name, 1)


def test_a_run(address, manifest, tmp_path):
    run = Run.open(address, manifest(2))
    failed = []

    def work(block, folder):
        if block.row == 0 and failed.count(block.name) < 1:
            failed.append(block.name)
            raise ValueError("no such tile")
        if block.row == block.col == 1:
            raise ValueError("never")
        write(block, folder)

    summary = pull(run, work, worker="me", lease_seconds=0.2)
    assert len(summary.done) == 3 and summary.poison == {"r00001-c00001": "ValueError: never"}
    again = Run.open(address, manifest(2))
    again.forgive()
    assert pull(again, write).done == ["r00001-c00001"]
    assert Run.load(address).manifest == run.manifest
    copy = Run.load(address, local=tmp_path / "copy")
    assert copy.where == address and copy.folder == tmp_path / "copy"
    assert copy.results.folder(NAME) == tmp_path / "copy" / "blocks" / NAME
    check(run)
    assert run.store.names("leases") == {}
    run.tidy()
    check(run)
    with pytest.raises(UsageError, match=r"settings\.tile: 512 -> 256"):
        Run.open(address, manifest(2, settings={"tile": 256, "blend": "cosine", "tta": {"flip": True}}))


def test_several_workers(address, manifest):
    run, summaries = Run.open(address, manifest(4)), []
    threads = [threading.Thread(target=lambda: summaries.append(pull(run, write))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(name for one in summaries for name in one.done) == [block.name for block in run.blocks]
    assert Counter(event.event for event in run.journal.read()) == {"started": 16, "done": 16}


def test_a_run_that_was_removed(address, manifest):
    run = Run.open(address, manifest(1))
    run.store.delete("manifest.json")
    with pytest.raises(DataError, match="was removed"):
        pull(run, write)


def test_a_run_is_removed(address, manifest):
    run = Run.open(address, manifest(1))
    run.store.create("products.json", b"{}")
    pull(run, write)
    run.store.create("other/file", b"not ours")
    assert run.store.delete("manifest.json") is None
    with pytest.raises(DataError, match="something else than a run"):
        Run.open(address, manifest(1))
    run.remove("products.json")
    assert list(run.store.names("")) == ["other/file"]
    assert Run.open(address, manifest(1)).state().left == (NAME,)


def test_a_run_travels_to_another_process(tmp_path, manifest):
    run = Run.open(f"file://{tmp_path}/run", manifest(1))
    run.results.begin(NAME, 7)
    copy = pickle.loads(pickle.dumps(run))
    assert pull(copy, write).done == [NAME]
    assert run.state().finished == (NAME,)
    run.results.discard(NAME, 7)


def test_a_store_that_cannot_be_reached(tmp_path, manifest):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"Not a directory.*Check the address"):
        Run.open(f"file://{tmp_path}/file/run", manifest(1))
    with pytest.raises(DataError, match="no run directory"):
        Run.load(f"memory:///{tmp_path.name}")


def test_without_obstore(monkeypatch, manifest):
    monkeypatch.setattr(cloud.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"landwright\[cloud\]"):
        Run.open("s3://bucket/run", manifest(1))


def test_a_stamp_without_an_etag(store, monkeypatch):
    from datetime import UTC, datetime

    import obstore

    entry = {"path": "leases/a.json", "e_tag": None, "last_modified": datetime(2026, 1, 1, tzinfo=UTC), "size": 3}
    monkeypatch.setattr(obstore, "list", lambda *args, **kwargs: [[entry]])
    assert store.names("leases") == {"leases/a.json": "2026-01-01T00:00:00+00:00-3"}


WORKER = """
import sys, time
from landwright.runs import Run, pull

def work(block, folder):
    time.sleep(0.05)
    (folder / "classes.tif").write_bytes(block.name.encode() * 100)

pull(Run.load(sys.argv[1]), work, lease_seconds=1.0, losses=10_000)
"""


def start(run):
    return subprocess.Popen([sys.executable, "-c", WORKER, run.where])


@pytest.mark.slow
def test_workers_that_are_killed(tmp_path, manifest):
    run, rng = Run.open(f"file://{tmp_path}/run", manifest(8)), random.Random(0)
    workers, kills = [start(run) for _ in range(2)], 0
    while run.state().left and kills < 8:
        time.sleep(rng.uniform(1.0, 2.0))
        victim = workers.pop(0)
        victim.kill()
        victim.wait()
        kills += 1
        workers.append(start(run))
    for worker in workers:
        assert worker.wait() == 0
    check(run)
    started = sum(event.event == "started" for event in run.journal.read())
    assert started <= len(run.blocks) + kills
    run.tidy()
    assert run.store.names("leases") == {}
    names = itertools.chain(
        *(
            [f"blocks/{block}/{attempt}/{name}" for name in ("classes.tif", "done.json")]
            for block, attempt in counted(run)
        )
    )
    assert sorted(run.store.names("blocks")) == sorted(names)


def counted(run):
    """The attempt that counts of each block."""
    return [(name, json.loads(run.store.read(f"finished/{name}.json"))["attempt"]) for name in run.results.finished()]
