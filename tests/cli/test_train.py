from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
import typer
import yaml
from typer.testing import CliRunner

from landwright.cli.main import app as whole
from landwright.cli.train import train

app = typer.Typer()
app.command()(train)
runner = CliRunner()
STEPS = 60


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe of two steps on three scenes of 64 pixels."""
    rng = np.random.default_rng(3)
    for number in range(3):
        mask = np.kron(rng.integers(0, 2, (4, 4)), np.ones((16, 16), int)).astype(np.uint8)
        image = (mask * 120 + rng.integers(0, 80, (3, 64, 64))).astype(np.uint8)
        for folder, array in (("images", image), ("masks", mask[None])):
            path = tmp_path / folder / f"{number}.tif"
            path.parent.mkdir(exist_ok=True)
            profile = {"driver": "GTiff", "count": len(array), "height": 64, "width": 64, "dtype": "uint8"}
            with rasterio.open(
                path, "w", crs="EPSG:32632", transform=rasterio.Affine(1, 0, 0, 0, -1, 64), **profile
            ) as to:
                to.write(array)
    path = tmp_path / "recipe.yaml"
    document = {
        "regime": "masks",
        "classes": "building",
        "data": {
            "images": str(tmp_path / "images"),
            "labels": str(tmp_path / "masks"),
            "tile": 64,
            "split": {"val": 0.34},
        },
        "network": {"name": "clcformer", "encoder": "compact"},
        "optim": {"steps": 2, "batch": 1},
    }
    path.write_text(yaml.safe_dump(document))
    return path


def _run(*arguments: str | Path) -> tuple[int, str, str]:
    result = runner.invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def test_trains_and_says_what_is_next(recipe: Path, tmp_path: Path) -> None:
    code, out, _ = _run(recipe, "-o", tmp_path / "run", "--seed", "5", "--set", "validate.metric=iou.building")
    assert code == 0
    assert "best iou.building" in out
    assert "Protocol pixel-pooled" in out
    assert f"landwright predict IMAGE --model {tmp_path / 'run'} -o map.tif" in out
    assert yaml.safe_load((tmp_path / "run/recipe.yaml").read_text())["seed"] == 5


def test_a_model_from_tags_is_scored_by_the_line_that_is_printed(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = yaml.safe_load(recipe.read_text())
    sections = {"regime": "tags", "network": {"name": "ctfa", "encoder": "compact"}, "tags": {"crops": 2}}
    lines = ["image,tags", *(f"images/{n}.tif,{'building' if n else ''}" for n in range(3))]
    (tmp_path / "my tags.csv").write_text("\n".join(lines) + "\n")
    document["data"]["tags"] = "my tags.csv"
    recipe.write_text(yaml.safe_dump(document | sections))
    monkeypatch.chdir(tmp_path)
    code, out, _ = _run(recipe, "-o", "run")
    assert code == 0
    assert re.search(r"^tag_ap (\d\.\d{4}|-)   cam_miou \d\.\d{4}   pseudo_miou \d\.\d{4}$", out, re.MULTILINE)
    line = out.splitlines()[-1].strip()
    assert line == "landwright evaluate --model run --tags 'my tags.csv' -o report"
    result = runner.invoke(whole, shlex.split(line)[1:])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "report").is_dir()
    code, out, _ = _run(recipe, "-o", "bare", "--set", "data.labels=null", "--set", "validate.metric=tag_ap")
    assert code == 0
    assert "landwright predict" in out
    assert "evaluate" not in out
    assert "cam_miou" not in out


def test_prints_one_line_of_json(recipe: Path, tmp_path: Path) -> None:
    code, out, err = _run(recipe, "-o", tmp_path / "run", "--json")
    assert code == 0
    assert err == ""
    payload = json.loads(out)
    assert payload["steps"] == 2
    assert payload["value"] == payload["score"]["values"]["miou"]
    assert Path(payload["bundle"]).is_dir()


@pytest.mark.parametrize(
    ("override", "code", "words"),
    [
        ("optim.steps=many", 2, ["line", "optim.steps"]),
        ("optim.stops=4", 2, ["optim.stops", "unknown key"]),
        ("data.images=nowhere", 3, ["nowhere"]),
        ("network.weights=missing.safetensors", 3, ["missing.safetensors"]),
        ("network.name=clcfarmer", 2, ["clcfarmer"]),
        ("classes=no-such-legend", 2, ["no-such-legend"]),
        ("optim.min_lr=1", 2, ["min_lr"]),
        ("data.tile=32", 2, ["data.tile"]),
        ("data.split.val=0", 3, ["val"]),
        ("validate.metric=mioux", 2, ["mioux"]),
        ("validate.protocol=nonsense", 2, ["nonsense"]),
    ],
)
def test_bad_recipes_leave_nothing_behind(
    override: str, code: int, words: list[str], recipe: Path, tmp_path: Path
) -> None:
    got, _, err = _run(recipe, "-o", tmp_path / "run", "--set", override)
    assert got == code
    assert "remedy" in err
    assert all(word in err for word in words)
    assert not (tmp_path / "run").exists()


def test_a_missing_recipe_is_a_usage_error(tmp_path: Path) -> None:
    code, _, err = _run(tmp_path / "none.yaml", "-o", tmp_path / "run")
    assert code == 2
    assert "none.yaml" in err


def test_says_what_to_install_without_lightning(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("landwright.regimes")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("landwright.regimes", raising=False)
    monkeypatch.setitem(sys.modules, "lightning.pytorch", None)
    code, _, err = _run(recipe, "-o", tmp_path / "run")
    assert code == 2
    assert "landwright[train]" in err


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="sends a Unix signal")
def test_ctrl_c_keeps_a_checkpoint_that_resume_goes_on_from(recipe: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    script = "from landwright.cli.train import train; import typer; typer.run(train)"
    command = [sys.executable, "-c", script, str(recipe), "-o", str(run), "--set", f"optim.steps={STEPS}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 600
        while not _logged(run) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=600)
    assert process.returncode == 130, err
    assert f"landwright train {run / 'recipe.yaml'} -o {run} --resume" in err
    assert (run / "checkpoints/last.ckpt").is_file()
    assert not (run / "bundle").exists()
    assert not (run / "run.lock").exists()
    code, out, _ = _run(run / "recipe.yaml", "-o", run, "--resume", "--json")
    assert code == 0
    assert json.loads(out)["steps"] == STEPS
    assert (run / "bundle/card.yaml").is_file()


def _logged(run: Path) -> bool:
    curves = run / "logs/metrics.csv"
    return curves.is_file() and len(curves.read_text().splitlines()) > 1
