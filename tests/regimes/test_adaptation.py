from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from landwright.legends import IGNORE
from landwright.networks import create_network
from landwright.recipe import Recipe
from landwright.regimes.adaptation import AdaptationModule
from landwright.regimes.synthetic import build

MakeRecipe = Callable[..., Recipe]


@pytest.fixture
def make(make_synthetic: MakeRecipe) -> MakeRecipe:
    """Return a recipe of the regime."""
    return make_synthetic


def test_the_teacher_follows_with_its_statistics(make: MakeRecipe) -> None:
    module = build(make(), tiles=4).module
    assert isinstance(module, AdaptationModule)
    module.train()
    assert not module.teacher.training
    with torch.no_grad():
        for parameter in module.network.parameters():
            parameter.add_(1)
        for buffer in module.network.buffers():
            buffer.add_(1)
    module.follow()
    for kept, own in zip(module.teacher.state_dict().values(), module.network.state_dict().values(), strict=True):
        assert torch.equal(kept, own)
    assert not any(parameter.requires_grad for parameter in module.teacher.parameters())


def test_the_published_teacher_begins_with_heads_of_its_own(make: MakeRecipe) -> None:
    module = build(make(loss={"paper": True}), tiles=4).module
    before = {name: value.clone() for name, value in module.teacher.state_dict().items()}
    module.follow()
    assert all(torch.equal(value, before[name]) for name, value in module.teacher.state_dict().items())
    own = module.network.state_dict()
    assert not torch.equal(before["heads.height.tail.layers.0.weight"], own["heads.height.tail.layers.0.weight"])


def test_ground_that_is_not_raised_gets_height_0(make: MakeRecipe) -> None:
    module = build(make(), tiles=4).module
    valid = torch.ones(1, 32, 32, dtype=torch.bool)
    valid[:, :4] = False
    pseudo = module.label(torch.rand(1, 3, 32, 32) * 255, torch.rand(1, 3, 32, 32) * 255, valid)
    assert (pseudo.mask[:, :4] == IGNORE).all()
    assert pseudo.height[:, :4].isnan().all()
    assert (pseudo.height[pseudo.mask == 0] == 0).all()
    assert pseudo.certain.shape == pseudo.consistent.shape == (1,)


def test_the_feature_constraint_needs_encoder_weights(make: MakeRecipe, tmp_path: Path) -> None:
    unet = {"name": "smp:unet:mobilenet_v2", "heads": "both"}
    encoder = create_network("smp:unet:mobilenet_v2", classes=2).encoder.state_dict()
    save_file({name: value.contiguous() for name, value in encoder.items()}, tmp_path / "encoder.safetensors")
    weights = {**unet, "weights": str(tmp_path / "encoder.safetensors")}
    experiment = build(make(network=weights, data={"tile": 64}), tiles=4)
    module = experiment.module
    assert module.frozen is not None
    assert not any("no feature constraint" in note for note in experiment.notes)
    module.train()
    assert not module.frozen.training
    items = [experiment.train[0], experiment.train[1]]
    batch = torch.utils.data.default_collate(items)
    losses, _ = module.losses(batch)
    assert set(losses) == {"classes", "height", "feature", "target_classes", "target_height"}
    plain = make(network=weights, data={"tile": 64}, synthetic={"raised": [], "feature": 0})
    assert build(plain, tiles=4).module.frozen is None


def test_heights_are_believed_as_far_as_classes_are_certain_too(make: MakeRecipe) -> None:
    image, valid = torch.rand(2, 3, 64, 64) * 255, torch.ones(2, 64, 64, dtype=torch.bool)
    spec = {"raised": ["building"], "confidence": 0.0}
    sure = build(make(synthetic=spec), tiles=4).module.label(image, image, valid)
    assert sure.certain.tolist() == sure.consistent.tolist() == [1, 1]
    doubtful = {"raised": ["building"], "confidence": 0.999}
    module = build(make(synthetic=doubtful), tiles=4).module
    unsure = module.label(image, image, valid)
    assert torch.equal(unsure.consistent, unsure.certain)
    assert (unsure.consistent < 1).all()
    module.paper = True
    assert module.label(image, image, valid).consistent.tolist() == [1, 1]


def test_a_network_without_tokens_is_not_constrained(make: MakeRecipe) -> None:
    experiment = build(make(network={"name": "test-tiny"}, synthetic={"mix": "cutmix"}), tiles=4)
    assert experiment.module.frozen is None
    assert experiment.notes == ("no feature constraint: network test-tiny hands out no tokens",)
