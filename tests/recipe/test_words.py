"""The section ``words`` of a recipe."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from landwright.recipe import Recipe, WordsSpec


def recipe(**sections: Any) -> Recipe:
    base = {"regime": "words", "classes": "a; b", "data": {"images": "img"}, "network": {"name": "clip"}}
    return Recipe.model_validate({**base, **sections})


@pytest.mark.parametrize(
    ("data", "metric"),
    [
        ({"images": "img"}, "loss"),
        ({"images": "img", "labels": "mask"}, "miou"),
        ({"pairs": "pairs.csv"}, "miou"),
        ({"layout": "isprs-potsdam", "root": "x"}, "miou"),
    ],
)
def test_weights_are_chosen_by_the_loss_where_there_are_no_masks(data: dict[str, str], metric: str) -> None:
    assert recipe(data=data).validation.metric == metric
    assert recipe(data=data, validate={"metric": "oa"}).validation.metric == "oa"


def test_other_regimes_still_want_labels() -> None:
    with pytest.raises(ValidationError, match="`images` go with `labels`"):
        recipe(regime="masks")
    again = Recipe.model_validate(recipe().dump())
    assert (again, again.hash()) == (recipe(), recipe().hash())


@pytest.mark.parametrize("section", [{"data": 3}, {"data": {"imagez": "img"}}, {"validate": 3}])
def test_wrong_sections_are_refused(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        recipe(**section)


def test_the_section_belongs_to_its_regime() -> None:
    with pytest.raises(ValidationError, match="the section `words` belongs to the regime `words`"):
        recipe(regime="masks", data={"images": "img", "labels": "mask"}, words={})


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"crop_area": [0.7, 0.3]}, "smallest, largest"),
        ({"phrase": "a satellite image"}, "one {}"),
        ({"caption": 0, "region": 0, "distillation": 0}, "nothing would be learnt"),
        ({"context": 100}, "77"),
    ],
)
def test_faults_are_named(section: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        WordsSpec.model_validate(section)


def test_defaults_are_the_published_ones() -> None:
    spec = WordsSpec()
    assert (spec.caption, spec.region, spec.distillation, spec.align) == (1, 1, 0.1, "roi2pooled")
    assert (spec.attention, spec.teacher, spec.crops, spec.crop_area) == ("segearth", "active", 4, (0.3, 0.7))
    assert spec.phrase == "a satellite image of {}"
