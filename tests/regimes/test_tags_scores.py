"""Scores of activation maps, pseudo-labels and tags."""

from __future__ import annotations

import pytest
import torch

from landwright.networks import create_network
from landwright.networks.ctfa import Ctfa
from landwright.regimes.tags_plan import TagsPlan
from landwright.regimes.tags_scores import FIGURES, TagScores


@pytest.fixture
def plan() -> TagsPlan:
    fields = dict.fromkeys(TagsPlan.__dataclass_fields__, 0)
    settings = {"background": True, "background_score": 0.5, "cam_scales": (1.0,), "paper": False}
    return TagsPlan(**{**fields, **settings})  # type: ignore[arg-type]


def test_tags_that_no_image_has_are_left_out(plan: TagsPlan) -> None:
    scores = TagScores(("ground", "a", "b", "c"), plan)
    logits = torch.tensor([[3.0, 1.0, 0.0], [1.0, 2.0, 0.0], [2.0, 3.0, 9.0]])
    tags = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert scores.mean_precision() is None
    scores.count_tags(logits, tags)
    # Of a the best is right, of b the second, c is in no image.
    assert scores.mean_precision() == pytest.approx((1 + 0.5) / 2)
    result = scores.result()
    assert (result.protocol, result.images, result.figure("tag_ap")) == ("tags", 3, pytest.approx(0.75))
    scores.reset()
    assert scores.result().figure("tag_ap") is None


def test_a_single_tag_is_scored_too(plan: TagsPlan) -> None:
    scores = TagScores(("ground", "a"), plan)
    scores.count_tags(torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [0.0]]))
    assert scores.mean_precision() == pytest.approx(0.5)


def test_stages_are_counted_where_the_image_is_and_add_up(plan: TagsPlan) -> None:
    torch.manual_seed(0)
    network = create_network("ctfa", classes=3, encoder="compact")
    assert isinstance(network, Ctfa)
    image = torch.randn(2, 3, 32, 32)
    mask = torch.randint(0, 3, (2, 32, 32))
    valid = torch.ones_like(mask, dtype=torch.bool)
    valid[:, :, 20:] = False
    tags = torch.tensor([[1.0, 0.0], [1.0, 1.0]])

    def counted(items: slice) -> TagScores:
        scores = TagScores(("ground", "a", "b"), plan)
        batch = (image[items], image[items].sigmoid(), tags[items], mask[items], valid[items])
        scores.count_stages(network.eval(), *batch, ["x", "y"][items])
        scores.count_tags(tags[items], tags[items])
        return scores

    both, first, second = (counted(items) for items in (slice(0, 2), slice(0, 1), slice(1, 2)))
    figures = both.figures()
    assert tuple(figures) == FIGURES
    assert figures["tag_ap"] == 1
    assert 0 < figures["cam_miou"] < 1  # type: ignore[operator]
    first.load_state(first.state() + second.state())
    assert torch.equal(first.state(), both.state())
    assert first.figures()["pseudo_miou"] == figures["pseudo_miou"]
