"""A block's files appear together and once, and not at all for an attempt that was revoked."""

import errno
import os
import threading
from pathlib import Path

import pytest

from landwright.errors import DataError, DiskFullError
from landwright.runs import FileResults
from landwright.runs import results as results_module

NAME = "r00000-c00000"


@pytest.fixture
def results(tmp_path):
    return FileResults(tmp_path / "blocks")


def visible(results):
    return sorted(path.name for path in results.path.iterdir() if not path.name.startswith("."))


def test_files_appear_together(results):
    assert results.finished() == set()
    place = results.begin(NAME, 1)
    (place / "classes.tif").write_bytes(b"1")
    (place / "more").mkdir()
    (place / "more" / "height.tif").write_bytes(b"2")
    assert results.finished() == set() and not results.is_finished(NAME)
    assert results.publish(NAME, 1, {"worker": "me"})
    assert results.finished() == {NAME} and results.is_finished(NAME)
    found = {str(path.relative_to(results.folder(NAME))) for path in results.folder(NAME).rglob("*.*")}
    assert found == {"classes.tif", "more/height.tif", "done.json"}
    assert results.note(NAME) == {"worker": "me"}


def test_the_second_of_two_attempts_is_refused(results):
    for attempt in (1, 2):
        (results.begin(NAME, attempt) / "classes.tif").write_bytes(bytes([attempt]))
    assert results.publish(NAME, 2, {})
    assert not results.publish(NAME, 1, {})
    results.discard(NAME, 1)
    assert (results.folder(NAME) / "classes.tif").read_bytes() == b"\2"
    assert os.listdir(results.path) == [NAME]


def test_a_revoked_attempt_cannot_publish(results):
    place = results.begin(NAME, 1)
    (place / "classes.tif").write_bytes(b"1")
    results.revoke(NAME, 1)
    results.revoke(NAME, 1)
    assert not results.publish(NAME, 1, {})
    with pytest.raises(OSError, match="Not a directory"):
        (place / "height.tif").write_bytes(b"2")
    with pytest.raises(FileExistsError):
        place.mkdir(parents=True, exist_ok=True)
    results.discard(NAME, 1)
    assert results.begin(NAME, 1) is None
    assert visible(results) == []


def test_an_attempt_can_be_revoked_before_it_begins(results):
    results.revoke(NAME, 1)
    assert results.begin(NAME, 1) is None


def test_a_folder_made_anew_by_a_late_writer_is_not_published(results):
    """A writer that makes missing folders may do so between the two steps of a revocation."""
    place = results.begin(NAME, 1)
    place.rename(results.path / ".gone.1")
    place.mkdir()
    (place / "height.tif").write_bytes(b"2")
    assert not results.publish(NAME, 1, {})
    assert visible(results) == []


def test_a_revocation_right_before_the_last_step_of_publication(results, monkeypatch):
    """What stands in the folder's place by then is a file, which must not become the finished block."""
    (results.begin(NAME, 1) / "classes.tif").write_bytes(b"1")
    sync = results_module._sync

    def then_revoked(folder):
        sync(folder)
        results.revoke(NAME, 1)

    monkeypatch.setattr(results_module, "_sync", then_revoked)
    assert not results.publish(NAME, 1, {})
    assert visible(results) == []
    monkeypatch.undo()
    (results.begin(NAME, 2) / "classes.tif").write_bytes(b"2")
    assert results.publish(NAME, 2, {})


def test_a_revocation_right_after_the_folder_was_made(results, monkeypatch):
    touch = Path.touch

    def revoked_before(path, **kwargs):
        results.revoke(NAME, 1)
        touch(path, **kwargs)

    monkeypatch.setattr(Path, "touch", revoked_before)
    assert results.begin(NAME, 1) is None


def test_either_the_publication_or_the_revocation_wins(results):
    both = []
    for turn in range(100):
        name, gate = f"r{turn:05d}-c00000", threading.Barrier(2)
        (results.begin(name, 1) / "classes.tif").write_bytes(b"1")
        done = []

        def publish(name=name, gate=gate, done=done):
            gate.wait()
            done.append(results.publish(name, 1, {}))

        thread = threading.Thread(target=publish)
        thread.start()
        gate.wait()
        results.revoke(name, 1)
        before = results.is_finished(name)
        thread.join()
        assert results.is_finished(name) == before == done[0]
        both.append(before)
        if before:
            assert sorted(os.listdir(results.folder(name))) == ["classes.tif", "done.json"]


def test_a_full_disk_at_publication(results, monkeypatch):
    (results.begin(NAME, 1) / "classes.tif").write_bytes(b"1")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFullError):
        results.publish(NAME, 1, {})
    assert visible(results) == []


def test_folders_are_not_synced_on_windows(results, monkeypatch):
    (results.begin(NAME, 1) / "classes.tif").write_bytes(b"1")
    synced = []
    monkeypatch.setattr("landwright.runs.results._is_windows", lambda: True)
    monkeypatch.setattr(os, "fsync", synced.append)
    assert results.publish(NAME, 1, {})
    assert len(synced) == 2


def test_a_damaged_note(results):
    results.begin(NAME, 1)
    results.publish(NAME, 1, {})
    (results.folder(NAME) / "done.json").write_text("{")
    with pytest.raises(DataError, match=r"done\.json: is damaged"):
        results.note(NAME)
    with pytest.raises(DataError, match="cannot be read"):
        results.note("r00009-c00009")


def test_a_folder_that_is_a_file(tmp_path):
    Path(tmp_path / "blocks").touch()
    with pytest.raises(DataError):
        FileResults(tmp_path / "blocks").finished()
    with pytest.raises(DataError):
        FileResults(tmp_path / "blocks").begin(NAME, 1)
