from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
import yaml
from affine import Affine
from torch import Tensor, nn

from landwright.bundles import load_bundle
from landwright.errors import DataError, LandwrightError, UsageError
from landwright.legends import load_legend
from landwright.losses.coarse import confident_area, vague_area_loss
from landwright.networks import Outputs, list_networks, register
from landwright.recipe import Recipe
from landwright.regimes import train
from landwright.regimes.coarse import CoarseModule, build

MakeRecipe = Callable[..., Recipe]
BRANCHES = "test-branches"


class TwoBranches(nn.Module):
    """Two maps whose mean is the map, and features."""

    def __init__(self, classes: int, bands: int = 3) -> None:
        super().__init__()
        self.stem = nn.Conv2d(bands, 8, 3, padding=1)
        self.heads = nn.ModuleList(nn.Conv2d(8, classes, 1) for _ in range(2))

    def forward(self, image: Tensor) -> Outputs:
        features = self.stem(image).relu()
        first, second = (head(features) for head in self.heads)
        return Outputs(classes=(first + second) / 2, auxiliary=(first, second), features=features)


if BRANCHES not in list_networks():
    register(BRANCHES, description="for tests", min_tile=16, normalization="half", branches=True, features=True)(
        TwoBranches
    )


@pytest.fixture
def make(make_recipe: MakeRecipe) -> MakeRecipe:
    """Return a recipe of the regime ``coarse``."""

    def make(**sections: Any) -> Recipe:
        return make_recipe(**{"regime": "coarse", "network": {"name": BRANCHES}, **sections})

    return make


@pytest.fixture
def nlcd(scenes: Path) -> Path:
    """The masks of the scenes as NLCD of 8 m: open water and open space, with a cell of ice."""
    (scenes / "nlcd").mkdir()
    for path in sorted((scenes / "masks").glob("*.tif")):
        with rasterio.open(path) as source:
            mask, profile = source.read(1), source.profile
        codes = np.where(mask[::16, ::16] == 1, 21, 11).astype(np.uint8)
        codes[0, 0] = 12
        profile.update(height=4, width=4, transform=profile["transform"] @ Affine.scale(16))
        with rasterio.open(scenes / "nlcd" / path.name, "w", **profile) as target:
            target.write(codes, 1)
    return scenes / "nlcd"


def losses(recipe: Recipe) -> dict[str, Tensor]:
    experiment = build(recipe, tiles=4)
    module, sample = experiment.module, experiment.train[0]
    assert isinstance(module, CoarseModule)
    outputs = module(sample["image"][None])
    return module.loss(*outputs.auxiliary, sample["mask"][None], outputs.features)


def test_a_run_maps_in_the_classes_of_the_recipe(make: MakeRecipe, nlcd: Path, tmp_path: Path) -> None:
    data = {"labels": str(nlcd), "crosswalk": "nlcd-to-chesapeake-4"}
    recipe = make(classes="chesapeake-4", data=data, optim={"steps": 60, "lr": 3e-2}, validate={"every": 60})
    result = train(recipe, tmp_path / "run", progress=False)
    assert "against the coarse labels" in result.data
    assert result.value is not None
    assert result.value > 0.6
    assert result.score.in_mean == ("water", "impervious")
    bundle = load_bundle(result.bundle)
    assert (bundle.card.regime, bundle.legend.name) == ("coarse", "chesapeake-4")


def test_labels_are_read_in_the_classes_of_the_product(make: MakeRecipe, nlcd: Path) -> None:
    data = {"labels": str(nlcd), "crosswalk": "nlcd-to-chesapeake-4"}
    experiment = build(make(classes="chesapeake-4", data=data), tiles=40)
    found = {int(index) for i in range(40) for index in experiment.train[i]["mask"].unique()}
    assert found == {0, 1, 255}  # water, open space, and ice, which is ignored
    assert experiment.module.loss.shares[:2].tolist() == [[1, 0, 0, 0], [0, 0, 0, 1]]
    assert experiment.module.classes[[0, 1, 255]].tolist() == [0, 3, 255]


def test_a_prior_softens_the_labels(make: MakeRecipe, nlcd: Path) -> None:
    data = {"labels": str(nlcd), "crosswalk": "nlcd-to-chesapeake-4"}
    name = "nlcd-to-chesapeake-4"
    experiment = build(make(classes="chesapeake-4", data=data, coarse={"prior": name}), tiles=4)
    assert experiment.module.loss.shares[1].tolist() == pytest.approx([0, 0.225, 0.675, 0.1])
    with pytest.raises(UsageError, match="prior nlcd-to-chesapeake-4 leads from legend nlcd, not building"):
        build(make(coarse={"prior": name}), tiles=4)


def test_any_network_can_be_trained(make: MakeRecipe, tmp_path: Path) -> None:
    recipe = make(network={"name": "test-tiny"}, optim={"steps": 2}, validate={"every": 2})
    assert train(recipe, tmp_path / "run", progress=False).steps == 2
    module = build(recipe, tiles=4).module
    assert isinstance(module, CoarseModule)
    assert not module.branches


def test_maps_for_deep_supervision_learn_too(make: MakeRecipe) -> None:
    experiment = build(make(network={"name": "clcformer", "encoder": "compact"}, data={"tile": 64}), tiles=4)
    module, sample = experiment.module, experiment.train[0]
    module._trainer = SimpleNamespace(world_size=1)
    module.report_losses = lambda losses, sources, remedy: losses["loss"]
    module.training_step(
        {name: [value] if name == "source" else value[None] for name, value in sample.items()}, 0
    ).backward()
    assert all(parameter.grad is not None for parameter in module.network.parameters())


def test_features_are_wide_before_they_are_counted(make: MakeRecipe) -> None:
    module = build(make(coarse={"vague_area": 0.01}), tiles=4).module
    image = torch.rand(1, 3, 32, 32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = module(image)
    assert outputs.features.dtype == torch.float32
    wide = vague_area_loss(outputs.features, outputs.classes, confident_area(outputs.classes))
    narrow = vague_area_loss(outputs.features.bfloat16(), outputs.classes, confident_area(outputs.classes))
    torch.testing.assert_close(wide, narrow, rtol=0.05, atol=1e-3)


def test_parts_can_be_left_out_one_by_one(make: MakeRecipe) -> None:
    whole = losses(make())
    assert set(whole) == {"loss", "labels", "agreed_labels", "agreed"}
    assert whole["agreed"] < 1
    assert losses(make(coarse={"plat": False}))["agreed"] == 1
    assert losses(make(coarse={"confidence": 0.99}))["agreed"] < whole["agreed"]
    assert losses(make(coarse={"confident_area": True}))["labels"] != whole["labels"]
    assert losses(make(coarse={"vague_area": 0.01}))["vague_area"] > 0
    assert losses(make(coarse={"class_weights": [0.1, 1]}))["labels"] != whole["labels"]


def test_balanced_weights_fall_with_the_root_of_a_classes_share(make: MakeRecipe) -> None:
    module = build(make(coarse={"class_weights": "balanced"}), tiles=4).module
    counts = torch.from_numpy(build(make(), tiles=4).train.survey.histogram).double()
    weights = module.loss.class_weights.double()
    assert float(weights.mean()) == pytest.approx(1)
    assert float(weights[0] / weights[1]) == pytest.approx(float((counts[1] / counts[0]).sqrt()), rel=1e-5)


def test_a_class_that_does_not_occur_weighs_nothing(make: MakeRecipe, nlcd: Path) -> None:
    data = {"labels": str(nlcd), "crosswalk": "nlcd-to-chesapeake-4"}
    recipe = make(classes="chesapeake-4", data=data, coarse={"class_weights": "balanced"})
    weights = build(recipe, tiles=4).module.loss.class_weights
    assert weights[[1, 2]].tolist() == [0, 0]
    assert float(weights[[0, 3]].mean()) == pytest.approx(1)


def test_the_last_weights_are_kept_where_asked(make: MakeRecipe, tmp_path: Path) -> None:
    recipe = make(optim={"steps": 6, "lr": 0.5}, validate={"every": 2, "keep": "last"})
    result = train(recipe, tmp_path / "run", progress=False)
    assert result.kept == "last"
    last = torch.load(tmp_path / "run/checkpoints/last.ckpt", weights_only=True)["state_dict"]
    kept = load_bundle(result.bundle).network.state_dict()
    assert all(torch.equal(kept[name], last[f"network.{name}"]) for name in kept)


def test_a_batch_without_labels_is_no_step_and_is_counted(make: MakeRecipe, tmp_path: Path) -> None:
    recipe = make(optim={"steps": 4, "lr": 0.1, "weight_decay": 0.5}, validate={"every": 4})
    states = []

    def blank(self: CoarseModule, batch: Any, batch_idx: int) -> Tensor | None:
        states.append({name: tensor.clone() for name, tensor in self.network.state_dict().items()})
        if batch_idx in {1, 2}:
            batch = {**batch, "mask": torch.full_like(batch["mask"], 255)}
        return step(self, batch, batch_idx)

    step = CoarseModule.training_step
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CoarseModule, "training_step", blank)
        result = train(recipe, tmp_path / "run", progress=False)
    assert (result.steps, result.skipped) == (4, 2)
    same = [all(torch.equal(a[name], b[name]) for name in a) for a, b in pairwise(states)]
    assert same == [False, True, True]


def test_no_tile_is_drawn_for_classes_that_say_nothing(make: MakeRecipe, nlcd: Path) -> None:
    for path in nlcd.glob("*.tif"):
        with rasterio.open(path, "r+") as file:
            codes = file.read(1)
            codes[:, :2] = 12  # half of every scene is ice
            file.write(codes, 1)
    data = {"labels": str(nlcd), "crosswalk": "nlcd-to-chesapeake-4", "tile": 16}
    for more in ({}, {"balance": 1.0}, {"labelled": 1.0}):
        train = build(make(classes="chesapeake-4", data={**data, **more}), tiles=40).train
        assert all(bool((train[i]["mask"] != 255).any()) for i in range(40))


def test_product_classes_that_all_become_one_are_refused(make: MakeRecipe, nlcd: Path, tmp_path: Path) -> None:
    rules = dict.fromkeys(load_legend("nlcd").codes, "ignore")
    for kept, message in (({11: 1, 21: 1}, "all water, as is every other"), ({}, "no class of nlcd becomes")):
        path = tmp_path / f"{len(kept)}.yaml"
        table = {"name": "merged", "source": "nlcd", "target": "chesapeake-4", "rules": rules | kept}
        path.write_text(yaml.safe_dump(table))
        with pytest.raises(LandwrightError, match=message):
            build(make(classes="chesapeake-4", data={"labels": str(nlcd), "crosswalk": str(path)}), tiles=4)


def test_published_nan_ends_a_run_with_a_message(make: MakeRecipe, tmp_path: Path) -> None:
    recipe = make(coarse={"confidence": 0.9999}, loss={"paper": True})
    with pytest.raises(DataError, match=r"the loss is nan at step 1.*set loss.paper to false"):
        train(recipe, tmp_path / "run", progress=False)
    assert train(make(coarse={"confidence": 0.9999}), tmp_path / "sane", progress=False).steps == 6


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"loss": {"name": "ce"}}, "loss 'ce' is for masks"),
        ({"data": {"crosswalk": "nlcd-to-chesapeake-4"}}, "leads to legend chesapeake-4, not to building"),
        ({"coarse": {"class_weights": [1, 2, 3]}}, "has 3 values for 2 classes"),
        ({"coarse": {"vague_area": 0.01}, "network": {"name": "test-tiny"}}, "'test-tiny' gives no features"),
    ],
)
def test_refuses_what_does_not_go_together(sections: dict[str, Any], message: str, make: MakeRecipe) -> None:
    with pytest.raises(UsageError, match=message):
        build(make(**sections), tiles=4)


def test_a_crosswalk_that_leaves_a_code_without_a_target_is_refused(make: MakeRecipe, tmp_path: Path) -> None:
    table = {"name": "short", "source": "chesapeake-lc", "target": "chesapeake-4", "rules": {1: 1, 2: 2}}
    (tmp_path / "short.yaml").write_text(yaml.safe_dump(table))
    with pytest.raises(DataError, match=r"short.yaml.*no rule for codes \[3, 4, 5, 6\]"):
        build(make(classes="chesapeake-4", data={"crosswalk": str(tmp_path / "short.yaml")}), tiles=4)
