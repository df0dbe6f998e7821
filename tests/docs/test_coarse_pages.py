"""The pages on coarse labels name what there is, and their recipes are valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from landwright.legends import load_crosswalk, load_prior
from landwright.recipe import CoarseSpec, Recipe

ROOT = Path(__file__).parent.parent.parent
PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("coarse-labels", "recipe")}
TUTORIAL = (ROOT / "docs" / "tutorial-coarse.md").read_text(encoding="utf-8")
PARTS = list(CoarseSpec.model_fields)


def test_every_part_of_the_loss_is_explained() -> None:
    table = PAGES["coarse-labels"].split("## The parts\n")[1].split("\n## ")[0]
    explained = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", table, re.M))
    assert sorted(explained) == sorted(PARTS)
    defaults = {"off": False, "on": True, "none": None, "0": 0}
    assert {name: defaults[shown] for name, shown in explained.items()} == CoarseSpec().model_dump()


def test_the_recipes_page_names_every_part_and_every_recipe() -> None:
    section = PAGES["recipe"].split("## Coarse labels\n")[1].split("\n## ")[0]
    assert set(PARTS) <= set(re.findall(r"`(\w+)`", section))
    shipped = {path.stem for path in (ROOT / "recipes").glob("*.yaml")}
    states = {name.removeprefix("paraformer-chesapeake") for name in shipped if name.startswith("paraformer")}
    named = set(re.findall(r"`(?:recipes/)?([\w-]+)\.yaml`", PAGES["recipe"]))
    assert named >= shipped - {f"paraformer-chesapeake{state}" for state in states}
    assert states - {"-de"} <= set(re.findall(r"`(-\w\w)`", PAGES["recipe"]))


@pytest.mark.parametrize("block", re.findall(r"^```yaml\n(regime: .*?)^```", PAGES["recipe"], re.M | re.S))
def test_recipes_on_the_page_are_valid(block: str) -> None:
    assert Recipe.model_validate(yaml.safe_load(block)).regime in {"masks", "coarse", "synthetic", "words", "tags"}


def test_tables_that_the_tutorial_names_exist() -> None:
    for name in set(re.findall(r"(?:--merge|--crosswalk|data\.crosswalk)[ =]([\w-]+)", TUTORIAL)):
        assert load_crosswalk(name).name == name
    for name in set(re.findall(r"coarse\.prior=([\w-]+)", TUTORIAL)):
        assert load_prior(name).name == name


def test_recipes_that_the_tutorial_names_exist() -> None:
    for name in set(re.findall(r"recipes/[\w-]+\.yaml", TUTORIAL)):
        assert (ROOT / name).is_file(), name
