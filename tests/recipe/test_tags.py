"""The section ``tags`` of a recipe."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from landwright.recipe import Recipe, TagsSpec


def recipe(**sections: Any) -> Recipe:
    base = {"regime": "tags", "classes": "isaid-16", "data": {"images": "img"}, "network": {"name": "ctfa"}}
    return Recipe.model_validate({**base, **sections})


@pytest.mark.parametrize(
    ("data", "metric"),
    [
        ({"images": "img", "tags": "tags.csv"}, "tag_ap"),
        ({"images": "img", "labels": "mask", "tags": ["a.csv", "b.csv"]}, "miou"),
        ({"pairs": "pairs.csv"}, "miou"),
    ],
)
def test_weights_are_chosen_by_the_tags_where_there_are_no_masks(data: dict[str, Any], metric: str) -> None:
    assert recipe(data=data).validation.metric == metric
    assert recipe(data=data, validate={"metric": "oa"}).validation.metric == "oa"


def test_section_and_tags_belong_to_their_regime() -> None:
    labelled = {"images": "img", "labels": "mask"}
    with pytest.raises(ValidationError, match="the section `tags` belongs to the regime `tags`"):
        recipe(regime="masks", data=labelled, tags={})
    with pytest.raises(ValidationError, match=r"`data.tags` belongs to the regime `tags`"):
        recipe(regime="masks", data={**labelled, "tags": "tags.csv"})
    again = Recipe.model_validate(recipe(tags={"da": 8}).dump())
    assert again.hash() == recipe(tags={"da": 8}).hash()


def test_a_bare_off_is_no_boolean() -> None:
    text = "{da: off, patchlink: off, object_loss: off, boundary_loss: off, segments: off, background: off}"
    spec = TagsSpec.model_validate(yaml.safe_load(text))
    assert {spec.da, spec.patchlink, spec.object_loss, spec.boundary_loss} == {"off"}
    assert (spec.segments, spec.background) == ("none", "none")


def test_switches_take_words_and_numbers() -> None:
    spec = TagsSpec(da=9, link_threshold=0.6, segments="my/segments")
    assert (spec.da, spec.link_threshold, spec.segments) == (9, 0.6, "my/segments")
    assert TagsSpec(da="official", link_threshold="batch_mean").link_threshold == "batch_mean"


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"low": 0.8}, "`low` is above `high`"),
        ({"link_features": "dino_head", "dino_weights": "hub"}, "needs the file of the head"),
        ({"link_features": "dino_tokens"}, "needs `dino_weights`"),
        ({"link_head": "head.safetensors"}, "`link_head` needs `dino_weights`"),
        (
            {"link_head": "head.safetensors", "link_features": "dino_tokens", "dino_weights": "hub"},
            "does not read `link_head`",
        ),
        ({"link_head": "head.safetensors", "link_features": "encoder"}, "does not read `link_head`"),
        ({"link_features": "encoder", "dino_weights": "hub"}, "does not read `dino_weights`"),
        ({"segments": "sam"}, "needs a model"),
        ({"sam": "mobile_sam.pt"}, "goes with `segments: sam`"),
        ({"da": -1}, "greater than or equal to 0"),
        ({"cam_scales": []}, "at least 1"),
        ({"method": "afa"}, "toco"),
    ],
)
def test_faults_are_named(section: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        TagsSpec.model_validate(section)
