from __future__ import annotations

import json

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from landwright.bundles import Card, NetworkCard, Normalization, TilingCard, save_bundle
from landwright.cli.main import app
from landwright.legends import load_legend
from landwright.networks import Outputs, register, registry


class Both(nn.Module):
    def __init__(self, classes: int, bands: int) -> None:
        super().__init__()
        self.classes, self.height = nn.Conv2d(bands, classes, 1), nn.Conv2d(bands, 1, 1)

    def forward(self, image: torch.Tensor) -> Outputs:
        return Outputs(classes=self.classes(image), height=self.height(image))


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    register("both", description="test", heads=("classes", "height"))(Both)
    legend = load_legend("building")
    card = Card(
        name="both",
        regime="imported",
        network=NetworkCard(name="both", classes=2),
        bands=("red", "green", "blue"),
        normalization=Normalization(mean=(0.5,) * 3, std=(0.2,) * 3),
        legend=legend,
        outputs=("classes", "height"),
        tiling=TilingCard(tile=32),
    )
    save_bundle("run/bundle", card, Both(2, 3))
    return tmp_path


def run(*arguments: str):
    return CliRunner().invoke(app, ["export", *arguments])


@pytest.mark.slow
def test_people_read_what_was_written(place) -> None:
    pytest.importorskip("onnxscript", reason="onnxscript comes with the extra export")
    pytest.importorskip("onnxruntime", reason="onnxruntime comes with the extra export")
    result = run("run", "-o", "both.onnx")
    assert result.exit_code == 0, result.output
    for text in ("both.onnx: ONNX, operators of version 18", "32 x 32 pixels", "not for the QGIS plug-in", "at most: "):
        assert text in result.stdout
    result = run("run", "-o", "classes.onnx", "--outputs", "classes", "--tile", "64")
    assert result.exit_code == 0, result.output
    for text in ("64 x 64 pixels", "returns probabilities\n", "opens in the QGIS plug-in Deepness"):
        assert text in result.stdout


def test_programs_read_one_line(place) -> None:
    result = run("run", "-o", "model.pt2", "--outputs", "both", "--json")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    made = json.loads(line)
    assert made["path"] == "model.pt2"
    assert made["outputs"] == ["probabilities", "height"]
    assert max(made["differences"].values()) <= made["tolerance"]
    assert (place / "model.pt2").stat().st_size == made["size"]
    assert run("run", "-o", "model.pt2").exit_code == 2
    result = run("run", "-o", "model.pt2", "--force", "--outputs", "height")
    assert result.exit_code == 0, result.output
    assert "QGIS" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "-o", "model.h5"], 2, "ends with .h5"),
        (["run", "-o", "model.pt2", "--outputs", "roofs"], 2, "'roofs' are unknown"),
        (["run", "-o", "model.pt2", "--tile", "3"], 2, "tile 3"),
        (["nowhere/at/all", "-o", "model.pt2"], 3, "no such folder"),
        (["run/bundle/model.safetensors", "-o", "model.pt2"], 2, "not the folder"),
    ],
)
def test_wrong_options_have_a_remedy_and_leave_nothing(place, arguments, code, words) -> None:
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert "remedy:" in result.stderr
    assert not list(place.glob("model*"))
