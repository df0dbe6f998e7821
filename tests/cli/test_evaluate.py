from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from affine import Affine
from torch import Tensor, nn
from typer.testing import CliRunner, Result

import landwright.cli
from landwright.bundles import Card, NetworkCard, Normalization, TilingCard, save_bundle
from landwright.cli.evaluate import evaluate
from landwright.cli.scoring import Source
from landwright.data import Region, Scene, Split
from landwright.legends import Legend, LegendClass, load_legend
from landwright.networks import Outputs, register, registry
from landwright.rasters import write_cog

app = typer.Typer()
app.command()(evaluate)

LEGEND = Legend(
    name="three",
    classes=tuple(LegendClass(code=i, name=f"class {i}", colour=(i, 90, 90)) for i in range(3)),
)


class Nearest(nn.Module):
    """The class whose index is nearest to the first band."""

    def __init__(self, classes: int, bands: int) -> None:
        super().__init__()
        self.indices = nn.Parameter(torch.arange(classes, dtype=torch.float32)[:, None, None])

    def forward(self, image: Tensor) -> Outputs:
        return Outputs(-50.0 * (image[:, :1] - self.indices).abs())


def save(path: Path, values: np.ndarray) -> Path:
    place = Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)
    write_cog(path, values.astype(np.uint8), crs="EPSG:32632", transform=place)
    return path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with images, labels, a legend and a run whose split says train, val and test."""
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    register("nearest", description="test")(Nearest)
    monkeypatch.chdir(tmp_path)
    regions = []
    for number, part in enumerate(("train", "val", "test")):
        random = np.random.default_rng(number)
        reference = random.integers(0, 3, (40, 50))
        seen = np.where(random.random(reference.shape) < 0.8, reference, random.integers(0, 3, reference.shape))
        image, label = save(Path(f"images/s{number}.tif"), seen), save(Path(f"labels/s{number}.tif"), reference)
        regions.append(Region(Scene(f"s{number}", image, label), part))
    card = Card(
        name="nearest",
        regime="imported",
        network=NetworkCard(name="nearest", classes=3),
        bands=("index",),
        normalization=Normalization(divide=1.0, mean=(0.0,), std=(1.0,)),
        legend=LEGEND,
        tiling=TilingCard(tile=32),
    )
    save_bundle("run/bundle", card, Nearest(3, 1))
    Path("run/logs").mkdir()
    Split(tuple(regions)).save("run/split.csv")
    Path("run/recipe.yaml").write_text(
        "regime: masks\nclasses: three.yaml\ndata: {images: images, labels: labels}\nnetwork: {name: nearest}\n"
    )
    Path("three.yaml").write_text(json.dumps(LEGEND.to_dict()))
    Path("pairs.csv").write_text(
        "image,label,split\nimages/s0.tif,labels/s0.tif,train\nimages/s1.tif,labels/s1.tif,test\n"
    )
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def parsed(*arguments: str) -> dict:
    result = call(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_run_is_scored_on_its_test_part(place):
    result = call("-m", "run", "-o", "report")
    assert result.exit_code == 0, result.output
    assert "Protocol pixel-pooled: all pixels" in result.stdout
    assert "Means over 3 of 3 classes: class 0, class 1, class 2" in result.stdout
    assert "report  report/index.html" in result.stdout
    figures = json.loads(Path("report/metrics.json").read_text())
    assert [scene["name"] for scene in figures["scenes"]] == ["s2"]
    assert "part test" in figures["data"]
    assert "seen in training" not in figures["data"]


def test_images_and_labels(place):
    result = call(
        "-m", "run/bundle", "--images", "images", "--labels", "labels", "--tta", "flip", "--keep-maps", "maps"
    )
    assert result.exit_code == 0, result.output
    assert "trained on 1 of these 3 scenes" in result.stderr
    assert sorted(path.name for path in Path("maps").glob("s?.tif")) == ["s0.tif", "s1.tif", "s2.tif"]
    assert "1 of them seen in training" in json.loads(Path("report/metrics.json").read_text())["data"]


def test_other_sources(place):
    of_pairs = parsed("-m", "run", "--pairs", "pairs.csv", "--part", "test")
    of_split = parsed("-m", "run", "--split-file", "run/split.csv", "--part", "val", "--bands", "1")
    assert [scene["name"] for scene in of_pairs["scenes"]] == ["s1"]
    assert of_pairs["results"] == of_split["results"]
    assert len(parsed("-m", "run", "--pairs", "pairs.csv")["scenes"]) == 2


def test_maps_against_references(place):
    options = ("--legend", "three.yaml", "--images", "images", "--protocol", "clcformer-multiclass")
    several = parsed("images", "--against", "labels", *options, "--protocol", "pixel-pooled")
    assert [result["protocol"] for result in several["results"]] == ["clcformer-multiclass", "pixel-pooled"]
    assert len(several["scenes"]) == 3
    assert several["report"] == "report/index.html"
    one = parsed("images/s0.tif", "--against", "labels/s1.tif", "--legend", "three.yaml", "-o", "other")
    assert one["scenes"][0]["oa"] < 0.6


@pytest.fixture
def coarse(place: Path) -> Path:
    """A run of the regime coarse in Chesapeake's six classes, trained on two of the three images with other labels."""
    legend = load_legend("chesapeake-lc")
    card = Card(
        name="nearest",
        regime="coarse",
        network=NetworkCard(name="nearest", classes=6),
        bands=("index",),
        normalization=Normalization(divide=10.0, mean=(0.0,), std=(0.1,)),
        legend=legend,
        tiling=TilingCard(tile=32),
    )
    save_bundle("coarse/bundle", card, Nearest(6, 1))
    Path("coarse/logs").mkdir()
    regions = []
    for number, part in enumerate(("train", "train", "val")):
        random = np.random.default_rng(number)
        indices = random.integers(0, 6, (40, 50))
        image = save(Path(f"naip/m{number}.tif"), indices)
        save(Path(f"lc/m{number}.tif"), indices + 1)
        coarse = save(Path(f"nlcd/m{number}.tif"), random.integers(1, 7, (40, 50)))
        regions.append(Region(Scene(f"m{number}", image, coarse), part))
    Split(tuple(regions)).save("coarse/split.csv")
    return place


FOUR = ("--merge", "chesapeake-lc-to-chesapeake-4", "--crosswalk", "chesapeake-lc-to-chesapeake-4")


def test_merged_classes_and_what_was_trained_on(coarse):
    data = ("--images", "naip", "--labels", "lc", "--protocol", "chesapeake-4")
    result = call("-m", "coarse", *data, *FOUR)
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    assert "miou 1.0000 oa 1.0000 mean_recall 1.0000" in text
    assert "merged by the table chesapeake-lc-to-chesapeake-4, after the map was made" in text
    assert "Transductive: 2 of 3 images were trained on (with other labels)" in text
    assert "trained on" not in result.stderr, "it is no mistake"
    figures = json.loads(Path("report/metrics.json").read_text())
    assert figures["classes"] == ["water", "tree", "low vegetation", "impervious"]
    known = {"kind": "transductive", "images": 3, "seen": 2, "why": "", "agreement": 0, "adapted": 0}
    assert figures["trained_on"] == known
    assert "agreement" not in text + result.stderr
    assert "coarse labels" not in figures["data"]
    assert "2 of them seen in training" in figures["data"]
    summed = parsed("-m", "coarse", *data, *FOUR, "--merge-by", "probability")
    assert summed["merged_by"] == "probability"
    assert summed["results"][0]["values"]["oa"] == 1
    for file in ("lc/m0.tif", "lc/m1.tif", "naip/m0.tif", "naip/m1.tif"):
        Path(file).unlink()
    assert parsed("-m", "coarse", *data, *FOUR)["trained_on"]["kind"] == "inductive"
    assert parsed("-m", "coarse/bundle", *data, *FOUR)["trained_on"]["kind"] == "inductive"
    Path("coarse/bundle").rename("model")
    assert parsed("-m", "model", *data, *FOUR)["trained_on"]["kind"] == "unknown"


def test_a_score_against_the_coarse_labels_is_called_agreement(coarse):
    recipe = "regime: coarse\nclasses: chesapeake-lc\ndata: {images: naip, labels: nlcd}\nnetwork: {name: nearest}\n"
    Path("coarse/recipe.yaml").write_text(recipe)
    result = call("-m", "coarse", "--part", "train")
    assert result.exit_code == 0, result.output
    assert "agreement with them, not accuracy" in " ".join(result.stderr.split())
    assert "trained on 2 of these 2 scenes" in " ".join(result.stderr.split())
    assert "Seen in training: 2 of 2 images" in result.stdout
    assert "2 of them against the coarse labels" in json.loads(Path("report/metrics.json").read_text())["data"]


@pytest.mark.parametrize(
    ("options", "images"),
    [
        ((), 1),
        (FOUR, 1),
        (("--split-file", "coarse/split.csv", "--part", "val"), 1),
        (("--images", "naip/m2.tif", "--labels", "nlcd/m2.tif"), 1),
        (("--images", "naip/m2.tif", "--labels", "nlcd/m2.tif", *FOUR), 1),
        (("--images", "images", "--labels", "nlcd/m2.tif"), 3),
    ],
)
def test_no_option_hides_that_a_score_is_agreement(coarse, options, images):
    recipe = "regime: coarse\nclasses: chesapeake-lc\ndata: {images: naip, labels: nlcd}\nnetwork: {name: nearest}\n"
    Path("coarse/recipe.yaml").write_text(recipe)
    result = call("-m", "coarse", *options)
    assert result.exit_code == 0, result.output
    said = (
        f"{images} of {images} {'image was' if images == 1 else 'images were'} scored against the coarse labels that "
        "the model learned from: agreement with them, not accuracy."
    )
    assert f"warning: {said}" in " ".join(result.stderr.split())
    assert f"Inductive: none of the images was trained on. {said}" in " ".join(result.stdout.split())
    figures = json.loads(Path("report/metrics.json").read_text())
    assert figures["trained_on"]["agreement"] == images
    assert f"{images} of them against the coarse labels" in figures["data"]
    assert said in " ".join(Path("report/index.html").read_text().split())


def test_a_folder_of_maps_is_scored_without_their_confidence(place):
    assert call("-m", "run", "--images", "images", "--labels", "labels", "--keep-maps", "maps").exit_code == 0
    assert len(list(Path("maps").glob("*_confidence.tif"))) == 3
    found = parsed("maps", "--against", "labels", "-o", "other")
    assert [scene["name"] for scene in found["scenes"]] == ["s0", "s1", "s2"]


def test_labels_in_the_unmerged_classes_are_told_their_table(coarse):
    result = call("-m", "coarse", "--images", "naip", "--labels", "lc", *FOUR[:2])
    assert result.exit_code == 3
    assert "with --crosswalk chesapeake-lc-to-chesapeake-4" in " ".join(result.stderr.split())
    assert not Path("report").exists()


def test_a_product_is_scored_like_a_map(coarse):
    """The coarse product itself, upsampled, is what a regime has to beat."""
    result = call("nlcd", "--against", "lc", *FOUR, "--protocol", "chesapeake-4")
    assert result.exit_code == 0, result.output
    assert "not known: maps do not say" in result.stdout


def test_progress_goes_to_standard_error(place):
    result = call("images/s0.tif", "--against", "labels/s0.tif", "--legend", "three.yaml")
    assert "comparing" in result.stderr
    assert "comparing" not in result.stdout


def test_a_missing_extra_is_named(place, monkeypatch):
    monkeypatch.delattr(landwright.cli, "scoring", raising=False)
    monkeypatch.setitem(sys.modules, "landwright.cli.scoring", None)  # as if an import in it had failed
    result = call("images/s0.tif", "--against", "labels/s0.tif")
    assert result.exit_code == 2
    assert "landwright[train]" in result.stderr


def test_warnings_of_the_engine_are_shown(place):
    card = Path("run/bundle/card.yaml")
    card.write_text(card.read_text().replace("gsd: null\n", "") + "gsd: [5.0, 10.0]\n")
    result = call("-m", "run")
    assert result.exit_code == 0, result.output
    assert "warning: s2: " in " ".join(result.stderr.split())


def test_absent_classes_are_printed(place):
    save(Path("map.tif"), np.zeros((4, 4)))
    result = call("map.tif", "--against", "map.tif", "--legend", "three.yaml")
    assert "Not in the means: class 1 (absent from reference and prediction)" in result.stdout
    assert "not in the mean" in result.stdout.splitlines()[-3]


def test_the_report_opens_on_request(place, monkeypatch):
    opened = []
    monkeypatch.setattr(typer, "launch", opened.append)
    call("images/s0.tif", "--against", "labels/s0.tif", "--legend", "three.yaml", "--open")
    assert opened == ["report/index.html"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "not clear what to score"),
        (["images/s0.tif"], 2, "not clear what to score"),
        (["images/s0.tif", "-m", "run"], 2, "not clear what to score"),
        (["-m", "run", "--against", "labels"], 2, "not clear what to score"),
        (["images", "--against", "labels", "--part", "test"], 2, "--part is for scoring a model"),
        (["images", "--against", "labels"], 2, "--legend"),
        (["-m", "run", "--legend", "three.yaml"], 2, "brings its own classes"),
        (["-m", "run", "--images", "images"], 2, "go together"),
        (["-m", "run", "--layout", "inria"], 2, "go together"),
        (["-m", "run", "--where", "state=ny"], 2, "--where chooses among the scenes of a layout"),
        (["-m", "run", "--layout", "inria", "--root", "x", "--where", "state"], 2, "not of the form FIELD=VALUE"),
        (["-m", "run", "--pairs", "pairs.csv", "--split-file", "run/split.csv"], 2, "more than one source"),
        (["-m", "run", "--part", "all"], 2, "no part 'all'"),
        (["-m", "run", "--images", "images", "--labels", "labels", "--part", "test"], 2, "--part"),
        (["-m", "run", "--pairs", "pairs.csv", "--part", "test", "--column", "fold"], 3, "fold"),
        (["-m", "run", "--bands", "1,,2"], 2, "bands"),
        (["-m", "run", "--tta", "nonsense"], 2, "tta"),
        (["-m", "run", "--protocol", "nonsense"], 2, "pixel-pooled"),
        (["-m", "run", "--protocol", "clcformer-per-image"], 2, "two classes"),
        (["-m", "run", "--protocol", "chesapeake-4"], 2, "--merge"),
        (["-m", "run", "--protocol", "poland-4"], 2, "--legend poland-4"),
        (["-m", "run", "--merge", "nlcd-to-chesapeake-4"], 2, "the map has those of three"),
        (["-m", "run", "--merge", "nowhere"], 2, "no crosswalk named"),
        (["-m", "run", "--merge-by", "probability"], 2, "--merge CROSSWALK"),
        (["-m", "run", "--merge", "nlcd-to-chesapeake-4", "--merge-by", "chance"], 2, "map, probability"),
        (["images", "--against", "labels", *FOUR, "--merge-by", "probability"], 2, "no probabilities"),
        (["images", "--against", "labels", "--legend", "three.yaml", *FOUR], 2, "the map has those of three"),
        (["-m", "run", *FOUR[2:]], 2, "those of three are scored"),
        (["-m", "run", "-o", "images"], 2, "holds no report"),
        (["-m", "nowhere/at/all", "--images", "images", "--labels", "labels"], 3, "nowhere"),
        (["-m", "run", "--images", "nowhere", "--labels", "labels"], 3, "nowhere"),
        (["images", "--against", "nowhere", "--legend", "three.yaml"], 3, "nowhere"),
    ],
)
def test_bad_input(place, arguments, code, says):
    before = sorted(Path().rglob("*"))
    result = call(*arguments)
    assert result.exit_code == code, result.output
    assert says in " ".join(result.stderr.split())
    assert sorted(Path().rglob("*")) == before


def test_a_bundle_without_a_run_needs_images(place):
    Path("run/bundle").rename("model")
    result = call("-m", "model")
    assert result.exit_code == 2
    assert "no images are named" in result.stderr


def test_scenes_of_a_layout_are_chosen_by_field():
    where = ("state=ny", "state=md", "part=test")
    source = Source(None, None, None, None, "chesapeake-lc", "chesapeake", where, None, None, "split")
    assert source.spec().where == {"state": ["ny", "md"], "part": ["test"]}
