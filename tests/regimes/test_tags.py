"""Regime ``tags``: maps from what is in each image."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import save_file
from torch.utils.data import default_collate

from landwright.bundles import load_bundle
from landwright.errors import DataError, UsageError
from landwright.evaluation.bundle import evaluate_bundle
from landwright.evaluation.sources import run_data
from landwright.evaluation.tags.picture import picture
from landwright.evaluation.tags.source import tag_source
from landwright.networks.dino import DinoHead, DinoTokens
from landwright.prepare import segments
from landwright.prepare.segments import SEGMENTS_VARIABLE
from landwright.recipe import Recipe
from landwright.regimes import TrainingInterrupted, tags_data, train
from landwright.regimes.preparation import watched
from landwright.regimes.tags import build
from landwright.regimes.tags_losses import tag_losses
from landwright.regimes.tags_module import TagsModule

Make = Callable[..., Recipe]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SEGMENTS_VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def tagged(tmp_path: Path, write_tagged: Callable[..., Path]) -> Path:
    """Folder with ``images``, ``masks`` and ``tags.csv``: six images, each second without buildings."""
    return write_tagged(tmp_path / "tagged")


@pytest.fixture
def make(tagged: Path) -> Make:
    """Return a recipe of three steps; sections can be changed, and None leaves a key out."""

    def recipe(**sections: Any) -> Recipe:
        document: dict[str, Any] = {
            "regime": "tags",
            "classes": "building",
            "data": {
                "images": str(tagged / "images"),
                "labels": str(tagged / "masks"),
                "tags": str(tagged / "tags.csv"),
                "tile": 32,
                "split": {"val": 0.34},
            },
            "network": {"name": "ctfa", "encoder": "compact"},
            "tags": {"crops": 2, "seg_after": 1},
            "optim": {"steps": 3, "batch": 2, "lr": 1e-3, "precision": "32"},
            "validate": {"every": 3, "tiles": 2},
        }
        for name, changes in sections.items():
            kept = document.get(name) if isinstance(document.get(name), dict) else {}
            document[name] = {**kept, **changes} if isinstance(changes, dict) else changes
        document["data"] = {key: value for key, value in document["data"].items() if value is not None}
        return Recipe.model_validate(document)

    return recipe


def terms(recipe: Recipe, *, mapped: bool = True) -> dict[str, torch.Tensor]:
    experiment = build(recipe, tiles=4)
    module = experiment.module
    assert isinstance(module, TagsModule)
    batch = module.collated(default_collate([experiment.train[0], experiment.train[1]]))
    torch.manual_seed(0)
    return tag_losses(module.network, batch, module.plan, mapped=mapped, features=module.links)


def test_tags_give_a_bundle_that_maps(make: Make, tmp_path: Path) -> None:
    recipe = make()
    result = train(recipe, tmp_path / "run", progress=False)
    assert (result.metric, result.steps) == ("miou", 3)
    assert {"tag_ap", "cam_miou", "pseudo_miou", "miou", "oa"} <= set(result.score.values)
    assert any(note.startswith("tags: atsg as mended here, with a background") for note in result.notes)
    bundle = load_bundle(tmp_path / "run")
    card = bundle.card
    assert card.network.options == {"encoder": "compact", "background": True}
    assert (card.regime, card.tiling.tile, card.recipe_hash) == ("tags", 32, recipe.hash())
    outputs = bundle.network(torch.rand(1, 3, 40, 32))
    assert outputs.classes is not None
    assert outputs.classes.shape == (1, 2, 40, 32)
    rows = list(csv.DictReader((tmp_path / "run" / "split.csv").open()))
    # Nothing is learnt from masks.
    assert {(row["part"], bool(row["label"])) for row in rows} == {("train", False), ("val", True)}


@pytest.mark.parametrize("source", ["file", "from-masks"])
def test_an_evaluation_finds_the_figures_of_the_validation(
    make: Make, tagged: Path, tmp_path: Path, source: str
) -> None:
    tags = str(tagged / "tags.csv") if source == "file" else source
    own = {"background_score": 0.4, "cam_scales": [1.0, 1.5], "min_pixels": 3}
    normalize = {"divide": 255.0, "mean": [0.4] * 3, "std": [0.3] * 3}
    result = train(make(data={"tags": tags}, tags=own, normalize=normalize), tmp_path / "run", progress=False)
    kept = run_data(tmp_path / "run", "val")
    assert len(kept.scenes) == 2
    bundle = load_bundle(tmp_path / "run")
    found = evaluate_bundle(bundle, kept.scenes, tags=tag_source(tags, list(kept.scenes), bundle)).evaluation
    assert found.tags is not None
    wanted = result.score.values
    assert found.results[0].values["miou"] == pytest.approx(wanted["miou"])
    assert found.tags.cam[0].values["miou"] == pytest.approx(wanted["cam_miou"])
    assert found.tags.pseudo[0].values["miou"] == pytest.approx(wanted["pseudo_miou"])
    assert found.tags.tag_ap == pytest.approx(wanted["tag_ap"])


def test_without_masks_weights_are_chosen_by_the_tags(make: Make, tmp_path: Path) -> None:
    recipe = make(data={"labels": None}, tags={"method": "toco", "da": 1})
    assert recipe.validation.metric == "tag_ap"
    result = train(recipe, tmp_path / "run", progress=False)
    assert result.score.protocol == "tags"
    assert result.value == result.score.values["tag_ap"]
    assert "maps are not scored" in result.data
    assert load_bundle(tmp_path / "run").card.network.options["aux_block"] == 1
    with pytest.raises(UsageError, match=r"validate\.metric miou is not measured"):
        build(make(data={"labels": None}, validate={"metric": "miou"}), tiles=4)


def test_masks_can_serve_as_tags(make: Make) -> None:
    experiment = build(make(data={"tags": "from-masks"}, tags={"min_pixels": 200}), tiles=6)
    held = {item["source"]: bool(item["tags"][0]) for item in (experiment.train[index] for index in range(6))}
    assert all(present == (int(name[-1]) % 2 == 0) for name, present in held.items())
    with pytest.raises(DataError, match="every one of the"):
        build(make(data={"tags": "from-masks"}, tags={"min_pixels": 10_000}), tiles=4)


def test_masks_without_a_tag_are_refused_where_every_class_has_one(make: Make) -> None:
    few = make(data={"tags": "from-masks"}, tags={"min_pixels": 600, "background": "none"})
    with pytest.raises(DataError, match=r"1 of 6 images have no tag.*covers 600 pixels: scene4\."):
        build(few, tiles=4)
    one = make(data={"tags": "from-masks"}, tags={"min_pixels": 10_000, "background": "none"})
    with pytest.raises(
        DataError, match=r"6 of 6 images.*scene4 and 1 more\. Lower tags\.min_pixels, or leave them out"
    ):
        build(one, tiles=4)


def test_pairs_bring_everything(make: Make, tagged: Path) -> None:
    names = sorted(path.name for path in (tagged / "images").iterdir())
    with (tagged / "pairs.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image", "label", "tags", "split"])
        for number, name in enumerate(names):
            label = f"masks/{name}" if number > 3 else ""
            writer.writerow([f"images/{name}", label, "" if number % 2 else "building", "val" if label else "train"])
    pairs = {"images": None, "labels": None, "tags": None, "pairs": str(tagged / "pairs.csv")}
    experiment = build(make(data={**pairs, "split": {"by": "column"}}), tiles=4)
    assert experiment.split.counts() == {"train": 4, "val": 2}
    # Masks of some images alone make the validation part.
    assert build(make(data=pairs), tiles=4).split.counts() == {"train": 4, "val": 2}


@pytest.mark.slow
def test_methods_and_switches_decide_what_is_learnt(make: Make) -> None:
    always, maps = {"tags", "tags_aux", "loss"}, {"seg", "dense_energy"}
    contrasts = {"affinity", "contrast"}
    assert set(terms(make(tags={"method": "toco"}))) == always | contrasts | maps
    assert set(terms(make(tags={"method": "ctfa"}))) == always | contrasts | maps | {"joint"}
    guided = make(tags={"segments": "felzenszwalb"})
    assert set(terms(guided)) == always | contrasts | maps | {"joint", "objects", "boundary"}
    assert set(terms(guided, mapped=False)) == always | contrasts
    bare = {"affinity": 0, "contrast": 0, "seg": 0, "dense_energy": 0, "joint": 0}
    assert set(terms(make(tags=bare))) == always
    official = make(loss={"paper": True}, tags={"segments": "slic", "dino_weights": "hub", "patchlink": "off"})
    assert set(terms(official, mapped=False)) == always | contrasts | {"objects", "boundary"}
    for switches in ({"object_loss": "off"}, {"boundary": 0}):
        assert len(terms(make(tags={"segments": "slic", **switches}))) == len(terms(guided)) - 1
    for switches in (
        {"patchlink": "dino_only"},
        {"boundary_loss": "precision", "segments": "slic"},
        {"da": "official"},
    ):
        assert all(term.isfinite() for term in terms(make(tags=switches)).values())


def test_links_compare_dino(make: Make, tmp_path: Path) -> None:
    torch.manual_seed(0)
    files = {name: str(tmp_path / f"{name}.safetensors") for name in ("dino", "head")}
    save_file(DinoTokens("vit_tiny").vit.state_dict(), files["dino"])
    save_file(DinoHead(192, 8).state_dict(), files["head"])
    dino = {"dino": "vit_tiny", "dino_weights": files["dino"]}
    found = []
    for switches in ({"link_features": "encoder"}, dino, {**dino, "link_head": files["head"]}):
        experiment = build(make(tags=switches), tiles=4)
        module = experiment.module
        assert isinstance(module, TagsModule)
        # Frozen weights of another model are no part of a checkpoint.
        assert not any("dino" in name for name in module.state_dict())
        found.append(terms(make(tags=switches))["affinity"].item())
    assert len(set(found)) == 3
    with pytest.raises(DataError, match="is not a link head"):
        build(make(tags={**dino, "link_head": files["dino"]}), tiles=4)


def test_a_folder_of_segments_is_checked(make: Make, tagged: Path, tmp_path: Path) -> None:
    from landwright.prepare.segments import make_segments

    folder = tmp_path / "segments"
    make_segments(sorted((tagged / "images").iterdir())[:2], folder, "slic")
    with pytest.raises(DataError, match="without segments here"):
        build(make(tags={"segments": str(folder)}), tiles=4)
    make_segments(sorted((tagged / "images").iterdir()), folder, "slic")
    item = build(make(tags={"segments": str(folder)}), tiles=4).train[0]
    assert item["objects"].max() > 0


def test_published_segments_are_the_50_largest(make: Make, tagged: Path, tmp_path: Path) -> None:
    from landwright.prepare.segments import make_segments

    images, folder = sorted((tagged / "images").iterdir()), tmp_path / "segments"
    paper = {"loss": {"paper": True}, "network": {"encoder": "compact"}}
    switches = {"dino_weights": "hub", "patchlink": "off"}
    make_segments(images, folder, "slic", {"pixels": 4, "smallest": 1})
    with pytest.raises(UsageError, match=r"50 largest segments.*made with most=none.*--set most=50"):
        build(make(tags={"segments": str(folder), **switches}, **paper), tiles=4)
    assert build(make(tags={"segments": str(folder)}), tiles=4).train[0]["objects"].max() > 50
    make_segments(images, tmp_path / "published", "slic", {"pixels": 4, "smallest": 1, "most": 50})
    for chosen in (str(tmp_path / "published"), "slic"):
        item = build(make(tags={"segments": chosen, **switches}, **paper), tiles=4).train[0]
        assert item["objects"][item["objects"] != 255].max() <= 50


def test_misspelt_segments_are_told(make: Make) -> None:
    with pytest.raises(UsageError, match=r"'felzenswalb' is neither a folder.*Did you mean felzenszwalb\?"):
        build(make(tags={"segments": "felzenswalb"}), tiles=4)
    with pytest.raises(DataError, match="nowhere"):
        build(make(tags={"segments": "my/nowhere"}), tiles=4)


@pytest.mark.parametrize(("dtype", "divide", "scale"), [("uint16", None, 255 / 65535), ("float32", 510.0, 0.5)])
def test_segments_are_found_in_images_of_any_type(
    make: Make,
    tmp_path: Path,
    write_tagged: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    dtype: str,
    divide: float | None,
    scale: float,
) -> None:
    root = write_tagged(tmp_path / dtype, dtype=dtype)
    data = {"images": str(root / "images"), "labels": str(root / "masks"), "tags": str(root / "tags.csv")}
    asked = []

    def make_segments(images: Any, out: Any, provider: str, params: dict[str, Any], **options: Any) -> Any:
        asked.append(params)
        return segments.make_segments(images, out, provider, params, **options)

    monkeypatch.setattr(tags_data, "make_segments", make_segments)
    scaling = {"mean": "data", "std": "data", "divide": divide}
    build(make(data=data, tags={"segments": "slic"}, normalize=scaling), tiles=4)
    build(make(data={**data, "bands": [3, 1]}, tags={"segments": "slic"}, normalize=scaling), tiles=4)
    assert asked == [{"value_scale": scale}, {"bands": [3], "value_scale": scale}]


def test_segments_are_found_in_the_bands_that_are_used(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(tags_data, "SegmentFolder", lambda path: made.append(segments.SegmentFolder(path)) or made[-1])
    build(make(data={"bands": [3, 2, 1]}, tags={"segments": "slic"}), tiles=4)
    assert (made[0].params["bands"], made[0].params["value_scale"]) == ([3, 2, 1], None)


def test_the_making_of_segments_is_shown(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    for shown in (False, True):
        with watched(shown):
            build(make(tags={"segments": "slic"}), tiles=4)
        out, err = capsys.readouterr()
        assert out == ""
        assert ("slic segments" in err and "4/4" in err) is shown


def test_a_block_that_is_none_is_told_with_the_range(make: Make) -> None:
    with pytest.raises(UsageError, match=r"tags\.da 99 is no block of the encoder, which has 0 to 3\. Set tags\.da"):
        build(make(tags={"da": 99}), tiles=4)
    with pytest.raises(UsageError, match=r"0 to 11.*off, which is 9"):
        build(make(tags={"da": 12}, data={"tile": 64}, network={"encoder": "deit_tiny"}), tiles=4)
    with pytest.raises(UsageError, match="compakt"):
        build(make(tags={"da": 99}, data={"tile": 64}, network={"encoder": "compakt"}), tiles=4)


@pytest.mark.slow
def test_what_a_run_can_be_scored_with(make: Make, tagged: Path, tmp_path: Path) -> None:
    file = str(tagged / "tags.csv")
    pairs = tagged / "pairs.csv"
    rows = [
        f"images/scene{n}.tif,{f'masks/scene{n}.tif' if part == 'val' else ''},{'' if n % 2 else 'building'},{part}"
        for n, part in enumerate(("train", "train", "train", "val", "val", "test"))
    ]
    pairs.write_text("\n".join(["image,label,tags,split", *rows]) + "\n")
    bare = {"images": None, "labels": None, "tags": None, "pairs": str(pairs), "split": {"by": "column"}}
    quick = {"optim": {"steps": 1}, "validate": {"every": 1, "tiles": 2}}
    recipes = {
        ("--tags", file): make(**quick),
        ("--tags", "from-masks"): make(data={"tags": "from-masks"}, **quick),
        (): make(data={"tags": [file]}, **quick),
        ("--part", "val", "--tags", str(pairs)): make(data=bare, **quick),
        None: make(data={"labels": None}, **quick),
    }
    for number, (wanted, recipe) in enumerate(recipes.items()):
        result = train(recipe, tmp_path / str(number), progress=False)
        assert result.evaluation == wanted
        assert result.figures == ("tag_ap", "cam_miou", "pseudo_miou")


@pytest.mark.slow
def test_a_resumed_run_takes_the_same_trajectory(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = make(tags={"segments": "felzenszwalb", "seg_after": 2}, augment={"zoom": [0.8, 1.5]})
    train(recipe, tmp_path / "straight", progress=False)
    step = TagsModule.training_step

    def training_step(self: TagsModule, batch: Any, batch_idx: int) -> torch.Tensor:
        if batch_idx == 1:  # the last step of the warm-up
            os.kill(os.getpid(), signal.SIGINT)
        return step(self, batch, batch_idx)

    with monkeypatch.context() as patch, pytest.raises(TrainingInterrupted):
        patch.setattr(TagsModule, "training_step", training_step)
        train(recipe, tmp_path / "broken", progress=False)
    train(recipe, tmp_path / "broken", resume=True, progress=False)
    one, other = (
        torch.load(tmp_path / run / "checkpoints/last.ckpt", weights_only=True)["state_dict"]
        for run in ("straight", "broken")
    )
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    curves = [(tmp_path / run / "logs/metrics.csv").read_text() for run in ("straight", "broken")]
    assert curves[0] == curves[1]


@pytest.mark.slow
def test_two_processes_train_and_score_together(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(make(optim={"accumulate": 2}, tags={"segments": "felzenszwalb"}).dump()))
    command = [sys.executable, "-m", "landwright", "train", str(path), "-o", str(tmp_path / "run"), "--devices", "2"]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    score = load_bundle(tmp_path / "run").card.scores[0]
    assert {"tag_ap", "cam_miou", "pseudo_miou"} <= set(score.values)
    assert "2 tiles" in score.data


@pytest.mark.parametrize(
    ("sections", "problem"),
    [
        ({"data": {"tags": None}}, "there are no tags"),
        ({"network": {"name": "clcformer"}}, "cannot learn from tags"),
        ({"network": {"background": True}}, "decided by the section `tags`"),
        ({"network": {"aux_block": 1}}, "decided by the section `tags`"),
        ({"data": {"tile": 36}}, "no multiple of the network's 8"),
        ({"data": {"tile": 16}}, "too small"),
        ({"validate": {"metric": "loss"}}, "has no figure 'loss'"),
        ({"data": {"split": {"by": "block", "block": 16, "val": 0.3}}}, "tags are of whole images"),
    ],
)
def test_what_does_not_fit_is_refused(make: Make, sections: dict[str, Any], problem: str) -> None:
    with pytest.raises((UsageError, DataError), match=problem):
        build(make(**sections), tiles=4)


def test_images_of_an_unknown_scale_are_refused(make: Make, tmp_path: Path, write_tagged: Callable[..., Path]) -> None:
    root = write_tagged(tmp_path / "float", dtype="float32")
    data = {"images": str(root / "images"), "labels": str(root / "masks"), "tags": str(root / "tags.csv")}
    scaling = {"mean": "data", "std": "data"}
    with pytest.raises(UsageError, match="largest value of float32"):
        build(make(data=data, normalize=scaling), tiles=4)
    assert build(make(data=data, normalize={**scaling, "divide": 255}), tiles=4).train[0]["image"].max() > 1


def test_large_images_are_noted(make: Make, tmp_path: Path, write_tagged: Callable[..., Path]) -> None:
    root = write_tagged(tmp_path / "large", size=96)
    data = {"images": str(root / "images"), "labels": str(root / "masks"), "tags": str(root / "tags.csv")}
    assert any("96 x 96 pixels" in note for note in build(make(data=data), tiles=4).notes)


def test_pictures_have_three_colours() -> None:
    for bands in (1, 2, 3, 5):
        image = torch.from_numpy(np.random.default_rng(0).normal(size=(2, bands, 4, 4)).astype(np.float32))
        colours = picture(image)
        assert colours.shape == (2, 3, 4, 4)
        assert 0 <= colours.min() <= colours.max() <= 1
    assert torch.allclose(picture(torch.zeros(1, 3, 1, 1)).flatten(), torch.tensor([0.485, 0.456, 0.406]))
