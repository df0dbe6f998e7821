from __future__ import annotations

import csv
import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from filelock import FileLock
from lightning.fabric.loggers.csv_logs import _ExperimentWriter
from lightning.pytorch.callbacks import ModelCheckpoint

from landwright.bundles import load_bundle
from landwright.data.tiles import RandomTiles
from landwright.errors import DataError, DiskFullError, UsageError
from landwright.recipe import Recipe, load_recipe
from landwright.regimes import TrainingInterrupted, train
from landwright.regimes.masks import MasksModule

MakeRecipe = Callable[..., Recipe]


def _state(run: Path) -> dict[str, Any]:
    return dict(torch.load(run / "checkpoints/last.ckpt", weights_only=True))


def _curves(run: Path) -> list[dict[str, str]]:
    with (run / "logs/metrics.csv").open() as stream:
        return list(csv.DictReader(stream))


def _interrupt_at(monkeypatch: pytest.MonkeyPatch, batch: int, *, times: int = 1) -> None:
    """Send this process Ctrl-C while it works on a batch."""
    step = MasksModule.training_step

    def training_step(self: MasksModule, batch_: Any, batch_idx: int) -> torch.Tensor:
        for _ in range(times if batch_idx == batch else 0):
            os.kill(os.getpid(), signal.SIGINT)
        return step(self, batch_, batch_idx)

    monkeypatch.setattr(MasksModule, "training_step", training_step)


def _assert_equal(one: Any, other: Any) -> None:
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            _assert_equal(one[key], other[key])
    elif isinstance(one, list):
        for left, right in zip(one, other, strict=True):
            _assert_equal(left, right)
    else:
        assert one == other


def test_a_run_writes_all_that_is_needed(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe()
    run = tmp_path / "run"
    result = train(recipe, run, progress=False)
    assert Recipe.model_validate(yaml.safe_load((run / "recipe.yaml").read_text())) == recipe
    assert {row["part"] for row in csv.DictReader((run / "split.csv").open())} == {"train", "val"}
    assert not (run / "run.lock").exists()
    assert result.steps == 6
    figures = [float(row["val/miou"]) for row in _curves(run) if row["val/miou"]]
    assert len(figures) == 3
    assert result.value == pytest.approx(max(figures), abs=1e-6)
    losses = [float(row["train/loss"]) for row in _curves(run) if row["train/loss"]]
    assert len(losses) == 6
    bundle = load_bundle(result.bundle)
    card = bundle.card
    assert card.recipe_hash == recipe.hash()
    assert card.scores[0].values["miou"] == result.value
    assert card.scores[0].data == "val part: 4 tiles of 1 scenes"
    assert card.gsd == pytest.approx((0.375, 0.75), rel=1e-2)
    best = torch.load(run / "checkpoints/best.ckpt", weights_only=True)["state_dict"]
    for name, tensor in bundle.network.state_dict().items():
        assert torch.equal(tensor, best[f"network.{name}"])


@pytest.mark.parametrize(
    ("optim", "batch"),
    [
        ({"lookahead": "paper", "warmup": 2}, 2),
        ({"lookahead": "timm", "accumulate": 2}, 4),
        ({"precision": "bf16"}, 3),
    ],
)
def test_a_resumed_run_takes_the_same_trajectory(
    optim: dict[str, Any], batch: int, make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = make_recipe(optim=optim)
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    train(recipe, straight, progress=False)
    with monkeypatch.context() as patch, pytest.raises(TrainingInterrupted) as stop:
        _interrupt_at(patch, batch)
        train(recipe, broken, progress=False)
    assert stop.value.resumable
    assert 0 < _state(broken)["global_step"] < 6
    assert not (broken / "bundle").exists()
    result = train(recipe, broken, resume=True, progress=False)
    assert result.steps == 6
    for part in ("state_dict", "optimizer_states", "lr_schedulers"):
        _assert_equal(_state(straight)[part], _state(broken)[part])
    assert _curves(straight) == _curves(broken)
    best = [torch.load(run / "checkpoints/best.ckpt", weights_only=True) for run in (straight, broken)]
    _assert_equal(best[0]["state_dict"], best[1]["state_dict"])


def test_a_second_ctrl_c_stops_at_once(
    make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch, pytest.raises(TrainingInterrupted) as stop:
        _interrupt_at(patch, 3, times=2)
        train(make_recipe(), tmp_path / "run", progress=False)
    assert stop.value.resumable
    assert _state(tmp_path / "run")["global_step"] == 2
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_before_the_first_checkpoint_leaves_nothing(
    make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TrainingInterrupted) as stop:
        _interrupt_at(monkeypatch, 0, times=2)
        train(make_recipe(), tmp_path / "run", progress=False)
    assert not stop.value.resumable
    assert not (tmp_path / "run").exists()


def test_resuming_a_finished_run_changes_nothing(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe()
    first = train(recipe, tmp_path / "run", progress=False)
    before = _curves(tmp_path / "run")
    second = train(recipe, tmp_path / "run", resume=True, progress=False)
    assert (first.value, first.steps) == (second.value, second.steps)
    assert _curves(tmp_path / "run") == before


def test_a_damaged_file_in_the_middle_keeps_the_finished_steps(
    make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = make_recipe(validate={"every": 6})
    read = RandomTiles.__getitem__

    def damaged(self: RandomTiles, index: int) -> Any:
        if index >= 6:
            raise DataError("is truncated", path="scene.tif")
        return read(self, index)

    with monkeypatch.context() as patch, pytest.raises(DataError, match="truncated"):
        patch.setattr(RandomTiles, "__getitem__", damaged)
        train(recipe, tmp_path / "broken", progress=False)
    assert _state(tmp_path / "broken")["global_step"] == 3
    train(recipe, tmp_path / "broken", resume=True, progress=False)
    train(recipe, tmp_path / "straight", progress=False)
    _assert_equal(_state(tmp_path / "broken")["state_dict"], _state(tmp_path / "straight")["state_dict"])


def _fill_the_disk(monkeypatch: pytest.MonkeyPatch, name: str, *, after: int) -> None:
    """Let the first ``after`` checkpoints of a name be written, and half of the next."""
    write = Path.write_bytes
    room = after

    def write_bytes(self: Path, data: Any) -> int:
        nonlocal room
        if not self.name.startswith(f".{name}"):
            return write(self, data)
        room -= 1
        if room < 0:
            write(self, bytes(data)[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)


@pytest.mark.parametrize("name", ["last", "best"])
def test_a_full_disk_spares_the_older_checkpoint(
    name: str, make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, run = make_recipe(), tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(DiskFullError, match=r"run: .*disk is full.*--resume") as full:
        patch.setattr(ModelCheckpoint, "check_monitor_top_k", lambda *_: True)
        _fill_the_disk(patch, name, after=1)
        train(recipe, run, progress=False)
    assert full.value.exit_code == 3
    assert _state(run)["global_step"] == 2
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["best.ckpt", "last.ckpt"]
    assert train(recipe, run, resume=True, progress=False).steps == 6


def test_a_full_disk_before_the_first_checkpoint_leaves_nothing(
    make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill_the_disk(monkeypatch, "last", after=0)
    with pytest.raises(DiskFullError, match="name a folder elsewhere") as full:
        train(make_recipe(), tmp_path / "run", progress=False)
    assert "--resume" not in str(full.value)
    assert not (tmp_path / "run").exists()


def test_curves_that_do_not_fit_on_the_disk(
    make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, run = make_recipe(), tmp_path / "run"
    save = _ExperimentWriter.save

    def half(self: _ExperimentWriter) -> None:
        if (run / "checkpoints/last.ckpt").exists():
            with Path(self.metrics_file_path).open("a") as stream:
                stream.write(",0.1,")
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        save(self)

    with monkeypatch.context() as patch, pytest.raises(DiskFullError, match="--resume"):
        patch.setattr(_ExperimentWriter, "save", half)
        train(recipe, run, progress=False)
    assert train(recipe, run, resume=True, progress=False).steps == 6
    assert [row["step"] for row in _curves(run) if row["train/loss"]] == [str(step) for step in range(6)]


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_checkpoint_that_cannot_be_kept(
    interrupted: bool, make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What went wrong first is told, but nobody who pressed Ctrl-C is told that the steps are kept."""
    recipe, read = make_recipe(validate={"every": 6}), RandomTiles.__getitem__

    def damaged(self: RandomTiles, index: int) -> Any:
        if index >= 6:
            raise DataError("is truncated", path="scene.tif")
        return read(self, index)

    _fill_the_disk(monkeypatch, "last", after=0)
    if interrupted:
        _interrupt_at(monkeypatch, 2)
    else:
        monkeypatch.setattr(RandomTiles, "__getitem__", damaged)
    with pytest.raises(DataError, match="disk is full" if interrupted else "truncated"):
        train(recipe, tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_a_loss_that_is_not_finite_names_step_and_sources(
    make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = MasksModule.forward

    def forward(self: MasksModule, image: torch.Tensor) -> Any:
        return step(self, image * (float("nan") if self.training and self.global_step == 3 else 1))

    monkeypatch.setattr(MasksModule, "forward", forward)
    with pytest.raises(DataError, match=r"loss is nan at step 4, on tiles of scene\d"):
        train(make_recipe(), tmp_path / "run", progress=False)
    # The checkpoint of the validation after step 2 stays; the poisoned statistics are not saved.
    assert _state(tmp_path / "run")["global_step"] == 2


def test_stops_early_without_improvement(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe(
        optim={"steps": 40, "lr": 1e-12, "min_lr": 0}, validate={"every": 1, "patience": 2, "metric": "iou.building"}
    )
    result = train(recipe, tmp_path / "run", progress=False)
    assert result.steps < 40
    assert result.metric == "iou.building"


def test_validates_after_the_last_step(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    train(make_recipe(optim={"steps": 5}, validate={"every": 3}), tmp_path / "run", progress=False)
    assert [row["step"] for row in _curves(tmp_path / "run") if row["val/miou"]] == ["2", "4"]


def test_one_run_per_folder(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe()
    run = tmp_path / "run"
    with pytest.raises(UsageError, match="holds no checkpoint"):
        train(recipe, run, resume=True, progress=False)
    assert not run.exists()
    train(recipe, run, progress=False)
    with pytest.raises(UsageError, match=r"is not empty.*--resume"):
        train(recipe, run, progress=False)
    with FileLock(run / "run.lock"), pytest.raises(UsageError, match="another process"):
        train(recipe, run, resume=True, progress=False)
    with pytest.raises(UsageError, match=r"optim.lr: 0.01 in the run, 0.02 now"):
        train(make_recipe(optim={"lr": 0.02}), run, resume=True, progress=False)
    with pytest.raises(UsageError, match="cannot be written"):
        train(recipe, Path("/proc/nowhere/run"), progress=False)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file"):
        train(recipe, tmp_path / "file", progress=False)


def test_refuses_to_resume_on_other_images(make_recipe: MakeRecipe, scenes: Path, tmp_path: Path) -> None:
    recipe = make_recipe()
    train(recipe, tmp_path / "run", progress=False)
    for folder in ("images", "masks"):
        (scenes / folder / "scene9.tif").write_bytes((scenes / folder / "scene0.tif").read_bytes())
    with pytest.raises(DataError, match="scenes differ"):
        train(recipe, tmp_path / "run", resume=True, progress=False)


def test_leaves_nothing_behind_where_the_data_are_not_sound(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        train(make_recipe(data={"images": str(tmp_path / "nowhere")}), tmp_path / "a" / "run", progress=False)
    assert not (tmp_path / "a").exists()


def test_every_device_needs_a_validation_tile(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="4 validation tiles cannot be shared by 5 devices"):
        train(make_recipe(), tmp_path / "run", devices=5, progress=False)
    assert not (tmp_path / "run").exists()


def test_more_gpus_than_there_are(make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UsageError, match="2 devices are asked for, this machine has 1"):
        train(make_recipe(), tmp_path / "run", devices=2, progress=False)


def test_half_precision_needs_a_gpu(make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="16 needs a GPU"):
        train(make_recipe(optim={"precision": "16"}), tmp_path / "run", progress=False)


def test_shows_a_progress_bar(make_recipe: MakeRecipe, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train(make_recipe(), tmp_path / "run", progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "training" in err
    assert "6/6" in err


@pytest.mark.slow
def test_two_processes_train_one_network(make_recipe: MakeRecipe, wide_scenes: Path, tmp_path: Path) -> None:
    recipe = make_recipe(
        network={"name": "clcformer", "encoder": "compact"}, data={"tile": 64}, optim={"steps": 2, "batch": 1}
    )
    document = recipe.dump()
    document["data"] |= {"images": str(wide_scenes / "images"), "labels": str(wide_scenes / "masks")}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(document))
    script = tmp_path / "script.py"
    script.write_text("import typer\nfrom landwright.cli.train import train\ntyper.run(train)\n")
    command = [sys.executable, str(script), str(tmp_path / "recipe.yaml"), "-o", str(tmp_path / "run"), "--json"]
    done = subprocess.run([*command, "--devices", "2"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["data"] == "val part: 4 tiles of 1 scenes"
    assert [row["step"] for row in _curves(tmp_path / "run") if row["train/loss"]] == ["0", "1"]
    recipe = load_recipe(tmp_path / "run" / "recipe.yaml")
    with pytest.raises(UsageError, match="--devices 2"):
        train(recipe, tmp_path / "run", devices=1, resume=True, progress=False)
    again = subprocess.run([*command, "--devices", "2", "--resume"], capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
