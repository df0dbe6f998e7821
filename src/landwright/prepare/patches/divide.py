"""Which patches are used, and in which part: as published, or so that no image is in two parts."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from landwright.data.scene import Part
from landwright.prepare.patches.plan import Patch
from landwright.prepare.patches.sets import PatchSet

Split = Literal["clean", "paper"]

_SEED = 42  # as published for iSAID
_VAL = 0.15


def divide(chosen: PatchSet, patches: Sequence[Patch], split: Split) -> dict[Patch, Part]:
    """Choose patches and give each its part.

    Args:
        chosen: The set.
        patches: All patches of its images.
        split: ``paper``: as published; ``clean``: the same patches, the same test part, and whole images for
            validation that no training patch is from.

    Returns:
        Part of every patch that is used, in the order of their names.
    """
    match chosen.division:
        case "draw":
            parts = _drawn(chosen, patches, split)
        case "tiles":
            parts = _by_tile(patches, split)
        case "order":
            parts = _by_order(chosen, patches)
    return dict(sorted(parts.items(), key=lambda item: item[0].name))


def shortfall(chosen: PatchSet, parts: dict[Patch, Part]) -> list[str]:
    """Say where the number of patches is not the published one."""
    if chosen.division == "order":
        images = len({patch.tile.id for patch in parts})
        published = sum(chosen.counts.values())
        return [f"there are {images} images, {published} are published: scores are not comparable"] * (
            images != published
        )
    found = Counter("test" if patch.tile.test else "learn" for patch in parts)
    return [
        f"there are {found[kind]} patches to {kind} {way}, {chosen.counts[kind]} are published: scores are not "
        "comparable"
        for kind, way in (("learn", "from"), ("test", "on"))
        if found[kind] != chosen.counts[kind]
    ]


def _drawn(chosen: PatchSet, patches: Sequence[Patch], split: Split) -> dict[Patch, Part]:
    learn, train = chosen.counts["learn"], chosen.counts["train"]
    pool = _sample([patch for patch in patches if not patch.tile.test], learn)
    test = _sample([patch for patch in patches if patch.tile.test], chosen.counts["test"])
    kept = round(len(pool) * train / learn)
    if split == "clean":
        held = _held_out(pool, len(pool) - kept)
        parts: dict[Patch, Part] = {patch: "val" if patch.tile.id in held else "train" for patch in pool}
    else:
        parts = {patch: "train" if number < kept else "val" for number, patch in enumerate(pool)}
    return parts | dict.fromkeys(test, "test")


def _sample(patches: Sequence[Patch], count: int) -> list[Patch]:
    ordered = sorted(patches, key=lambda patch: patch.name)
    return random.Random(_SEED).sample(ordered, min(count, len(ordered)))


def _by_tile(patches: Sequence[Patch], split: Split) -> dict[Patch, Part]:
    learn = [patch for patch in patches if not patch.tile.test]
    held = _held_out(learn, round(_VAL * len(learn))) if split == "clean" else set()
    test: Part = "test" if split == "clean" else "val"
    return {patch: test if patch.tile.test else "val" if patch.tile.id in held else "train" for patch in patches}


def _by_order(chosen: PatchSet, patches: Sequence[Patch]) -> dict[Patch, Part]:
    tiles = sorted({patch.tile.id for patch in patches})
    share = len(tiles) / sum(chosen.counts.values())
    train, val = (round(share * count) for count in (chosen.counts["train"], chosen.counts["val"]))
    place = {tile: number for number, tile in enumerate(tiles)}
    parts: dict[Patch, Part] = {}
    for patch in patches:
        number = place[patch.tile.id]
        parts[patch] = "train" if number < train else "val" if number < train + val else "test"
    return parts


def _held_out(patches: Sequence[Patch], count: int) -> set[str]:
    """Draw whole images for validation, one at least, until they have the wanted number of patches; one is left."""
    sizes = Counter(patch.tile.id for patch in patches)
    tiles = sorted(sizes)
    random.Random(_SEED).shuffle(tiles)
    held: set[str] = set()
    for tile in tiles[:-1]:
        if sum(sizes[name] for name in held) >= max(1, count):
            break
        held.add(tile)
    return held
