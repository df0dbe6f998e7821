from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

from landwright.bundles import Card, NetworkCard, Normalization, TilingCard, save_bundle
from landwright.cli.main import app
from landwright.legends import Legend, LegendClass
from landwright.networks import Outputs, register, registry


class Point(nn.Module):
    """One convolution of single pixels."""

    def __init__(self, classes: int, bands: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(bands, classes, 1)

    def forward(self, image: Tensor) -> Outputs:
        return Outputs(self.layer(image))


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle of a network that exists for one test."""
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    register("point", description="test")(Point)
    card = Card(
        name="point",
        regime="imported",
        network=NetworkCard(name="point", classes=2),
        bands=("red", "green"),
        normalization=Normalization(mean=(0.5, 0.5), std=(0.2, 0.2)),
        legend=Legend(
            name="two", classes=tuple(LegendClass(code=i, name=f"class {i}", colour=(i, 90, 90)) for i in range(2))
        ),
        tiling=TilingCard(tile=32),
    )
    torch.manual_seed(0)
    save_bundle(tmp_path / "model", card, Point(2, 2))
    return tmp_path / "model"


def test_a_table_for_people_and_one_line_for_programs(model: Path) -> None:
    command = ["bench", str(model), "--size", "96", "--device", "cpu"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "point on cpu" in done.stdout
    assert "every pixel 1.78 times" in done.stdout
    for stage in ("read", "wait", "compute", "blend", "write"):
        assert f"\n  {stage}" in done.stdout
    done = CliRunner().invoke(app, [*command, "--json", "--overlap", "0", "--batch", "3", "--tta", "flip"])
    (line,) = done.stdout.splitlines()
    told = json.loads(line)
    assert (told["windows"], told["batch"], told["tta"], told["redundancy"]) == (9, 3, "flip", 1)
    assert told["pixels_per_second"] > 0


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
def test_a_compiled_network(model: Path) -> None:
    done = CliRunner().invoke(app, ["bench", str(model), "--size", "96", "--device", "cpu", "--compile"])
    assert done.exit_code == 0, done.output
    assert "point on cpu" in done.stdout
    assert "precision 32, compiled: " in done.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--size", "9"], "size 9 is too small"), (["--tta", "all"], "tta 'all'"), (["--words", "a; b"], "is for models")],
)
def test_what_does_not_fit_is_refused(model: Path, options: list[str], message: str) -> None:
    done = CliRunner().invoke(app, ["bench", str(model), "--device", "cpu", *options])
    assert done.exit_code == 2
    assert message in done.stderr
    assert "remedy" in done.stderr
