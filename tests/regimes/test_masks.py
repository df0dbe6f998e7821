from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from landwright.errors import UsageError
from landwright.networks import create_network
from landwright.recipe import Recipe
from landwright.regimes.masks import build
from landwright.regimes.optimizer import build_optimizer

MakeRecipe = Callable[..., Recipe]
COMPACT = {"name": "clcformer", "encoder": "compact"}


@pytest.mark.parametrize(
    ("classes", "network", "loss", "logits", "terms"),
    [
        ("building", COMPACT, "auto", 1, {"structure"}),
        ("building", {"name": "test-tiny"}, "auto", 2, {"cross_entropy", "dice"}),
        ("building", {"name": "test-tiny"}, "clcformer", 1, {"structure"}),
        ("isprs-6", COMPACT, "auto", 6, {"cross_entropy", "dice"}),
        ("isprs-6", {"name": "test-tiny"}, "ce", 6, {"cross_entropy"}),
        ("isprs-6", {"name": "paraformer", "encoder": "compact"}, "auto", 6, {"cross_entropy", "dice"}),
    ],
)
def test_head_and_loss_go_together(
    classes: str, network: dict[str, str], loss: str, logits: int, terms: set[str], make_recipe: MakeRecipe
) -> None:
    recipe = make_recipe(classes=classes, network=network, loss={"name": loss}, data={"tile": 64}, optim={"batch": 1})
    experiment = build(recipe, tiles=4)
    assert experiment.card.network.classes == logits
    sample = experiment.train[0]
    losses = experiment.module.loss(experiment.module(sample["image"][None]), sample["mask"][None])
    assert set(losses) == {"loss", *terms}
    assert torch.isfinite(losses["loss"])


def test_the_paper_form_of_the_loss_reaches_the_loss(make_recipe: MakeRecipe) -> None:
    values = []
    for paper in (False, True):
        recipe = make_recipe(classes="isprs-6", loss={"name": "clcformer", "paper": paper})
        experiment = build(recipe, tiles=4)
        sample = experiment.train[0]
        mask = sample["mask"][None].clone()
        mask[:, ::2] = 255
        experiment.module.eval()
        values.append(experiment.module.loss(experiment.module(sample["image"][None]), mask)["loss"].item())
    assert values[0] != pytest.approx(values[1])


def test_loaded_encoders_get_their_learning_rate_and_scaling(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    network = create_network("clcformer", classes=1, encoder="compact")
    part = network.encoder_parts()[0]
    state = {name: tensor.contiguous() for name, tensor in part.module.state_dict().items()}
    save_file(state, tmp_path / "cnn.safetensors", metadata={"input": "mean=std=0.5"})
    recipe = make_recipe(
        network={**COMPACT, "weights": str(tmp_path / "cnn.safetensors")},
        data={"tile": 64},
        optim={"encoder_lr": 1e-3, "batch": 1},
    )
    experiment = build(recipe, tiles=4)
    optimizer = build_optimizer(experiment.module, recipe.optim, pretrained=experiment.module._pretrained)
    slow = {group["lr"]: {id(each) for each in group["params"]} for group in optimizer.param_groups}
    loaded = {id(each) for each in experiment.module.network.encoder_parts()[0].module.parameters()}
    assert slow[1e-3] == loaded
    assert len(slow[1e-2]) > 0
    assert experiment.card.normalization.mean == (0.5,) * 3


def test_equal_recipes_give_equal_networks(make_recipe: MakeRecipe) -> None:
    one, other = (build(make_recipe(seed=4), tiles=4).module.state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_dark_and_a_bright_tile_are_scaled_alike(make_recipe: MakeRecipe) -> None:
    module = build(make_recipe(), tiles=4).module
    seen = []
    module.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        module(torch.full((1, 3, 32, 32), 10.0))
        module(torch.full((1, 3, 32, 32), 200.0))
    torch.testing.assert_close(seen[1] - seen[0], torch.full_like(seen[0], 190 / 255 / 0.5))


def test_refuses_tiles_below_the_networks_smallest(make_recipe: MakeRecipe) -> None:
    with pytest.raises(UsageError, match=r"32 pixels are too small.*64 or more"):
        build(make_recipe(network=COMPACT), tiles=4)
