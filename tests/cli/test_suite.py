"""``landwright evaluate --suite``, on miniature copies of the published data sets and small random models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
import typer
from PIL import Image
from torch import nn
from typer.testing import CliRunner, Result

from landwright.bundles import Card, NetworkCard, Normalization, WordsCard, save_bundle
from landwright.cli import suite as verb
from landwright.cli.evaluate import evaluate
from landwright.data.benchmarks import SUITES
from landwright.evaluation.suite.segmenter import Words
from landwright.legends.vocabulary import load_vocabulary
from landwright.networks import create_network

app = typer.Typer()
app.command()(evaluate)

QUICK = ("loveda", "udd5")


def make_bundle(folder: Path, seed: int) -> Path:
    """A small dual encoder with random weights, as `models import --as own` leaves it."""
    torch.manual_seed(seed)
    words = load_vocabulary("udd5")
    options = {"architecture": "compact", "synonyms": list(words.synonyms)}
    card = Card(
        name=folder.name,
        regime="imported",
        network=NetworkCard(name="clip", options=options, classes=len(words)),
        bands=("red", "green", "blue"),
        normalization=Normalization(mean=(0.48, 0.46, 0.41), std=(0.27, 0.26, 0.28)),
        legend=words.legend(),
        words=WordsCard(model="own", vocabulary=words),
    )
    return save_bundle(folder, card, create_network("clip", classes=len(words), **options))


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    return {name: make_bundle(folder / name, seed) for seed, name in enumerate(("first", "second"))}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, miniatures: ModuleType) -> Path:
    folder = tmp_path_factory.mktemp("sets")
    for name in QUICK:
        miniatures.make_prepared(name, folder)
    return folder


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("features")


@pytest.fixture(autouse=True)
def at_home(features: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep features and weights apart from those of the user; words are looked up once for all tests."""
    monkeypatch.setenv("LANDWRIGHT_FEATURES", str(features))
    monkeypatch.setenv("LANDWRIGHT_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def run() -> Callable[..., Result]:
    return lambda *arguments: CliRunner().invoke(app, [*map(str, arguments)])


def names(bundles: dict[str, Path]) -> str:
    return ",".join(map(str, bundles.values()))


@pytest.mark.slow
def test_two_data_sets(run: Callable[..., Result], bundles: dict[str, Path], root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["--suite", "ovss8", "--datasets", ",".join(QUICK), "--root", root, "-o", out]
    result = run(*options, "--models", bundles["first"])
    assert result.exit_code == 0, result.output
    assert "preset rs-ovss, attention segearth, activation quick_gelu, no thresholds" in result.stdout
    assert "the mean is that of 2 of 8 data sets" in result.stdout
    first = {path: path.read_bytes() for path in out.rglob("results/*/*.json")}
    assert {path.name for path in first} == {"loveda.json", "udd5.json"}
    refused = run(*options, "--models", names(bundles), "--attention", "naclip")
    assert refused.exit_code == 2
    assert "attention: segearth, now naclip" in refused.stderr
    result = run(*options, "--models", f"{bundles['second']},{bundles['first']}", "--json")
    assert result.exit_code == 0, result.output
    payload = json.loads(result.stdout)
    assert [row["model"] for row in payload["rows"]] == ["second", "first"]
    assert payload["failed"] == {}
    assert {path: path.read_bytes() for path in first} == first
    figures = payload["rows"][0]["miou"]["figures"]
    assert 0 < figures["loveda"] < 100
    assert figures["isaid"] is None
    assert "28.46" in Path(payload["markdown"]).read_text()
    assert Path(payload["page"]).read_text().startswith("<!doctype html>")


@pytest.mark.slow
def test_all_eight_layouts(
    run: Callable[..., Result], bundles: dict[str, Path], miniatures: ModuleType, tmp_path: Path
) -> None:
    for name in SUITES["ovss8"]:
        miniatures.make_prepared(name, tmp_path / "sets")
    out = tmp_path / "out"
    result = run("--suite", "ovss8", "--models", names(bundles), "--root", tmp_path / "sets", "-o", out)
    assert result.exit_code == 0, result.output
    table = json.loads((out / "table.json").read_text())
    for row in table["rows"]:
        assert row["missing"] == []
        assert row["images"] == {name: miniatures.PAIRS[name] for name in SUITES["ovss8"]}
        for line in (row["miou"], row["foreground"]):
            assert line["mean"] == pytest.approx(sum(line["figures"].values()) / 8)
    assert table["rows"][0]["miou"] != table["rows"][1]["miou"]
    assert any("are published: scores are not comparable" in note for note in table["notes"])


def test_single_class_suite(
    run: Callable[..., Result], bundles: dict[str, Path], miniatures: ModuleType, tmp_path: Path
) -> None:
    miniatures.make_prepared("wbs-si", tmp_path / "sets")
    options = ["--suite", "ovss-single", "--datasets", "wbs-si", "--root", tmp_path / "sets", "-o", tmp_path / "out"]
    options += ["--models", bundles["first"]]
    result = run(*options)
    assert result.exit_code == 3
    assert "weights of the upsampler jbu-one are not here" in result.stderr
    assert not (tmp_path / "out").exists()
    result = run(*options, "--preset", "landwright", "--json")
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)["rows"]
    stored = json.loads((tmp_path / "out/results/first/wbs-si.json").read_text())
    water = stored["scores"]["classes"][1]
    assert water["name"] == "water"
    assert row["foreground"]["figures"]["wbs-si"] == pytest.approx(100 * water["iou"])
    assert row["thresholds"] == {"wbs-si": "0.6, below it background"}


def test_the_others_go_on(
    run: Callable[..., Result], bundles: dict[str, Path], miniatures: ModuleType, tmp_path: Path
) -> None:
    for name in QUICK:
        miniatures.make_prepared(name, tmp_path / "sets")
    label = next((tmp_path / "sets").rglob("gt/*.png"))
    mended = label.read_bytes()
    with Image.open(label) as picture:
        size = picture.size
    Image.fromarray(np.full(size[::-1], 99, np.uint8)).save(label)
    options = ["--suite", "ovss8", "--datasets", ",".join(QUICK), "--root", tmp_path / "sets", "-o", tmp_path / "out"]
    options += ["--models", bundles["first"]]
    result = run(*options)
    assert result.exit_code == 4
    assert "udd5 fails its integrity check" in result.stderr
    assert "1 of 2 pairs failed: first on udd5" in result.stderr
    table = json.loads((tmp_path / "out" / "table.json").read_text())
    assert table["rows"][0]["miou"]["figures"]["loveda"] > 0
    assert "first on udd5 failed" in table["notes"][-1]
    nothing = run(*options[:3], "udd5", *options[4:-3], tmp_path / "other", *options[-2:])
    assert nothing.exit_code == 3
    assert "nothing could be scored" in nothing.stderr
    label.write_bytes(mended)
    assert run(*options).exit_code == 0


def test_ctrl_c(
    run: Callable[..., Result],
    bundles: dict[str, Path],
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = ["--suite", "ovss8", "--datasets", ",".join(QUICK), "--root", root, "--models", bundles["first"]]
    classify, calls = Words._classify, []

    def stopped(self: Words, *arguments: object) -> np.ndarray:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return classify(self, *arguments)

    monkeypatch.setattr(Words, "_classify", stopped)
    result = run(*options, "-o", tmp_path / "out")
    assert result.exit_code == 130
    kept = json.loads((tmp_path / "out/results/first/udd5.json").read_text())
    assert (kept["done"], kept["scores"]) == (1, None)
    assert json.loads((tmp_path / "out/results/first/loveda.json").read_text())["scores"] is not None
    assert run(*options, "-o", tmp_path / "out").exit_code == 0
    assert len(calls) == 5


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({"--suite": "ovss9"}, 2, "there is no suite 'ovss9'"),
        ({"--datasets": "coco"}, 2, "the suite ovss8 has no data set 'coco'"),
        ({"--datasets": "loveda,,udd5"}, 2, "is not a list of names"),
        ({"--models": None}, 2, "--suite needs models"),
        ({"--models": "clip-b61"}, 2, "Did you mean clip-b16"),
        ({"--models": "clip-b16,clip-b16"}, 2, "names clip-b16 twice"),
        ({"--models": "own"}, 2, "has to be a bundle first"),
        ({"--models": "skyclip-b32"}, 3, "the weights of skyclip-b32 are not here"),
        ({"--root": None}, 2, "--suite needs the folder of the data sets"),
        ({"--datasets": "vdd"}, 3, "there is no folder of vdd: looked for"),
        ({"--preset": "none"}, 2, "preset 'none' is unknown"),
        ({"--attention": "segarth"}, 2, "attention 'segarth' is unknown"),
        ({"--attention": "proxy"}, 2, "guide"),
        ({"--activation": "relu"}, 2, "activation 'relu' is unknown"),
        ({"--device": "abacus"}, 2, "device 'abacus' cannot be used"),
        ({"--model": "clip-b16"}, 2, "--model is not for a suite"),
        ({"--tta": "flip"}, 2, "--tta is not for a suite"),
        ({"--suite": None}, 2, "--models is for a suite"),
    ],
)
def test_bad_input(
    run: Callable[..., Result],
    bundles: dict[str, Path],
    root: Path,
    tmp_path: Path,
    changes: dict[str, str | None],
    code: int,
    told: str,
) -> None:
    options: dict[str, str | None] = {
        "--suite": "ovss8",
        "--models": str(bundles["first"]),
        "--datasets": "loveda",
        "--root": str(root),
        "-o": str(tmp_path / "out"),
    }
    given = [part for name, value in (options | changes).items() if value is not None for part in (name, value)]
    result = run(*given)
    assert result.exit_code == code, result.output
    assert told in result.stderr
    assert "remedy" in result.stderr
    assert not (tmp_path / "out").exists()


def test_models_that_do_not_fit(
    run: Callable[..., Result], bundles: dict[str, Path], root: Path, tmp_path: Path
) -> None:
    options = {"backbone": "resnet18"}
    legend = load_vocabulary("udd5").legend()
    card = Card(
        name="plain",
        regime="masks",
        network=NetworkCard(name="smp:unet", options=options, classes=len(legend)),
        bands=("red", "green", "blue"),
        normalization=Normalization(mean=(0.5,) * 3, std=(0.2,) * 3),
        legend=legend,
    )
    plain = save_bundle(tmp_path / "plain", card, nn.Conv2d(3, 5, 1))
    other = make_bundle(tmp_path / "second" / "first", 5)
    common = ["--suite", "ovss8", "--datasets", "loveda", "--root", root, "-o", tmp_path / "out", "--models"]
    result = run(*common, f"{bundles['first']},{other}")
    assert result.exit_code == 2
    assert "would have one name in the table" in result.stderr
    result = run(*common, plain)
    assert result.exit_code == 2
    assert "is a model without words (network 'smp:unet')" in result.stderr


def test_open(
    run: Callable[..., Result],
    bundles: dict[str, Path],
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(typer, "launch", shown.append)
    common = ["--suite", "ovss8", "--datasets", "loveda", "--root", root, "-o", tmp_path / "out"]
    assert run(*common, "--models", bundles["first"], "--open").exit_code == 0
    assert shown == [str(tmp_path / "out" / "table.html")]


def test_split() -> None:
    assert verb.split(" a, b ", "--models") == ["a", "b"]
