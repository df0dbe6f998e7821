"""The pages on synthetic scenes name what there is, and their recipes are valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from landwright.data.layouts import load_layout
from landwright.rasters.blend import BLENDS
from landwright.recipe import Recipe, SyntheticSpec, load_recipe
from landwright.regimes.agreement import FIGURES
from landwright.world.sensor import SENSORS
from landwright.world.style import FAMILIES, STYLES

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "synthetic.md").read_text(encoding="utf-8")
TUTORIAL = (ROOT / "docs" / "tutorial-heights.md").read_text(encoding="utf-8")
PARTS = list(SyntheticSpec.model_fields)
QUIRKS = re.findall(r"^\| (\d+) \| (.+) \| (.+) \| (.+) \|$", PAGE, re.M)
RECIPES = ("rs3dada", "source-only", "synthetic-quick")


def test_every_part_is_explained_with_its_default() -> None:
    table = PAGE.split("## The parts\n")[1].split("\n## ")[0]
    explained = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", table, re.M))
    assert sorted(explained) == sorted(PARTS)
    words = {"on": True, "off": False, "none": None}
    for name, default in SyntheticSpec().model_dump().items():
        shown = explained[name]
        if name == "style":
            found: object = tuple(shown.split(", "))
        elif name == "style_blend":
            found = tuple(float(side) for side in shown.split(" to "))
        elif isinstance(default, float):
            found = float(shown)
        else:
            found = words.get(shown, shown)
        assert found == default, name


def test_the_recipes_page_names_every_part() -> None:
    section = (
        (ROOT / "docs" / "recipe.md").read_text(encoding="utf-8").split("## Synthetic scenes\n")[1].split("\n## ")[0]
    )
    assert set(PARTS) <= set(re.findall(r"`(\w+)`", section))


def test_every_key_that_a_page_sets_exists() -> None:
    for page in (PAGE, TUTORIAL):
        for key in re.findall(r"`?synthetic\.(\w+)[:=]", page):
            assert key in PARTS, key


def test_the_quirks_are_numbered_and_none_is_without_an_answer() -> None:
    assert [int(number) for number, *_ in QUIRKS] == list(range(1, len(QUIRKS) + 1))
    assert len(QUIRKS) >= 18
    assert all(cell.strip() for row in QUIRKS for cell in row)


@pytest.mark.parametrize("number, switch", [(row[0], row[3]) for row in QUIRKS])
def test_the_switches_of_the_quirks_exist(number: str, switch: str) -> None:
    base = {"regime": "synthetic", "classes": "openearthmap-8", "network": {"name": "rs3dada"}}
    base["data"] = {"images": "opt", "labels": "mask"}
    for section, key, value in re.findall(r"`(loss|synthetic|optim|validate)\.(\w+): ([^`]+)`", switch):
        document = {**base, section: {key: yaml.safe_load(value)}}
        assert Recipe.model_validate(document), number
    for blend in re.findall(r"--blend (\w+)", switch):
        assert blend in BLENDS
    for recipe in re.findall(r"`(recipes/[\w-]+\.yaml)`", switch):
        assert (ROOT / recipe).is_file()


def test_figures_layouts_and_recipes_that_the_page_names_exist() -> None:
    assert set(FIGURES) <= set(re.findall(r"`(\w*agreement)`", PAGE))
    for layout in re.findall(r"`([\w-]+-grouped)`", PAGE):
        assert load_layout(layout).name == layout
    for name in set(re.findall(r"recipes/[\w-]+\.yaml", PAGE + TUTORIAL)):
        assert (ROOT / name).is_file(), name


def test_the_tutorials_worlds_can_be_drawn() -> None:
    assert set(re.findall(r"--family (\w+)", TUTORIAL)) <= set(FAMILIES)
    assert set(re.findall(r"--style (\w+)", TUTORIAL)) <= set(STYLES)
    assert set(re.findall(r"--sensor (\w+)", TUTORIAL)) <= set(SENSORS)


@pytest.mark.parametrize("name", RECIPES)
def test_the_shipped_recipes_are_valid(name: str) -> None:
    recipe = load_recipe(ROOT / "recipes" / f"{name}.yaml")
    assert recipe.regime == "synthetic"
    assert bool(recipe.target) == (name != "source-only")


def test_the_published_settings_are_those_of_the_page() -> None:
    recipe = load_recipe(ROOT / "recipes" / "rs3dada.yaml")
    assert recipe.loss.paper
    assert recipe.optim.schedule == "poly-zero"
    assert recipe.optim.batch == 1
    assert recipe.optim.encoder_lr == pytest.approx(recipe.optim.lr / 10)
    assert recipe.optim.clip is None
    assert recipe.validation.metric == "agreement"
    assert len(recipe.target) == 7


def test_the_baseline_is_repeated_as_its_comment_says() -> None:
    text = (ROOT / "recipes" / "source-only.yaml").read_text(encoding="utf-8")
    comment = " ".join(line.removeprefix("#") for line in text.splitlines() if line.startswith("#"))
    settings = [quoted or plain for quoted, plain in re.findall(r'--set (?:"([^"]+)"|(\S+))', comment)]
    recipe = load_recipe(ROOT / "recipes" / "source-only.yaml", settings)
    assert recipe.loss.paper
    assert recipe.synthetic == SyntheticSpec(adapt=False, style=("hm", "pda"))
    assert recipe.target[0].layout == "dfc18"
