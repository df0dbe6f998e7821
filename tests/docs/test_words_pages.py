"""The pages on words name the models, attentions, presets, sets and keys that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from landwright.data.benchmarks import SUITES
from landwright.networks.clip.network import ATTENTIONS
from landwright.recipe import Recipe, WordsSpec, load_recipe
from landwright.words import PRESETS, ModelInfo, list_models, model_info

ROOT = Path(__file__).parent.parent.parent
RECIPES = sorted((ROOT / "recipes").glob("words-*.yaml"))


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def row(info: ModelInfo) -> str:
    activation = info.activation or "you say it"
    if info.activation_note:
        activation += f" ({info.activation_note})"
    if info.reference_activation:
        activation += f"; the published table: {info.reference_activation}"
    title = f"[{info.title}]({info.url})" if info.url else info.title
    return f"| `{info.name}` | {title} | {activation} | {info.licence_words} | {'yes' if info.tested else 'no'} |"


def test_every_model_is_listed_with_its_licence() -> None:
    shown = [line for line in page("clip-weights").splitlines() if re.match(r"\| `[\w-]+` \| .* \| (yes|no) \|$", line)]
    assert shown == [row(model_info(name)) for name in list_models()]


def test_every_attention_and_preset_is_explained() -> None:
    text = page("words")
    table = text.split("## What replaces the last attention\n")[1].split("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)`", table, re.M)) == sorted(ATTENTIONS)
    presets = text.split("## Presets\n")[1].split("\n## ")[0].splitlines()[1]
    assert re.findall(r"`([\w-]+)`", presets) == list(PRESETS)


def test_every_set_is_named() -> None:
    named = re.findall(r"`([\w-]+)`", page("evaluate-clip").split("## 2.")[0])
    assert all(name in named for names in SUITES.values() for name in names)


def test_the_recipes_page_names_every_key() -> None:
    section = page("recipe").split("## Words\n")[1].split("\n## ")[0]
    assert set(WordsSpec.model_fields) <= set(re.findall(r"`(\w+)`", section))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipes_are_valid(path: Path) -> None:
    recipe: Recipe = load_recipe(path)
    assert recipe.regime == "words" and recipe.words is not None
    assert f"recipes/{path.name}" in page("words")
