from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner, Result

from landwright.bundles import Card, NetworkCard, Normalization, TilingCard, save_bundle
from landwright.cli.evaluate import evaluate
from landwright.legends import load_legend
from landwright.networks import create_network
from landwright.rasters import write_cog

app = typer.Typer()
app.command()(evaluate)

LEGEND = load_legend("isaid-16")
OPTIONS = {"encoder": "compact"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two images with masks and tags, and a small model with random weights."""
    folder = tmp_path_factory.mktemp("tags")
    torch.manual_seed(0)
    card = Card(
        name="from tags",
        regime="tags",
        network=NetworkCard(name="ctfa", classes=len(LEGEND), options=OPTIONS),
        bands=("red", "green", "blue"),
        normalization=Normalization(divide=255.0, mean=(0.5,) * 3, std=(0.25,) * 3),
        legend=LEGEND,
        tiling=TilingCard(tile=64),
    )
    save_bundle(folder / "bundle", card, create_network("ctfa", classes=len(LEGEND), bands=3, **OPTIONS))
    for number in range(2):
        random = np.random.default_rng(number)
        classes = np.kron(random.choice([0, number + 1], (4, 4)), np.ones((10, 10))).astype(np.uint8)
        classes[:10, :10] = number + 1
        for name, values in (("images", random.integers(0, 255, (3, 40, 40)).astype(np.uint8)), ("labels", classes)):
            (folder / name).mkdir(exist_ok=True)
            write_cog(folder / name / f"s{number}.tif", values)
    (folder / "tags.csv").write_text("image,tags\ns0,ship\ns1,storage tank\n")
    (folder / "wrong.csv").write_text("image,tags\ns0,ship\ns1,submarine\n")
    return folder


@pytest.fixture(autouse=True)
def _there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["-m", "bundle", "--images", "images", "--labels", "labels", *arguments])


def test_three_scores_are_printed(tmp_path):
    result = call("--tags", "tags.csv", "--crf", "-o", str(tmp_path / "report"))
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    place = next(place for place, line in enumerate(lines) if line.startswith("stage "))
    assert [line.split("  ")[0] for line in lines[place + 1 : place + 4]] == ["CAM", "pseudo label", "map"]
    assert "Both know the image's tags (from tags.csv); the map does not." in lines
    assert any(line.startswith("tag_ap") and "of 2 images" in line for line in lines)
    assert "DenseCRF" in json.loads((tmp_path / "report" / "metrics.json").read_text())["mapping"]


def test_another_background_score(tmp_path):
    result = call("--tags", "tags.csv", "--background-score", "0.6", "--json", "-o", str(tmp_path / "report"))
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["tags"]
    assert found["background_score"] == 0.6
    assert "where none is above 0.6" in found["rules"][0]


def test_as_json(tmp_path):
    result = call("--tags", "from-masks", "--json", "-o", str(tmp_path / "report"))
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["tags"]
    assert found["tags"] == "the reference masks"
    assert found["cam"][0]["protocol"] == "pixel-pooled"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--tags", "wrong.csv"], 3, "submarine"),
        (["--tags", "nowhere.csv"], 3, "nowhere.csv"),
        (["--segments", "segments"], 2, "--tags"),
        (["--background-score", "0.6"], 2, "--tags"),
        (["--tags", "tags.csv", "--background-score", "1.5"], 2, "less than"),
        (["--tags", "tags.csv", "--segments", "images"], 3, "images"),
    ],
)
def test_bad_input(tmp_path, arguments, code, said):
    result = call(*arguments, "-o", str(tmp_path / "report"))
    assert result.exit_code == code, result.output
    assert said in result.output
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    "option", [["--tags", "tags.csv"], ["--crf"], ["--segments", "x"], ["--background-score", "1"]]
)
def test_maps_have_no_stages(option):
    result = CliRunner().invoke(app, ["map.tif", "--against", "labels/s0.tif", *option])
    assert result.exit_code == 2
    assert "is for scoring a model" in result.output
