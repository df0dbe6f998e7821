"""Regime ``words``: whatever is said of images, from whatever weights."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from torch import Tensor
from torch.utils.data import default_collate

from landwright.bundles import load_bundle
from landwright.errors import DataError, UsageError
from landwright.legends.vocabulary import parse_words
from landwright.networks import create_network
from landwright.networks.clip.positions import KEPT, stretch_positions
from landwright.recipe import Recipe
from landwright.regimes import train
from landwright.regimes.words import build
from landwright.regimes.words_data import find_classes
from landwright.regimes.words_module import WordsModule

Make = Callable[..., Recipe]
NETWORK = {"name": "clip", "architecture": "compact"}


@pytest.fixture
def make_words(scenes: Path) -> Make:
    """Return a recipe on images with masks, three steps long; sections can be changed."""

    def make(**sections: Any) -> Recipe:
        document: dict[str, Any] = {
            "regime": "words",
            "classes": "building",
            "data": {
                "images": str(scenes / "images"),
                "labels": str(scenes / "masks"),
                "tile": 32,
                "split": {"val": 0.34},
            },
            "network": NETWORK,
            "words": {"view": 16, "crops": 2, "templates": "single"},
            "optim": {"steps": 3, "batch": 2, "lr": 1e-3},
            "validate": {"every": 3, "tiles": 2},
        }
        for name, changes in sections.items():
            kept = document.get(name) if isinstance(document.get(name), dict) else {}
            document[name] = {**kept, **changes} if isinstance(changes, dict) else changes
        document["data"] = {key: value for key, value in document["data"].items() if value is not None}
        return Recipe.model_validate(document)

    return make


@pytest.fixture
def bare(make_words: Make) -> Make:
    """The same on images alone."""

    def make(**sections: Any) -> Recipe:
        return make_words(**{**sections, "data": {"labels": None, **sections.get("data", {})}})

    return make


def captions(scenes: Path, column: str = "caption", **said: str) -> Path:
    path = scenes / "captions.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image", column])
        for number in range(3):
            writer.writerow([f"images/scene{number}.tif", said.get(f"scene{number}", f"a town with {number} houses")])
    return path


def terms(recipe: Recipe) -> dict[str, Tensor]:
    experiment = build(recipe, tiles=4)
    assert isinstance(experiment.module, WordsModule)
    return experiment.module.terms(default_collate([experiment.train[0], experiment.train[1]]))


def weights(module: WordsModule) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.encoder.state_dict().items()}


@pytest.mark.slow
def test_masks_give_boxes_and_a_bundle_that_maps_by_words(make_words: Make, tmp_path: Path) -> None:
    # The codes of written-out words count from 1; these masks have 0 and 1.
    with pytest.raises(DataError, match=r"holds? codes that legend words does not have"):
        build(make_words(classes="ground, field; building, house"), tiles=4)
    result = train(make_words(words={"captions": "masks"}), tmp_path / "run", progress=False)
    assert (result.metric, result.steps) == ("miou", 3)
    bundle = load_bundle(tmp_path / "run")
    card = bundle.card
    assert card.words is not None
    assert (card.words.model, card.words.templates, card.words.vocabulary.names) == ("own", "single", card.legend.names)
    assert card.network.options == {**NETWORK_OPTIONS, "zoom": 0.5, "synonyms": [1, 1]}
    assert (card.tiling.tile, card.regime, card.bands) == (32, "words", ("band 1", "band 2", "band 3"))
    outputs = bundle.network(torch.rand(1, 3, 32, 32))
    assert outputs.classes is not None
    assert outputs.classes.shape == (1, 2, 32, 32)
    torch.testing.assert_close(bundle.network.queries.norm(dim=1), torch.ones(2))
    assert {row["part"] for row in csv.DictReader((tmp_path / "run" / "split.csv").open())} == {"train", "val"}


NETWORK_OPTIONS = {"architecture": "compact"}


def test_what_is_said_decides_what_is_learnt(make_words: Make, bare: Make, scenes: Path) -> None:
    assert set(terms(bare())) == {"distillation"}
    assert set(terms(make_words())) == {"region", "distillation"}
    assert set(terms(make_words(words={"captions": "masks", "distillation": 0}))) == {"caption", "region"}
    file = str(captions(scenes))
    assert set(terms(bare(words={"captions": file}))) == {"caption", "distillation"}
    assert set(terms(make_words(words={"captions": file, "masks": False, "align": "combined"}))) == {
        "caption",
        "distillation",
    }


def test_images_alone_leave_the_text_tower_as_it_is(bare: Make, tmp_path: Path) -> None:
    recipe = bare(optim={"weight_decay": 0.5})
    before = weights(build(recipe, tiles=4).module)  # type: ignore[arg-type]
    result = train(recipe, tmp_path / "run", progress=False)
    assert (result.metric, set(result.score.values)) == ("loss", {"loss", "distillation"})
    assert result.value == pytest.approx(result.score.values["distillation"])
    assert any("nothing is said" in note for note in result.notes)
    assert result.evaluation is None  # there are no masks
    after = load_bundle(tmp_path / "run").network.get_submodule("encoder").state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("clip.visual.") for name in changed)


def test_a_list_of_images_with_tags_is_enough(bare: Make, scenes: Path, tmp_path: Path) -> None:
    pairs = captions(scenes, "tags", scene0="house; road", scene1="house", scene2="road")
    recipe = bare(data={"images": None, "pairs": str(pairs)}, validate={"metric": "loss"}, words={"crops": 1})
    experiment = build(recipe, tiles=4)
    said = {experiment.train[index]["caption"] for index in range(4)}
    every = {"house and road", "house", "road"}
    assert said < {f"a satellite image of {words}" for words in every}
    assert experiment.card.tiling.tile == 16
    result = train(recipe, tmp_path / "run", progress=False)
    assert set(result.score.values) == {"loss", "caption", "distillation"}
    assert result.score.images == 1


def test_images_of_one_caption_are_no_negatives(bare: Make, scenes: Path) -> None:
    same = {f"scene{number}": "a town" for number in range(3)}
    experiment = build(bare(words={"captions": str(captions(scenes, **same))}), tiles=4)
    batch = default_collate([experiment.train[0]] * 4)
    assert experiment.module.terms(batch)["caption"].item() == pytest.approx(math.log(4), abs=1e-5)
    batch["caption"] = ["a town", "", "", ""]
    assert experiment.module.terms(batch)["caption"].item() == pytest.approx(0, abs=1e-5)


def test_boxes_of_vector_files_and_published_lists(bare: Make, scenes: Path) -> None:
    def square(number: int, kind: str) -> dict[str, Any]:
        left, top = 500000 + 1000 * number + 2, 5000000 - 2
        ring = [[left, top], [left + 24, top], [left + 24, top - 24], [left, top - 24], [left, top]]
        return {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": {"kind": kind},
        }

    vectors = scenes / "objects.geojson"
    crs = {"type": "name", "properties": {"name": "EPSG:32632"}}
    features = [square(number, kind) for number, kind in enumerate(("ship", "Building", "ship"))]
    vectors.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))
    given = {"regions": str(vectors), "category": "kind"}
    experiment = build(bare(words=given, data={"tile": 64}), tiles=8)
    items = [experiment.train[index] for index in range(8)]
    named = {(item["labels"][0].item(), item["categories"][0]) for item in items}
    assert named <= {(1, "building"), (2, "ship")}
    assert "region" in experiment.module.terms(default_collate(items[:2]))
    listing = scenes / "mgrs.json"
    box = {"bbox": {"x1": 4, "y1": 4, "x2": 40, "y2": 60, "W": 64, "H": 64}, "category": "harbour"}
    listing.write_text(
        json.dumps(
            [
                {"global_filepath": f"data/images/scene{number}.tif", "brief_caption": "a port", "segment": [box]}
                for number in range(2)
            ]
            + [{"global_filepath": "elsewhere/scene2.tif", "segment": [box]}]
        )
    )
    experiment = build(bare(words={"regions": str(listing)}), tiles=8)
    items = [experiment.train[index] for index in range(8)]
    assert {item["caption"] for item in items} <= {"a port", ""}
    assert {item["categories"][0] for item in items} == {"harbour"}
    left, top, right, bottom = items[0]["boxes"][0].tolist()
    assert sorted([right - left, bottom - top]) == pytest.approx([36 / 64, 56 / 64])
    listing.write_text(json.dumps([{"global_filepath": "z.tif"}]))
    with pytest.raises(DataError, match=r"lists none of the 3 images; it begins with z\.tif"):
        build(bare(words={"regions": str(listing)}), tiles=8)


@pytest.mark.slow
def test_a_resumed_run_goes_the_same_way(make_words: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = make_words(words={"captions": "masks", "teacher": "ema"}, optim={"steps": 4}, validate={"every": 2})
    train(recipe, tmp_path / "whole", progress=False)
    step = WordsModule.training_step

    def broken(self: WordsModule, batch: Any, index: int) -> Any:
        if index == 3:
            raise DataError("a damaged file")
        return step(self, batch, index)

    with monkeypatch.context() as patch, pytest.raises(DataError, match="damaged"):
        patch.setattr(WordsModule, "training_step", broken)
        train(recipe, tmp_path / "parts", progress=False)
    train(recipe, tmp_path / "parts", resume=True, progress=False)
    one, other = (
        torch.load(tmp_path / run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        for run in ("whole", "parts")
    )
    assert one.keys() == other.keys()
    assert any(name.startswith("teacher.") for name in one)
    for name in one:
        assert torch.equal(one[name], other[name]), name


@pytest.mark.slow
def test_teachers_lag_behind_or_stay(make_words: Make, tmp_path: Path) -> None:
    recipe = make_words(words={"teacher": "frozen"}, optim={"lr": 1e-2})
    before = weights(build(recipe, tiles=4).module)  # type: ignore[arg-type]
    train(recipe, tmp_path / "run", progress=False)
    state = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    assert all(torch.equal(state[f"teacher.{name}"], tensor) for name, tensor in before.items())
    assert not all(torch.equal(state[f"network.encoder.{name}"], tensor) for name, tensor in before.items())


def test_vectors_do_not_decay_and_the_scale_is_held(make_words: Make) -> None:
    module = build(make_words(optim={"weight_decay": 0.3}), tiles=4).module
    assert isinstance(module, WordsModule)
    optimizer = module.configure_optimizers()["optimizer"]
    matrices, vectors = optimizer.param_groups
    assert (matrices["weight_decay"], vectors["weight_decay"]) == (0.3, 0)
    assert (matrices["betas"], matrices["eps"]) == ((0.9, 0.98), 1e-6)
    assert min(weight.ndim for weight in matrices["params"]) >= 2 > max(weight.ndim for weight in vectors["params"])
    assert any(weight is module.encoder.clip.logit_scale for weight in vectors["params"])
    with torch.no_grad():
        module.encoder.clip.logit_scale.fill_(9)
    module.optimizer_step(0, 0, optimizer, lambda: None)
    assert module.encoder.clip.logit_scale.item() == pytest.approx(math.log(100))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A file in open_clip's names: the compact towers."""
    network = create_network("clip", classes=2, **NETWORK_OPTIONS)
    state = network.get_submodule("encoder.clip").state_dict()
    torch.save({"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}}, tmp_path / "own.pt")
    return tmp_path / "own.pt"


def test_texts_are_stretched_and_their_first_positions_stay(make_words: Make, checkpoint: Path, tmp_path: Path) -> None:
    network = {"name": "clip", "weights": str(checkpoint), "activation": "quick_gelu"}
    changes = {"captions": "masks", "context": 248, "model": "own"}
    recipe = make_words(network=network, words=changes, optim={"lr": 1e-2, "weight_decay": 0.5})
    old = torch.load(checkpoint, weights_only=True)["state_dict"]["module.positional_embedding"]
    module = build(recipe, tiles=4).module
    assert isinstance(module, WordsModule)
    torch.testing.assert_close(module.encoder.clip.positional_embedding.detach(), stretch_positions(old))
    train(recipe, tmp_path / "run", progress=False)
    bundle = load_bundle(tmp_path / "run")
    assert bundle.card.network.options["context"] == 248
    new = bundle.network.get_submodule("encoder.clip").positional_embedding  # type: ignore[union-attr]
    assert torch.equal(new[:KEPT], old[:KEPT])
    assert not torch.allclose(new[KEPT:30], stretch_positions(old)[KEPT:30])
    with pytest.raises(UsageError, match="the weights read 248 tokens, not 77"):
        build(make_words(network={"name": "clip", "weights": str(tmp_path / "run")}, words={"context": 77}), tiles=4)


def test_a_run_begins_where_another_ended(make_words: Make, tmp_path: Path) -> None:
    train(make_words(), tmp_path / "first", progress=False)
    first = load_bundle(tmp_path / "first")
    recipe = make_words(network={"name": "clip", "weights": str(tmp_path / "first"), "attention": "naclip"})
    recipe = recipe.model_copy(update={"network": recipe.network.model_copy(update={"architecture": "compact"})})
    module = build(recipe, tiles=4).module
    assert isinstance(module, WordsModule)
    assert all(
        torch.equal(tensor, first.network.state_dict()[f"encoder.{name}"]) for name, tensor in weights(module).items()
    )
    assert module.network.attention == "naclip"


@pytest.mark.parametrize(
    ("sections", "problem"),
    [
        ({"network": {"name": "test-tiny"}}, "reads no words"),
        ({"network": {"family": "siglip"}}, "family 'siglip' cannot be trained here"),
        ({"network": {"architecture": "ViT-B-32"}}, "learns nothing useful from random weights"),
        ({"network": {"weights": "hub"}}, "no file tells by itself"),
        ({"network": {"weights": "hub"}, "words": {"model": "nonsense"}}, "no vision-language model"),
        ({"network": {"upsampler": "jbu-stack"}}, "upsampler has no weights here"),
        ({"optim": {"name": "sgd"}}, "by AdamW at one rate"),
        ({"optim": {"encoder_lr": 1e-3}}, "by AdamW at one rate"),
        ({"optim": {"batch": 1}}, "a batch of one"),
        ({"words": {"view": 20}}, "do not hold whole patches of 8"),
        ({"words": {"masks": False, "distillation": 0}}, "there is nothing to learn"),
        ({"validate": {"metric": "loss"}}, "maps are scored"),
        ({"validate": {"metric": "nonsense"}}, "no figure"),
        ({"data": {"bands": [1, 2]}, "network": {"upsampler": "jbu-stack"}}, "3 bands"),
        ({"classes": "nonsense"}, "nonsense"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(make_words: Make, sections: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        build(make_words(**sections), tiles=4)


def test_images_without_masks_cannot_be_scored(bare: Make, scenes: Path) -> None:
    with pytest.raises(UsageError, match="no masks to score maps by") as caught:
        build(bare(validate={"metric": "miou"}), tiles=4)
    assert "loss" in str(caught.value.remedy)
    file = str(captions(scenes))
    with pytest.raises(UsageError, match=r"augment.zoom is for tiles"):
        build(bare(words={"captions": file}, augment={"zoom": [0.5, 2]}), tiles=4)
    with pytest.raises(UsageError, match="look at one date"):
        build(bare(data={"before": str(scenes / "images" / "*.tif"), "images": str(scenes / "masks")}), tiles=4)


@pytest.mark.slow
def test_weights_that_do_not_fit_are_named(make_words: Make, checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        build(make_words(network={"weights": str(tmp_path / "none")}), tiles=4)
    network = {"name": "clip", "weights": str(checkpoint), "architecture": "ViT-B-32", "activation": "gelu"}
    with pytest.raises(DataError, match="do not fit the network clip"):
        build(make_words(network=network, words={"model": "own"}), tiles=4)


def test_bands_other_than_three(make_words: Make, checkpoint: Path) -> None:
    recipe = make_words(data={"bands": [1, 2]})
    experiment = build(recipe, tiles=4)
    assert experiment.card.bands == ("band 1", "band 2")
    assert len(experiment.card.normalization.mean) == 2
    network = {"name": "clip", "weights": str(checkpoint), "activation": "gelu"}
    with pytest.raises(UsageError, match="for 3 bands, the images have 2"):
        build(make_words(data={"bands": [1, 2]}, network=network, words={"model": "own"}), tiles=4)


def test_images_of_other_bands_are_named(make_words: Make, scenes: Path) -> None:
    for path in sorted((scenes / "images").glob("*.tif")):
        with rasterio.open(path) as source:
            pixels, profile = source.read(), source.profile
        with rasterio.open(path, "w", **{**profile, "count": 4}) as target:
            target.write(np.concatenate([pixels, pixels[:1]]))
    with pytest.raises(UsageError, match="the images have 4 bands, the network 3"):
        build(make_words(), tiles=4)


def test_classes_by_words_vocabulary_or_legend() -> None:
    assert find_classes("a, b; c").queries == ("a", "b", "c")
    assert find_classes("openearthmap").name == "openearthmap"
    assert find_classes("isprs-6").queries[1] == find_classes("isprs-6").names[1]
    assert find_classes("building").names == find_classes("building").queries
    assert parse_words("a; b").names == ("a", "b")


def test_one_class_is_nothing_to_look_for(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text("name: one\nclasses:\n  - {code: 1, name: a, colour: [1, 2, 3]}\n")
    with pytest.raises(DataError, match="one class only"):
        find_classes(str(path))


def test_bundles_of_other_networks_read_no_words(make_words: Make, make_recipe: Make, tmp_path: Path) -> None:
    train(make_recipe(optim={"steps": 1}, validate={"every": 1}), tmp_path / "run", progress=False)
    with pytest.raises(UsageError, match="a bundle of the network 'test-tiny', which reads no words"):
        build(make_words(network={"name": "clip", "weights": str(tmp_path / "run")}), tiles=4)


def test_scaling_is_measured_where_asked(make_words: Make) -> None:
    card = build(make_words(normalize={"mean": "data", "std": "data"}), tiles=4).card
    assert 0.2 < card.normalization.mean[0] < 0.6
    other = build(make_words(), tiles=4).card
    assert other.normalization.mean[0] == pytest.approx(122.771 / 255)


def test_batches_that_teach_nothing_are_skipped(make_words: Make, scenes: Path, tmp_path: Path) -> None:
    recipe = make_words(words={"distillation": 0, "min_area": 5000})
    result = train(recipe, tmp_path / "run", progress=False)
    assert (result.skipped, result.steps) == (3, 3)
