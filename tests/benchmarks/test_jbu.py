"""benchmarks/jbu.py prints a row per upsampler and number of queries."""

import importlib
import sys
from pathlib import Path

import torch

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"


def test_the_table(monkeypatch, capsys):
    monkeypatch.syspath_prepend(FOLDER)
    script = importlib.import_module("jbu")
    for name, value in {"DIM": 8, "GRID": 4, "SIDE": 64}.items():
        monkeypatch.setattr(script, name, value)
    threads = str(torch.get_num_threads())
    monkeypatch.setattr(sys, "argv", ["jbu.py", "--queries", "3", "5", "--repeats", "1", "--threads", threads])
    script.main()
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split("|")[1:3] for row in rows] == [
        [f" {name} ", f" {queries} "] for name in ("jbu-one", "jbu-stack") for queries in (3, 5)
    ]
    assert all(float(row.split("|")[6]) < 1e-5 for row in rows)
