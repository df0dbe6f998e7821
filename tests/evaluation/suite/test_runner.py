from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from landwright.errors import DataError, UsageError
from landwright.evaluation.suite import Making, Store, load_suite, run_suite, runner
from landwright.evaluation.suite.data import SuiteData
from landwright.evaluation.suite.store import UnwritableError

SUITE = load_suite("ovss8")
Disk = Callable[..., SuiteData]


def test_models_by_data_sets(tmp_path: Path, making: Making, knowing: Any, on_disk: Disk) -> None:
    data = [on_disk("udd5"), on_disk("vdd", images=2)]
    models = [knowing(making), knowing(making.model_copy(update={"model": "clip-b32"}))]
    store = Store(tmp_path / "out", "ovss8")
    told: list[tuple[str, str, int, int]] = []
    run = run_suite(SUITE, models, data, store, progress=lambda *args: told.append(args))
    assert run.failures == {}
    assert [(one.settings.making.model, one.settings.dataset, one.done) for one in run.results] == [
        ("clip-b16", "udd5", 4), ("clip-b16", "vdd", 2), ("clip-b32", "udd5", 4), ("clip-b32", "vdd", 2),
    ]  # fmt: skip
    assert models[0].vocabularies == ["udd5", "vdd"]
    assert models[0].seen == [0, 1, 2, 3, 0, 1]
    assert told[:5] == [("clip-b16", "udd5", done, 4) for done in range(5)]
    first = run.results[0]
    assert first.scores is not None
    assert sum(map(sum, first.matrix)) == 4 * 80
    assert first.scores.aacc == pytest.approx(7 / 8)
    assert first.notes == ("a note on udd5",)
    assert first.seconds > 0


def test_finished_pairs_are_kept(tmp_path: Path, making: Making, knowing: Any, on_disk: Disk) -> None:
    data, store = [on_disk()], Store(tmp_path / "out", "ovss8")
    first = run_suite(SUITE, [knowing(making)], data, store)
    model = knowing(making)
    assert run_suite(SUITE, [model], data, store).results == first.results
    assert (model.seen, model.opened) == ([], 1)


@pytest.mark.parametrize("every", [60.0, -1.0])
def test_ctrl_c_goes_on_with_the_next_image(
    tmp_path: Path, making: Making, knowing: Any, on_disk: Disk, monkeypatch: pytest.MonkeyPatch, every: float
) -> None:
    monkeypatch.setattr(runner, "SAVE_EVERY", every)
    data, store = [on_disk()], Store(tmp_path / "out", "ovss8")
    whole = run_suite(SUITE, [knowing(making)], data, Store(tmp_path / "whole", "ovss8")).results[0]
    model = knowing(making, stop=3)
    with pytest.raises(KeyboardInterrupt):
        run_suite(SUITE, [model], data, store)
    assert store.finished() == []
    kept = store.load(data[0].settings("ovss8", making))
    assert kept is not None
    assert (kept.done, kept.scores) == (3, None)
    (result,) = run_suite(SUITE, [model], data, store).results
    assert model.seen == [0, 1, 2, 3]
    assert (result.matrix, result.scores) == (whole.matrix, whole.scores)


def test_stopped_before_the_first_image(tmp_path: Path, making: Making, knowing: Any, on_disk: Disk) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_suite(SUITE, [knowing(making, stop=0)], [on_disk()], Store(tmp_path / "out", "ovss8"))
    assert not (tmp_path / "out").exists()


def test_a_full_disk_stops_the_run(
    tmp_path: Path, making: Making, knowing: Any, on_disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(self: Store, result: Any) -> None:
        raise UnwritableError("no space left", path=self.folder)

    monkeypatch.setattr(Store, "save", save)
    with pytest.raises(UnwritableError, match="no space left"):
        run_suite(SUITE, [knowing(making)], [on_disk("udd5"), on_disk("vdd")], Store(tmp_path / "out", "ovss8"))


def test_the_others_go_on(
    tmp_path: Path, making: Making, knowing: Any, on_disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A data set that fails its check is checked once; an image that fails keeps what was counted before."""
    data, checked = [on_disk("udd5"), on_disk("vdd"), on_disk("uavid")], []

    def check(self: SuiteData, progress: Any = None) -> tuple[str, ...]:
        checked.append(self.name)
        progress(1, 4)
        if self.name == "vdd":
            raise DataError("fails its check")
        return ()

    monkeypatch.setattr(SuiteData, "check", check)
    data[2].pairs[1][0].unlink()
    models = [knowing(making), knowing(making.model_copy(update={"model": "clip-b32"}))]
    seen: list[tuple[str, int, int]] = []
    store = Store(tmp_path / "out", "ovss8")
    # The fingerprint is taken when the data set is found.
    for one in data:
        vars(one)["fingerprint"] = "d" * 64
    run = run_suite(SUITE, models, data, store, checking=lambda *args: seen.append(args))
    assert [one.settings.dataset for one in run.results] == ["udd5", "udd5"]
    assert list(run.failures) == [(model, name) for model in ("clip-b16", "clip-b32") for name in ("vdd", "uavid")]
    assert checked == ["udd5", "vdd", "uavid"]
    assert seen[0] == ("udd5", 1, 4)
    kept = store.load(data[2].settings("ovss8", making))
    assert kept is not None
    assert kept.done == 1


def test_other_settings_are_refused_before_any_work(
    tmp_path: Path, making: Making, knowing: Any, on_disk: Disk
) -> None:
    data, store = [on_disk()], Store(tmp_path / "out", "ovss8")
    run_suite(SUITE, [knowing(making)], data, store)
    other = knowing(making.model_copy(update={"model": "clip-b32"}))
    changed = knowing(making.model_copy(update={"attention": "naclip"}))
    with pytest.raises(UsageError, match="attention: segearth, now naclip"):
        run_suite(SUITE, [other, changed], data, store)
    assert other.seen == []
