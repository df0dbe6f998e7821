"""The pages on tags name the switches, keys, providers, sets and recipes that there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from landwright.legends import load_legend
from landwright.losses import BoundaryLoss, LinkMode, ObjectLoss
from landwright.prepare.patches import list_patch_sets
from landwright.rasters.segments import PROVIDERS
from landwright.recipe import Recipe, TagsSpec, load_recipe
from landwright.regimes.tags_plan import BOUNDARY, CONTRAST, JOINT, OBJECTS, resolve

ROOT = Path(__file__).parent.parent.parent
RECIPES = sorted(path for path in (ROOT / "recipes").glob("*.yaml") if "regime: tags" in path.read_text("utf-8"))
FORMS = {"patchlink": get_args(LinkMode), "object_loss": get_args(ObjectLoss), "boundary_loss": get_args(BoundaryLoss)}


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    return text.split(f"## {title}\n")[1].split("\n## ", maxsplit=1)[0]


def test_the_recipes_page_names_every_key() -> None:
    assert set(TagsSpec.model_fields) <= set(re.findall(r"`(\w+)`", section(page("recipe"), "Tags")))


def test_every_switch_is_explained_with_its_values() -> None:
    table = section(page("tags"), "The switches")
    rows = {
        name: set(re.findall(r"`(\w+)`", values))
        for name, values in re.findall(r"^\| `(\w+)` \| ([^|]+) \|", table, re.M)
    }
    assert set(rows) <= set(TagsSpec.model_fields)
    for name, forms in FORMS.items():
        assert rows[name] == {"off", *forms}
    assert rows["segments"] == {"none", "sam", *PROVIDERS}


def test_weights_are_those_of_the_plan() -> None:
    table = section(page("tags"), "The loss")
    shown = dict(re.findall(r"\| `(\w+)` ([\d.]+)", table))
    given = {
        "contrast": CONTRAST,
        "joint": JOINT,
        "objects": OBJECTS["per_object_mean"],
        "boundary": BOUNDARY["precision"],
    }
    spec = TagsSpec()
    assert {name: float(value) for name, value in shown.items()} == {
        name: given.get(name, getattr(spec, name)) for name in shown
    }
    assert set(shown) == {"affinity", "contrast", "seg", "dense_energy", "joint", "objects", "boundary"}


def test_every_patch_set_is_one_of_those_named() -> None:
    named = section(page("tutorial-tags"), "6. The published data and settings")
    for name in list_patch_sets():
        assert name.split("-")[0].casefold() in named.casefold()


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipes_are_valid(path: Path) -> None:
    recipe: Recipe = load_recipe(path)
    plan = resolve(recipe, load_legend(recipe.classes), stride=8)
    assert plan.paper == (path.stem != "tags-quick")
    assert f"recipes/{path.name}" in page("recipe") or f"`{path.name}`" in page("recipe")


def test_recipes_that_the_tutorial_names_exist() -> None:
    for name in set(re.findall(r"recipes/[\w-]+\.yaml", page("tutorial-tags"))):
        assert (ROOT / name).is_file(), name
