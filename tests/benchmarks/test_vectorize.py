"""benchmarks/vectorize.py: every way finds the same polygons with the same area."""

import importlib
import json
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.delitem(sys.modules, "vectorize", raising=False)
    return importlib.import_module("vectorize")


@pytest.mark.parametrize("kind", ["map", "noise"])
def test_the_ways_agree(script, monkeypatch, tmp_path, kind):
    monkeypatch.setattr(script, "SIDE", 64)
    script.make_map(tmp_path / "map.tif", 150, 130, kind)
    found = {way: script.measure(way, tmp_path / "map.tif", tmp_path / f"{way}.parquet") for way in script.WAYS}
    buildings = found.pop("buildings")
    assert {(row["polygons"], row["area"]) for row in found.values()} == {(found["ours"]["polygons"], 150 * 130 / 4)}
    assert 0 < buildings["polygons"] < found["ours"]["polygons"]
    assert all(row["seconds"] >= 0 and row["megabytes"] >= 0 for row in found.values())


def test_the_table(script, monkeypatch, capsys):
    class Done:
        returncode = 0
        stdout = json.dumps({"seconds": 1.0, "megabytes": 5.0, "polygons": 3, "area": 7.0})
        stderr = ""

    monkeypatch.setattr(script.subprocess, "run", lambda *_, **__: Done)
    argv = ["vectorize.py", "--sizes", "40x50", "--kinds", "map", "--ways", "ours", "one-shot"]
    monkeypatch.setattr(sys, "argv", argv)
    script.main()
    rows = capsys.readouterr().out.splitlines()
    assert len({row.count("|") for row in rows}) == 1
    assert rows[2] == "| 40x50 | map | ours | 3 | 7 | 1.0 | 500.00 | 5 |"


def test_a_way_that_breaks_has_a_row_and_says_why(script, monkeypatch, capsys):
    class Broken:
        returncode = -6
        stdout = ""
        stderr = "Fatal Python error: Aborted"

    monkeypatch.setattr(script.subprocess, "run", lambda *_, **__: Broken)
    monkeypatch.setattr(sys, "argv", ["vectorize.py", "--sizes", "40x50", "--kinds", "map", "--ways", "buildings"])
    script.main()
    printed = capsys.readouterr()
    assert "| 40x50 | map | buildings | ended with -6 | | | | |" in printed.out
    assert "Aborted" in printed.err
