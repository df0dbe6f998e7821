"""benchmarks/leases.py loses no block, does none twice, and prints a row per case."""

import importlib
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("leases")


def test_the_table(script, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["leases.py", "--cases", "1x20", "20x60"])
    script.main()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    assert len({len(row) for row in rows}) == 1
    assert [row[:2] for row in rows[2:]] == [["1", "20"], ["20", "60"]]
    assert all(float(row[6]) > float(row[2]) >= 4.5 for row in rows[2:])


@pytest.mark.parametrize("seed", range(3))
def test_no_block_is_lost_or_done_twice_when_much_goes_wrong(script, monkeypatch, seed):
    monkeypatch.setattr(script, "DEATHS", 0.2)
    monkeypatch.setattr(script, "SLEEPS", 0.2)
    monkeypatch.setattr(script, "FAILURES", 0.1)
    world = script.simulate(20, 60, work=120, lease=30, seed=seed)
    assert len(world.results.published) + world.counts["poison"] >= 60
    assert max(world.results.published.values()) == 1
    assert world.counts["deaths"] and world.counts["failures"] and world.counts["late"]


def test_a_block_that_is_lost_ends_the_program(script, monkeypatch):
    monkeypatch.setattr(script.MemoryResults, "publish", lambda self, block, attempt: bool(self._finished.add(block)))
    with pytest.raises(SystemExit, match="20 blocks lost"):
        script.simulate(1, 20, work=1, lease=30, seed=0)
