"""The journal: whole lines of any number of processes, and torn ones left out."""

import errno
import json
import multiprocessing
import os

import pytest

from landwright.errors import DataError, DiskFullError
from landwright.runs import Event, FileJournal

FORK = multiprocessing.get_context("fork")


def event(number, reason=None):
    return Event("done", f"r00000-c{number:05d}", "me", 1, seconds=1.5, reason=reason)


def names(journal):
    return [found.block[-1] for found in journal.read()]


def test_events_come_back_in_order(tmp_path):
    journal = FileJournal(tmp_path / "journal.jsonl")
    assert journal.read() == []
    for number in range(3):
        journal.append(event(number, reason='a "quoted" reason, {"event": "x"}\nof two lines'))
    found = journal.read()
    assert [(one.event, one.block, one.seconds) for one in found] == [
        ("done", f"r00000-c{number:05d}", 1.5) for number in range(3)
    ]
    assert found[0].reason == 'a "quoted" reason, {"event": "x"}\nof two lines'
    assert found[0].time.endswith("+00:00")
    for line in journal.path.read_text().splitlines():
        assert next(iter(json.loads(line))) == "event"


@pytest.mark.parametrize("kept", [1, 9, 10, 40, -2])
def test_a_torn_last_line_is_left_out(tmp_path, kept):
    journal = FileJournal(tmp_path / "journal.jsonl")
    for number in range(3):
        journal.append(event(number))
    lines = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(b"".join(lines[:2]) + lines[2][:kept])
    assert names(journal) == ["0", "1"]


@pytest.mark.parametrize("kept", [1, 9, 10, 40, -2, -1])
def test_a_torn_line_in_the_middle_costs_no_other(tmp_path, kept):
    """A torn line has no end; that of the next writer stands right behind it."""
    journal = FileJournal(tmp_path / "journal.jsonl")
    for number in range(2):
        journal.append(event(number))
    lines = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(lines[0] + lines[1][:kept])
    for number in range(2, 4):
        journal.append(event(number))
    assert names(journal) == (["0", "1", "2", "3"] if kept == -1 else ["0", "2", "3"])


def test_other_lines_are_left_out(tmp_path):
    journal = FileJournal(tmp_path / "journal.jsonl")
    journal.append(event(0))
    with journal.path.open("ab") as file:
        file.write(b'\n\0\0\0\0\nhello\n{"event":"done","unknown":1}\n{"event":3\n')
    journal.append(event(1))
    assert names(journal) == ["0", "1"]


def _append_many(path, worker):
    for number in range(100):
        FileJournal(path).append(Event("done", f"{worker}-{number}", "x" * 500, 1))


def test_lines_of_several_processes_do_not_mix(tmp_path):
    path = tmp_path / "journal.jsonl"
    workers = [FORK.Process(target=_append_many, args=(path, worker)) for worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    found = [one.block for one in FileJournal(path).read()]
    assert sorted(found) == sorted(f"{worker}-{number}" for worker in range(4) for number in range(100))
    assert path.read_bytes().count(b"\n") == 400


def test_a_line_that_does_not_fit(tmp_path, monkeypatch):
    journal = FileJournal(tmp_path / "journal.jsonl")
    journal.append(event(0))
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:20]))
    with pytest.raises(DiskFullError, match=r"journal\.jsonl: cannot be written: the disk is full"):
        journal.append(event(1))
    monkeypatch.undo()
    journal.append(event(2))
    assert names(journal) == ["0", "2"]


def test_a_journal_that_cannot_be_written_or_read(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="cannot be read"):
        FileJournal(tmp_path).read()

    def refuse(*args):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DataError, match="Read-only file system"):
        FileJournal(tmp_path / "journal.jsonl").append(event(0))
