"""Maps from words on the command line, and from the map to a model that is trained on it."""

from __future__ import annotations

import json
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors.torch import save_file
from typer.testing import CliRunner, Result

from landwright.bundles import load_bundle, save_bundle
from landwright.bundles.words import words_bundle
from landwright.cli.main import app
from landwright.legends import load_legend
from landwright.legends.vocabulary import parse_words
from landwright.networks.clip.towers import build_clip
from landwright.recipe import Recipe
from landwright.regimes import train

pytest.importorskip("open_clip", reason="open_clip comes with the extra words")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["predict", *map(str, arguments)])


def unreachable(*_: object, **__: object) -> str:
    raise LocalEntryNotFoundError("no network")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDWRIGHT_FEATURES", str(tmp_path / "features"))
    monkeypatch.setenv("LANDWRIGHT_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", unreachable)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A bundle of a small dual encoder with random weights."""
    torch.manual_seed(0)
    state = {name: tensor.clone() for name, tensor in build_clip("compact").state_dict().items()}
    save_file(state, tmp_path / "small.safetensors")
    made = words_bundle(
        "own",
        tmp_path / "small.safetensors",
        parse_words("roof; road"),
        templates="single",
        settings={"activation": "gelu"},
    )
    return save_bundle(tmp_path / "bundle", made.card, made.network)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    fields = rng.integers(0, 256, (3, 6, 8)).repeat(32, 1).repeat(32, 2)
    pixels = np.clip(fields + rng.normal(0, 20, fields.shape), 0, 255).astype(np.uint8)
    path = tmp_path / "images" / "ortho.tif"
    path.parent.mkdir()
    profile = {"driver": "GTiff", "count": 3, "height": 192, "width": 256, "dtype": "uint8", "crs": "EPSG:32632"}
    with rasterio.open(path, "w", transform=Affine(0.5, 0, 5e5, 0, -0.5, 5.3e6), **profile) as file:
        file.write(pixels)
    return path


def test_a_map_of_four_words(tmp_path: Path, model: Path, image: Path) -> None:
    words = "building, roof; road; tree, forest; water"
    done = run(image, "--words", words, "-m", model, "-o", tmp_path / "map.tif", "--json", "--templates", "single")
    assert done.exit_code == 0, done.output
    (made,) = json.loads(done.stdout)["maps"]
    assert made["legend"] is None
    with rasterio.open(tmp_path / "map.tif") as file:
        codes, tags = file.read(1), file.tags()
    assert set(np.unique(codes)) <= {1, 2, 3, 4}
    assert [entry["name"] for entry in json.loads(tags["CLASSES"])] == ["building", "road", "tree", "water"]
    assert json.loads(tags["WORDS"])["classes"]["tree"] == ["tree", "forest"]


def test_every_option_reaches_the_map(tmp_path: Path, model: Path, image: Path) -> None:
    (tmp_path / "words.txt").write_text("background\nroad\nwater, river\n", encoding="utf-8")
    (tmp_path / "sentences.txt").write_text("an aerial picture of {}.\n", encoding="utf-8")
    done = run(
        image, "-m", model, "-o", tmp_path / "map.tif", "--vocabulary", tmp_path / "words.txt",
        "--templates", tmp_path / "sentences.txt", "--attention", "sclip", "--upsampler", "bilinear",
        "--threshold", "0.36", "--at-gsd", "0.4", "--tta", "scale", "--snap", "slic", "--preset", "landwright",
        "--min-confidence", "0.1", "--blend", "uniform", "--no-confidence",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    with rasterio.open(tmp_path / "map.tif") as file:
        settings, words = (json.loads(file.tags()[name]) for name in ("SETTINGS", "WORDS"))
        codes = file.read(1)
    assert settings["tile"] == 51
    assert {name: settings[name] for name in ("at_gsd", "tta", "snap", "min_confidence", "blend")} == {
        "at_gsd": 0.4, "tta": "scale", "snap": "slic", "min_confidence": 0.1, "blend": "uniform",
    }  # fmt: skip
    assert words["options"]["attention"] == "sclip"
    assert words["options"]["upsampler"] == "bilinear"
    assert words["options"]["thresholds"] == [0.36] * 3
    assert set(np.unique(codes)) <= {0, 1, 2}


def test_the_published_preset(tmp_path: Path, model: Path, image: Path) -> None:
    done = run(image, "-m", model, "-o", tmp_path / "map.tif", "--preset", "rs-ovss")
    assert done.exit_code == 0, done.output
    with rasterio.open(tmp_path / "map.tif") as file:
        assert json.loads(file.tags()["SETTINGS"])["resize"] == 448


@pytest.mark.slow
def test_labels_for_a_model_of_ones_own(tmp_path: Path, model: Path, image: Path) -> None:
    labels = tmp_path / "labels" / "ortho.tif"
    done = run(image, "-m", model, "-o", labels, "--words", "field; sea", "--as-labels", "--templates", "single")
    assert done.exit_code == 0, done.output
    assert "legend for recipes" in done.stdout
    legend = load_legend(tmp_path / "labels" / "ortho.legend.yaml")
    assert legend.names == ("field", "sea")
    with rasterio.open(labels) as file, rasterio.open(tmp_path / "labels" / "ortho_confidence.tif") as beside:
        codes, percent = file.read(1), beside.read(1)
    assert legend.nodata == 255
    assert (percent[codes != 255] >= 50).all()
    again = run(image, "-m", model, "-o", labels, "--as-labels")
    assert (again.exit_code, "already" in again.stderr) == (2, True)
    doubtful = run(image, "-m", model, "-o", tmp_path / "none" / "ortho.tif", "--as-labels", "--min-confidence", "1",
                   "--words", "field; sea", "--templates", "single")  # fmt: skip
    assert doubtful.exit_code == 3, doubtful.output
    assert "remedy: Lower --min-confidence: the surest pixel has 0." in doubtful.stderr
    assert not list((tmp_path / "none").glob("*"))
    strict = run(image, "-m", model, "-o", labels, "--as-labels", "--min-confidence", "0.7", "--force", "--json",
                 "--words", "field; sea", "--templates", "single")  # fmt: skip
    (made,) = json.loads(strict.stdout)["maps"]
    with rasterio.open(labels) as file:
        codes = file.read(1)
    assert made["valid_pixels"] == np.count_nonzero(codes != 255)
    assert 0 < made["valid_pixels"] < codes.size, "some pixels are unsure"
    assert made["legend"] == str(tmp_path / "labels" / "ortho.legend.yaml")
    recipe = {
        "regime": "masks",
        "network": {"name": "clcformer", "encoder": "compact", "weights": "none"},
        "data": {
            "images": str(image),
            "labels": str(labels),
            "tile": 64,
            "split": {"by": "block", "block": 64, "val": 0.3},
        },
        "classes": str(tmp_path / "labels" / "ortho.legend.yaml"),
        "optim": {"steps": 2, "batch": 2, "warmup": 0},
        "validate": {"every": 2, "tiles": 1},
    }
    train(Recipe.model_validate(recipe), tmp_path / "run", progress=False)
    assert load_bundle(tmp_path / "run").legend.same_classes(legend)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ([], 2, "no model is named"),
        (["--attention", "sclip"], 2, "no model is named"),
        (["--words", "a; b", "--vocabulary", "loveda"], 2, "both given"),
        (["--words", "a"], 2, "one class only"),
        (["--words", " ; "], 2, "no classes"),
        (["--words", "roof, house; house"], 2, "house"),
        (["--vocabulary", "lovedaa"], 2, "loveda"),
        (["--vocabulary", "nowhere.yaml"], 3, "nowhere.yaml"),
        (["--words", "a; b"], 3, "farslip1-b16"),
        (["--words", "a; b", "-m", "remoteclip-l14"], 3, "remoteclip-l14"),
        (["--min-confidence", "2"], 2, "not a probability"),
        (["--at-gsd", "0"], 2, "size of a pixel"),
        (["--snap", "sam"], 2, "felzenszwalb"),
        (["--tta", "sizes"], 2, "flip-scale"),
    ],
)
def test_what_does_not_fit_has_a_remedy(tmp_path: Path, image: Path, options: list[str], code: int, words: str) -> None:
    result = run(image, "-o", tmp_path / "maps" / "map.tif", *options)
    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert "remedy:" in result.stderr
    assert not (tmp_path / "maps").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--words", "!!; water", "--preset", "none"], "preset"),
        (["--attention", "self"], "attention"),
        (["--threshold", "0.5"], "the words have none"),
        (["--preset", "rs-ovss", "--at-gsd", "0.3"], "no meaning"),
        (["--preset", "rs-ovss", "--blend", "cosine"], "no meaning"),
    ],
)
def test_what_does_not_fit_a_model_of_words(
    tmp_path: Path, model: Path, image: Path, options: list[str], words: str
) -> None:
    result = run(image, "-m", model, "-o", tmp_path / "maps" / "map.tif", *options)
    assert result.exit_code == 2, result.output
    assert words in result.stderr
    assert "remedy:" in result.stderr
    assert not (tmp_path / "maps").exists()


@pytest.mark.parametrize(("size", "remedy"), [("100", "--at-gsd 4 or less"), ("0.01", "--at-gsd 0.125 or more")])
def test_a_size_of_pixels_beyond_use(tmp_path: Path, model: Path, image: Path, size: str, remedy: str) -> None:
    result = run(image, "-m", model, "-o", tmp_path / "maps" / "map.tif", "--at-gsd", size)
    assert result.exit_code == 3, result.output
    assert remedy in result.stderr
    assert not (tmp_path / "maps").exists()
