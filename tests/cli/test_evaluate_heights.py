"""``landwright evaluate`` on heights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from affine import Affine
from torch import Tensor, nn
from typer.testing import CliRunner, Result

from landwright.bundles import Card, NetworkCard, Normalization, TilingCard, save_bundle
from landwright.cli.evaluate import evaluate
from landwright.cli.heightlines import height_lines
from landwright.data import Region, Scene, Split
from landwright.evaluation.heights import create_height_protocol
from landwright.legends import Legend, LegendClass
from landwright.networks import Outputs, register, registry
from landwright.rasters import write_cog

app = typer.Typer()
app.command()(evaluate)

LEGEND = Legend(
    name="three",
    classes=tuple(LegendClass(code=i, name=f"class {i}", colour=(i, 90, 90)) for i in range(3)),
)


class Tall(nn.Module):
    """Classes as the first band says, and three metres for each."""

    def __init__(self, classes: int, bands: int) -> None:
        super().__init__()
        self.indices = nn.Parameter(torch.arange(classes, dtype=torch.float32)[:, None, None])

    def forward(self, image: Tensor) -> Outputs:
        return Outputs(-50.0 * (image[:, :1] - self.indices).abs(), 3.0 * image[:, :1])


def save(path: str, values: np.ndarray) -> Path:
    place = Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)
    write_cog(path, values, crs="EPSG:32632", transform=place)
    return Path(path)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with images, labels, heights, and runs that tell both, classes alone and heights alone."""
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    register("tall", description="test")(Tall)
    monkeypatch.chdir(tmp_path)
    regions = []
    for number, part in enumerate(("train", "test")):
        random = np.random.default_rng(number)
        codes = random.integers(0, 3, (40, 50)).astype(np.uint8)
        files = (
            save(f"images/s{number}.tif", np.where(random.random(codes.shape) < 0.8, codes, 1).astype(np.uint8)),
            save(f"labels/s{number}.tif", codes),
        )
        metres = save(f"heights/s{number}.tif", codes.astype(np.float32) * 3)
        regions.append(Region(Scene(f"s{number}", *files, height=metres), part))
    for name, outputs in (("both", ("classes", "height")), ("classes", ("classes",)), ("metres", ("height",))):
        card = Card(
            name="tall",
            regime="synthetic",
            network=NetworkCard(name="tall", classes=3),
            bands=("index",),
            normalization=Normalization(divide=1.0, mean=(0.0,), std=(1.0,)),
            legend=LEGEND,
            tiling=TilingCard(tile=32),
            outputs=outputs,
        )
        save_bundle(f"{name}/bundle", card, Tall(3, 1))
    Path("both/logs").mkdir()
    Split(tuple(regions)).save("both/split.csv")
    Path("both/recipe.yaml").write_text(
        "regime: synthetic\nclasses: three.yaml\nnetwork: {name: tall}\n"
        "data: {images: images, labels: labels, heights: heights}\n"
    )
    Path("pairs.csv").write_text(
        "image,height,city\nimages/s0.tif,heights/s0.tif,north\nimages/s1.tif,heights/s1.tif,south\n"
    )
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def parsed(*arguments: str) -> dict:
    result = call(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_images_with_heights_alone(place):
    result = call("-m", "both/bundle", "--images", "images", "--heights", "heights")
    assert result.exit_code == 0, result.output
    assert "Protocol pooled-height: errors in metres" in result.stdout
    assert "Protocol synrs3d-height: as published" in result.stdout
    assert "above 3 m" in result.stdout
    assert "f1(1.953)" in result.stdout
    assert "pixel-pooled" not in result.stdout
    figures = json.loads(Path("report/metrics.json").read_text())
    assert figures["scores"] == {}
    assert [scene["name"] for scene in figures["heights"]["scenes"]] == ["s0", "s1"]


def test_labels_and_heights(place):
    found = parsed("-m", "both", "--images", "images", "--labels", "labels", "--heights", "heights")
    assert [result["protocol"] for result in found["results"]] == ["pixel-pooled"]
    assert [result["protocol"] for result in found["heights"]["results"]] == ["pooled-height", "synrs3d-height"]
    rows = found["heights"]["results"][0]["rows"]
    assert [row["name"] for row in rows if row["kind"] == "class"] == ["class 0", "class 1", "class 2"]
    chosen = ("--protocol", "pooled-height")
    found = parsed("-m", "both", "--images", "images", "--labels", "labels", "--heights", "heights", *chosen)
    assert len(found["heights"]["results"]) == 1


def test_a_run_with_heights_is_scored_on_both(place):
    result = call("-m", "both")
    assert result.exit_code == 0, result.output
    assert "Protocol pixel-pooled" in result.stdout
    assert "Protocol pooled-height" in result.stdout
    assert "1 image, 2,000 pixels" in result.stdout
    Split.load("both/split.csv").with_targets([Scene("s1", Path("images/s1.tif"), None)]).save("both/split.csv")
    adapted = call("-m", "both")
    assert "the model was adapted to these images without their labels" in " ".join(adapted.stdout.split())
    assert "adapted to 1 of them without labels" in json.loads(Path("report/metrics.json").read_text())["data"]


def test_sets_of_a_list(place):
    found = parsed("-m", "metres", "--pairs", "pairs.csv", "--group", "city")
    for result in found["heights"]["results"]:
        assert [of["name"] for of in result["sets"]] == ["north", "south"]
    result = call("-m", "metres", "--pairs", "pairs.csv", "--group", "city")
    assert "all sets" in result.stdout
    together = parsed("-m", "metres", "--pairs", "pairs.csv")
    assert [of["name"] for of in together["heights"]["results"][0]["sets"]] == ["all"]


def test_height_maps_against_references(place):
    kept = call("-m", "both", "--images", "images", "--heights", "heights", "--keep-maps", "maps", "--tta", "flip")
    assert kept.exit_code == 0, kept.output
    several = parsed("maps", "--heights", "heights", "--images", "images", "-o", "other")
    assert [scene["name"] for scene in several["heights"]["scenes"]] == ["s0_height", "s1_height"]
    assert several["trained_on"]["kind"] == "unknown"
    one = call("maps/s0_height.tif", "--heights", "heights/s1.tif", "-o", "other", "--protocol", "synrs3d-height")
    assert one.exit_code == 0, one.output
    assert "pooled-height" not in one.stdout
    classes = parsed("maps", "--against", "labels", "-o", "third")
    assert [scene["name"] for scene in classes["scenes"]] == ["s0", "s1"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["heights", "--heights", "heights", "--against", "labels"], 2, "scored apart"),
        (["heights", "--heights", "heights", "-m", "both"], 2, "not clear what to score"),
        (["heights", "--heights", "heights", "--legend", "three.yaml"], 2, "--legend is for scoring classes"),
        (["heights", "--heights", "heights", "--protocol", "synrs3d-classes"], 2, "no protocol 'synrs3d-classes' for"),
        (["heights", "--heights", "nowhere"], 3, "nowhere"),
        (["-m", "both", "--heights", "heights"], 2, "--labels and --heights are those of --images"),
        (["-m", "both", "--images", "images"], 2, "go together"),
        (["-m", "both", "--layout", "dfc18"], 2, "go together"),
        (["-m", "both", "--group", "city"], 2, "--group names a column of --pairs"),
        (["-m", "classes", "--images", "images", "--heights", "heights"], 2, "tells only classes"),
        (["-m", "metres", "--images", "images", "--labels", "labels"], 2, "tells only height"),
        (["-m", "both", "--images", "images", "--heights", "nowhere"], 3, "nowhere"),
    ],
)
def test_bad_input(place, arguments, code, says):
    before = sorted(Path().rglob("*"))
    result = call(*arguments)
    assert result.exit_code == code, result.output
    assert says in " ".join(result.stderr.split())
    assert sorted(Path().rglob("*")) == before


def test_what_is_not_mapped_is_printed():
    counter = create_height_protocol("pooled-height")
    counter.update(np.array([1.0, np.nan]), np.array([1.0, 1.0]), name="a")
    lines = height_lines(counter.compute())
    assert "50.0% of the reference is not mapped." in lines
    assert "correlation -" in lines[0]
