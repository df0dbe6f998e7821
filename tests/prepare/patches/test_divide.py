"""Parts as published, and without leaks."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from landwright.prepare.patches.divide import divide, shortfall
from landwright.prepare.patches.plan import Patch, Tile
from landwright.prepare.patches.sets import patch_set
from landwright.rasters import Window


def patches(learn: dict[str, int], test: dict[str, int]) -> list[Patch]:
    """So many patches of each image."""
    return [
        Patch(f"{name}_{number}", Tile(name, Path(name), Path(name), kind == "test"), Window(0, 0, 8, 8))
        for kind, tiles in (("learn", learn), ("test", test))
        for name, count in tiles.items()
        for number in range(count)
    ]


def images(parts: dict[Patch, str], part: str) -> set[str]:
    return {patch.tile.id for patch, found in parts.items() if found == part}


def test_patches_are_drawn_as_published() -> None:
    chosen = replace(patch_set("isaid-atsg"), counts={"learn": 60, "train": 48, "test": 10})
    given = patches({f"P{number:04}": 10 for number in range(10)}, {"V1": 8, "V2": 8})
    paper = divide(chosen, given[::-1], "paper")
    assert Counter(paper.values()) == {"train": 48, "val": 12, "test": 10}
    random.seed(42)
    names = random.sample(sorted(patch.name for patch in given if not patch.tile.test), 60)
    assert {patch.name for patch, part in paper.items() if part == "train"} == set(names[:48])
    assert images(paper, "train") & images(paper, "val")
    assert shortfall(chosen, paper) == []
    clean = divide(chosen, given, "clean")
    assert set(clean) == set(paper) and list(clean) == sorted(clean, key=lambda patch: patch.name)
    assert not images(clean, "train") & images(clean, "val")
    assert 12 <= Counter(clean.values())["val"] < 24
    assert {patch for patch in clean if clean[patch] == "test"} == {patch for patch in paper if paper[patch] == "test"}


def test_a_smaller_set_is_divided_in_proportion() -> None:
    chosen = patch_set("isaid-atsg")
    paper = divide(chosen, patches({"a": 40, "b": 60}, {"v": 3}), "paper")
    assert Counter(paper.values()) == {"train": 82, "val": 18, "test": 3}
    assert shortfall(chosen, paper) == [
        "there are 100 patches to learn from, 9153 are published: scores are not comparable",
        "there are 3 patches to test on, 1315 are published: scores are not comparable",
    ]


@pytest.mark.parametrize("name", ["potsdam-ctfa", "vaihingen-atsg"])
def test_tiles(name: str) -> None:
    given = patches({f"t{number}": 4 for number in range(20)}, {"x": 4})
    paper = divide(patch_set(name), given, "paper")
    assert (len(images(paper, "train")), images(paper, "val"), images(paper, "test")) == (20, {"x"}, set())
    clean = divide(patch_set(name), given, "clean")
    assert (len(images(clean, "train")), len(images(clean, "val")), images(clean, "test")) == (17, 3, {"x"})
    assert not images(clean, "train") & images(clean, "val")


def test_one_image_is_left_to_learn_from() -> None:
    clean = divide(patch_set("potsdam-ctfa"), patches({"only": 4}, {"x": 1}), "clean")
    assert (images(clean, "train"), images(clean, "val")) == ({"only"}, set())


@pytest.mark.parametrize("split", ["paper", "clean"])
def test_order_of_names(split: str) -> None:
    chosen = patch_set("deepglobe-ctfa")
    given = patches({f"{number:04}": 1 for number in range(803)}, {})
    parts = divide(chosen, given, split)  # type: ignore[arg-type]
    assert Counter(parts.values()) == {"train": 563, "val": 120, "test": 120}
    assert max(images(parts, "train")) == "0562" and min(images(parts, "test")) == "0683"
    assert shortfall(chosen, parts) == []
    few = divide(chosen, given[:8], split)  # type: ignore[arg-type]
    assert Counter(few.values()) == {"train": 6, "val": 1, "test": 1}
    assert shortfall(chosen, few) == ["there are 8 images, 803 are published: scores are not comparable"]
