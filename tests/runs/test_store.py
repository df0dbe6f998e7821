"""Documents are created by one, replaced whole, and never seen half."""

import errno
import os
import threading

import pytest

from landwright.errors import DataError, DiskFullError
from landwright.runs import FileStore


@pytest.fixture(params=["links", "no links"])
def store(request, tmp_path, monkeypatch):
    if request.param == "no links":

        def refuse(*args, **kwargs):
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "run").mkdir()
    return FileStore(tmp_path / "run")


def test_a_document_is_created_once(store):
    assert store.create("leases/a.json", b"first")
    assert not store.create("leases/a.json", b"second")
    assert store.read("leases/a.json") == b"first"


def test_of_many_who_create_one_succeeds(store, monkeypatch):
    monkeypatch.setattr("pathlib.Path.exists", lambda path: False)
    for turn in range(30):
        gate, won = threading.Barrier(8), []

        def create(who, name=f"leases/{turn}.json", gate=gate, won=won):
            gate.wait()
            if store.create(name, bytes([who])):
                won.append(who)

        threads = [threading.Thread(target=create, args=(who,)) for who in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        assert store.read(f"leases/{turn}.json") == bytes(won)


def test_a_document_is_replaced_and_its_stamp_changes(store):
    store.create("leases/a.json", b"1")
    store.create("leases/b.json", b"1")
    before = store.names("leases")
    store.write("leases/a.json", b"2")
    after = store.names("leases")
    assert store.read("leases/a.json") == b"2"
    assert before.keys() == after.keys() == {"leases/a.json", "leases/b.json"}
    assert before["leases/a.json"] != after["leases/a.json"]
    assert before["leases/b.json"] == after["leases/b.json"]


def test_what_is_not_there(store):
    assert store.read("leases/a.json") is None
    assert store.names("leases") == {}
    store.delete("leases/a.json")


def test_hidden_files_and_those_that_vanish_are_not_listed(store, monkeypatch):
    for name in ("a", "b"):
        store.create(f"leases/{name}.json", b"")
    (store.folder / "leases" / ".c.json.1234").touch()
    stat = os.stat

    def vanish(path, *args, **kwargs):
        if str(path).endswith("a.json"):
            raise FileNotFoundError(errno.ENOENT, "gone", path)
        return stat(path, *args, **kwargs)

    monkeypatch.setattr(os, "stat", vanish)
    assert list(store.names("leases")) == ["leases/b.json"]


def test_a_full_disk_leaves_nothing(store, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFullError, match="disk is full"):
        store.create("leases/a.json", b"1")
    assert os.listdir(store.folder / "leases") == []


def test_a_disk_that_takes_only_a_part(store, monkeypatch):

    class Short:
        def __init__(self, descriptor):
            self.descriptor = descriptor

        def __enter__(self):
            return self

        def __exit__(self, *args):
            os.close(self.descriptor)

        def write(self, data):
            return len(data) - 1

    monkeypatch.setattr(os, "fdopen", lambda descriptor, *args, **kwargs: Short(descriptor))
    with pytest.raises(DiskFullError):
        store.create("leases/a.json", b"12")
    assert os.listdir(store.folder / "leases") == []


def test_errors_of_the_system_name_the_file(store, monkeypatch):
    (store.folder / "leases").mkdir(parents=True)
    (store.folder / "leases" / "folder").mkdir()
    with pytest.raises(DataError, match=r"leases/folder: cannot be read"):
        store.read("leases/folder")
    with pytest.raises(DataError, match=r"leases/folder: cannot be written"):
        store.delete("leases/folder")
    (store.folder / "poison").touch()
    with pytest.raises(DataError, match=r"poison: cannot be read"):
        store.names("poison")

    def refuse(*args):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(DataError, match="Input/output error"):
        store.create("leases/a.json", b"")
