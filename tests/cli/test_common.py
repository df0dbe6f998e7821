import json

import pytest
import typer

from landwright.cli.common import INTERRUPTED, emit, guard, progress
from landwright.errors import DataError


def test_guard_prints_problem_and_remedy_and_exits(capsys):
    @guard
    def verb():
        raise DataError("is empty", path="a.tif", remedy="Take another")

    with pytest.raises(typer.Exit) as caught:
        verb()
    assert caught.value.exit_code == 3
    assert capsys.readouterr().err == "error: a.tif: is empty\n  remedy: Take another\n"


def test_guard_turns_ctrl_c_into_130():
    @guard
    def verb():
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit) as caught:
        verb()
    assert caught.value.exit_code == INTERRUPTED


def test_emit_writes_one_json_line_or_text(capsys):
    emit({"a": 1}, as_json=True, text="people")
    emit({"a": 1}, as_json=False, text="people")
    first, second = capsys.readouterr().out.splitlines()
    assert json.loads(first) == {"a": 1}
    assert second == "people"


def test_progress_shows_rate(capsys):
    with progress() as bar:
        task = bar.add_task("work", total=2, unit="px")
        bar.advance(task)
        bar.advance(task)
    assert "px/s" in capsys.readouterr().err
