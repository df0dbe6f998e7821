from __future__ import annotations

from collections.abc import Callable

import torch

from landwright.legends import IGNORE
from landwright.networks import Outputs
from landwright.recipe import Recipe
from landwright.regimes.source import pick, with_total
from landwright.regimes.synthetic import build

MakeRecipe = Callable[..., Recipe]


def test_a_batch_without_labels_is_skipped(make_synthetic: MakeRecipe) -> None:
    module = build(make_synthetic(), tiles=4).module
    module.trainer = type("Trainer", (), {"world_size": 1})()
    batch = {"mask": torch.full((1, 4, 4), IGNORE), "height": torch.full((1, 4, 4), torch.nan)}
    assert module.is_unlabelled(batch)
    assert not module.is_unlabelled({**batch, "height": torch.zeros(1, 4, 4)})


def test_items_of_a_batch_are_picked_with_their_maps() -> None:
    outputs = Outputs(classes=torch.arange(3.0)[:, None, None, None], height=None)
    batch = {"image": torch.arange(3), "source": ["a", "b", "c"]}
    picked, kept = pick(outputs, batch, torch.tensor([True, False, True]))
    assert picked.classes is not None
    assert picked.classes.flatten().tolist() == [0, 2]
    assert picked.height is None
    assert (kept["image"].tolist(), kept["source"]) == ([0, 2], ["a", "c"])


def test_the_total_is_the_sum_of_the_terms() -> None:
    losses = with_total({"classes": torch.tensor(1.0), "height": torch.tensor(2.0)})
    assert float(losses["loss"]) == 3
