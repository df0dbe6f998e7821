"""Every switch of a recipe of the regime ``tags``, settled."""

from __future__ import annotations

from typing import Any

import pytest

from landwright.errors import UsageError
from landwright.legends import load_legend
from landwright.recipe import Recipe
from landwright.regimes.tags_plan import TagsPlan, resolve


def recipe(*, paper: bool = False, tags: dict[str, Any] | None = None, **sections: Any) -> Recipe:
    base: dict[str, Any] = {
        "regime": "tags",
        "classes": "isaid-16",
        "data": {"images": "img", "tile": 320},
        "network": {"name": "ctfa"},
        "loss": {"paper": paper},
        "optim": {"steps": 500},
        "tags": tags or {},
    }
    return Recipe.model_validate({**base, **sections})


def plan(*, legend: str = "isaid-16", **given: Any) -> TagsPlan:
    return resolve(recipe(**given), load_legend(legend), stride=16)


def test_methods_add_to_one_another() -> None:
    toco, ctfa, atsg = (plan(tags={"method": method}) for method in ("toco", "ctfa", "atsg"))
    assert (toco.joint, ctfa.joint, atsg.joint) == (0, 0.3, 0.3)
    linked = (plan(tags={"method": method, "dino_weights": "hub"}) for method in ("toco", "ctfa", "atsg"))
    assert [each.patchlink for each in linked] == ["off", "off", "union"]
    assert {each.objects for each in (toco, ctfa, atsg)} == {0.0}
    guided = plan(tags={"segments": "felzenszwalb"})
    assert (guided.object_loss, guided.objects) == ("per_object_mean", 0.3)
    assert (guided.boundary_loss, guided.boundary) == ("precision", 0.1)
    assert plan(tags={"segments": "seg", "boundary_loss": "official"}).boundary == 1.2
    assert plan(tags={"segments": "seg", "boundary": 0.7}).boundary == 0.7
    # Segments that no term reads are not made.
    assert plan(tags={"method": "toco", "segments": "felzenszwalb"}).segments == "none"
    assert plan(tags={"method": "toco", "joint": 0.1}).joint == 0.1


def test_defaults_are_mended_and_paper_is_as_published() -> None:
    ours = plan(tags={"segments": "seg"})
    theirs = plan(paper=True, tags={"segments": "seg"})
    assert (ours.aux_block, theirs.aux_block) == (None, "dynamic")
    assert (ours.link_threshold, theirs.link_threshold) == ("image_mean", "batch_mean")
    assert (theirs.object_loss, theirs.boundary_loss) == ("official", "official")
    assert (ours.link_features, ours.dino_weights) == ("encoder", None)
    assert (theirs.link_features, theirs.dino_weights) == ("dino_tokens", "hub")
    assert plan(paper=True, tags={"method": "ctfa"}).aux_block is None
    assert plan(paper=True, tags={"method": "ctfa"}).dino_weights is None


def test_links_compare_what_there_is() -> None:
    given = plan(tags={"dino_weights": "dino.safetensors"})
    assert (given.link_features, given.dino_weights, given.link_head) == ("dino_tokens", "dino.safetensors", None)
    head = plan(tags={"dino_weights": "hub", "link_head": "head.safetensors", "link_features": "dino_head"})
    assert head.link_head == "head.safetensors"
    assert plan(tags={"dino_weights": "hub", "link_head": "head.safetensors"}) == head
    assert plan(tags={"dino_weights": "hub", "affinity": 0}).dino_weights is None
    assert plan(tags={"dino_weights": "hub", "patchlink": False}).dino_weights is None
    # Without DINO there is nothing to compare, unless the network's own tokens are asked for.
    assert plan().patchlink == "off"
    assert plan(tags={"link_features": "encoder"}).patchlink == "union"
    assert (plan(tags={"patchlink": "union"}).link_features, plan(paper=True).patchlink) == ("encoder", "union")


def test_class_tokens_are_contrasted_where_crops_can_be_empty() -> None:
    assert (plan().contrast, plan(tags={"background": "none"}).contrast) == (0.5, 0)
    assert plan(tags={"background": "none", "contrast": 0.2}).contrast == 0.2
    assert plan(paper=True, tags={"background": "none"}).contrast == 0.5


def test_numbers_follow_from_the_recipe() -> None:
    found = plan()
    assert (found.seg_after, found.crop_size) == (50, 96)
    assert resolve(recipe(data={"images": "i", "tile": 32}), load_legend("isaid-16"), stride=16).crop_size == 16
    assert plan(tags={"seg_after": 0, "crop_size": 64, "da": 0}).seg_after == 0
    assert plan(tags={"da": 0}).aux_block == 0
    assert plan(tags={"da": "official"}).aux_block == "dynamic"


def test_published_pseudo_labels_count_one_step_later() -> None:
    mended, published = (plan(paper=paper, tags={"seg_after": 3, "patchlink": "off"}) for paper in (False, True))
    assert [mended.maps_at(step) for step in (2, 3, 4)] == [False, True, True]
    assert [published.maps_at(step) for step in (2, 3, 4)] == [False, False, True]


def test_the_background_is_found_or_named() -> None:
    assert plan().background
    assert not plan(legend="openearthmap-8").background
    assert not plan(tags={"background": "none"}).background
    assert plan(legend="potsdam-ctfa", tags={"background": "impervious surface"}).background


def test_the_note_tells_what_counts() -> None:
    note = plan(tags={"method": "toco"}).note
    assert note.startswith("tags: toco as mended here, with a background; ")
    assert "link_features" not in note
    assert "link_threshold batch_mean" in plan(paper=True).note


def test_the_note_leaves_out_what_is_off() -> None:
    def told(**tags: Any) -> set[str]:
        note = plan(tags={"cam_scales": [1.0], **tags}).note
        return {setting.split()[0] for setting in note.split("; ", 1)[1].split(", ")}

    always = {"background_score", "high", "low", "cam_scales"}
    terms = {"affinity", "contrast", "seg", "dense_energy", "joint", "seg_after", "crops", "crop_size"}
    assert told() == always | terms
    guides = {"segments", "objects", "object_loss", "boundary", "boundary_loss"}
    links = {"patchlink", "link_features", "link_threshold"}
    dino = {"dino", "dino_weights"}
    assert told(segments="slic") == always | terms | guides
    assert told(segments="slic", objects=0) == always | terms | guides - {"objects", "object_loss"}
    assert told(dino_weights="hub") == always | terms | links | dino
    assert told(link_features="encoder") == always | terms | links
    assert told(dino_weights="hub", affinity=0) == always | terms - {"affinity"}
    assert told(contrast=0, seg=0, dense_energy=0, joint=0) == always | {"affinity"}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"tags": {"object_loss": "official"}}, "object_loss official needs segments"),
        ({"tags": {"boundary_loss": "soft"}}, "boundary_loss soft needs segments"),
        ({"loss": {"name": "ce-dice"}}, "is for masks"),
        ({"augment": {"colour": 0.2}}, "their own changes of colour"),
        ({"tags": {"crop_size": 400}}, "larger than the tile"),
        ({"tags": {"background": "ship"}}, "not the first class"),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        plan(**given)
