from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from landwright.errors import DataError, UsageError
from landwright.evaluation.suite import PairResult, Settings, Store
from landwright.evaluation.suite.store import UnwritableError, slug

Build = Callable[..., Settings]
Finish = Callable[..., PairResult]


def test_round_trip(tmp_path: Path, settings: Build, result: Finish) -> None:
    store = Store(tmp_path / "out", "ovss8")
    assert store.load(settings()) is None
    one, on_the_way = result(settings()), result(settings("vdd"), scores=None, done=1)
    store.save(one)
    store.save(on_the_way)
    assert store.load(settings()) == one
    assert store.load(settings("vdd")) == on_the_way
    assert store.finished() == [one]
    assert store.path("clip-b16", "loveda") == tmp_path / "out" / "results" / "clip-b16" / "loveda.json"
    assert not list((tmp_path / "out").rglob(".*"))
    Store(tmp_path / "out", "ovss8").settle([settings(), settings("vdd")])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"preset": "landwright"}, "preset: rs-ovss, now landwright"),
        ({"weights": "c" * 64}, "weights: a"),
        ({"data": "c" * 64}, "data: b"),
        ({"words": (("water",),) * 7}, "words: "),
        ({"thresholds": (0.3,) * 7}, "thresholds: "),
    ],
)
def test_other_settings_are_refused(
    tmp_path: Path, settings: Build, result: Finish, changes: dict[str, object], told: str
) -> None:
    store = Store(tmp_path, "ovss8")
    store.save(result(settings()))
    with pytest.raises(UsageError, match=told) as caught:
        store.settle([settings(**changes)])
    assert "--force" in str(caught.value)
    Store(tmp_path, "ovss8", force=True).settle([settings(**changes)])
    assert store.load(settings()) is None


def test_a_row_is_of_one_making(tmp_path: Path, settings: Build, result: Finish) -> None:
    """Results on data sets that are not asked for now count, too; those of other models do not."""
    store = Store(tmp_path, "ovss8")
    store.save(result(settings("loveda")))
    store.settle([settings("vdd")])
    store.settle([settings("vdd", model="clip-b32", attention="naclip")])
    with pytest.raises(UsageError, match="attention: segearth, now naclip"):
        store.settle([settings("vdd", attention="naclip")])


def test_another_suite(tmp_path: Path, settings: Build, result: Finish) -> None:
    Store(tmp_path, "ovss8").save(result(settings()))
    other = Store(tmp_path, "ovss-single")
    assert other.finished() == []
    with pytest.raises(UsageError, match="suite: ovss8, now ovss-single"):
        other.settle([settings("whu-aerial", suite="ovss-single")])
    Store(tmp_path, "ovss-single", force=True).settle([settings("whu-aerial", suite="ovss-single")])
    assert Store(tmp_path, "ovss8").load(settings()) is not None


def test_many_differences_are_cut(tmp_path: Path, settings: Build, result: Finish) -> None:
    store = Store(tmp_path, "ovss8")
    store.save(result(settings()))
    with pytest.raises(UsageError, match="and 2 more"):
        store.settle([settings(preset="a", attention="b", activation="c", bias=1.0, crop=1, stride=1)])


def test_folders_that_cannot_be_written(tmp_path: Path, settings: Build, result: Finish) -> None:
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "out", "ovss8")
    with pytest.raises(UsageError, match=r"out: cannot be written"):
        store.settle([settings()])
    with pytest.raises(UnwritableError):
        store.save(result(settings()))


@pytest.mark.parametrize(
    "changes", [{"done": 99}, {"done": -1}, {"matrix": [[1, 0], [0, 1]]}, {"matrix": [[-1] * 7] * 7}]
)
def test_files_that_do_not_agree_with_themselves(
    tmp_path: Path, settings: Build, result: Finish, changes: dict[str, Any]
) -> None:
    store = Store(tmp_path, "ovss8")
    store.save(result(settings()))
    path = store.path("clip-b16", "loveda")
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(DataError, match=r"loveda\.json: is not a result.*Delete the file"):
        store.load(settings())


def test_folders_that_are_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds no results of a suite"):
        Store(tmp_path, "ovss8")
    Store(tmp_path, "ovss8", force=True)
    with pytest.raises(UsageError, match="is a file"):
        Store(tmp_path / "notes.txt", "ovss8")


def test_damaged_file(tmp_path: Path, settings: Build) -> None:
    store = Store(tmp_path, "ovss8")
    path = store.path("clip-b16", "loveda")
    path.parent.mkdir(parents=True)
    path.write_text('{"format": 2}')
    with pytest.raises(DataError, match="Delete the file"):
        store.settle([settings()])


def test_slug() -> None:
    assert slug("clip-b16") == "clip-b16"
    assert slug("runs/my model (2)/") == "my-model-2"
    assert slug("/") == "model"
