"""Division of scenes into train, val and test without any pixel in two parts."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from os import PathLike
from pathlib import Path
from typing import Literal, cast

import numpy as np

from landwright.data.scene import PARTS, Part, Scene
from landwright.errors import DataError
from landwright.rasters import Window, atomic_output, open_raster
from landwright.recipe import SplitSpec

TARGET: Literal["target"] = "target"

# A region's own height in pixels had the plain name first.
_FILES = ("image", "label", "heights", "before")
_COLUMNS = ("scene", "part", "group", "row", "col", "height", "width", *_FILES)


@dataclass(frozen=True)
class Region:
    """A rectangle of one scene that belongs to one part.

    Attributes:
        scene: The scene.
        part: Its part; ``target`` is that of images that a model adapts to without labels.
        window: Rows and columns in pixels of the image, or None for the whole scene.
    """

    scene: Scene
    part: Part | Literal["target"]
    window: Window | None = None


@dataclass(frozen=True)
class Split:
    """Regions of all parts.

    Attributes:
        all: Every region, in the order of the scenes.
    """

    all: tuple[Region, ...]

    def regions(self, part: Part) -> tuple[Region, ...]:
        """Return the regions of one part.

        Raises:
            DataError: The part is empty.
        """
        found = tuple(region for region in self.all if region.part == part)
        if not found:
            raise DataError(
                f"no image is in the part {part!r}",
                remedy="Set its share under data.split, or name it in the split column",
            )
        return found

    def with_targets(self, scenes: Sequence[Scene]) -> Split:
        """Return the split with images to adapt to as the part ``target``."""
        return Split((*self.all, *(Region(scene, TARGET) for scene in scenes)))

    def counts(self) -> dict[Part, int]:
        """Return the number of scenes per part that is not empty."""
        scenes = {part: {region.scene.name for region in self.all if region.part == part} for part in PARTS}
        return {part: len(names) for part, names in scenes.items() if names}

    def save(self, path: str | PathLike[str]) -> None:
        """Write the split as CSV: one line per region; empty window columns mean the whole scene."""
        with atomic_output(Path(path)) as temporary, Path(temporary).open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, _COLUMNS)
            writer.writeheader()
            for region in self.all:
                scene = region.scene
                window = region.window._asdict() if region.window else {}
                paths = (scene.image, scene.label, scene.height, scene.before)
                files = {key: path.as_posix() for key, path in zip(_FILES, paths, strict=True) if path is not None}
                writer.writerow({"scene": scene.name, "part": region.part, "group": scene.group, **window, **files})

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Split:
        """Read a split that :meth:`save` wrote.

        Raises:
            DataError: The file is missing or is not a split.
        """
        regions = []
        try:
            with Path(path).open(newline="", encoding="utf-8") as stream:
                for row in csv.DictReader(stream):
                    if row["part"] not in {*PARTS, TARGET}:
                        raise ValueError(f"part {row['part']!r}")
                    part = None if row["part"] == TARGET else cast("Part", row["part"])
                    label, height, before = (Path(row[key]) if row.get(key) else None for key in _FILES[1:])
                    scene = Scene(row["scene"], Path(row["image"]), label, row["group"] or None, part, height, before)
                    window = Window(*(int(row[field]) for field in Window._fields)) if row["row"] else None
                    regions.append(Region(scene, part or TARGET, window))
        except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
            raise DataError(
                f"cannot be read as a split: {error}", path=path, remedy="Use the split.csv of a run"
            ) from error
        if not regions:
            raise DataError("cannot be read as a split: it is empty", path=path, remedy="Use the split.csv of a run")
        return cls(tuple(regions))


def make_split(scenes: Sequence[Scene], spec: SplitSpec, *, seed: int) -> Split:
    """Divide scenes into parts; the same scenes, spec and seed always give the same split.

    A part that is known beforehand (published layout, ``by: column``) stands; the others are drawn.

    Args:
        scenes: Scenes with unique names.
        spec: What to divide by, and the shares.
        seed: Seed of the draw.

    Raises:
        DataError: A part that has a share would stay empty, or a given split tears a group apart.
    """
    known = {scene.name: scene.part for scene in scenes if scene.part is not None}
    free = sorted((scene for scene in scenes if scene.part is None), key=lambda scene: scene.name)
    # A published val or test part replaces the share: nothing more is drawn for it.
    shares = {part: share for part, share in (("test", spec.test), ("val", spec.val)) if part not in known.values()}
    rng = np.random.default_rng([seed, 0x5B117])
    drawn = _draw_blocks(free, spec, shares, rng) if spec.by == "block" else _draw_scenes(free, shares, rng)
    regions: list[Region] = []
    for scene in scenes:
        regions += drawn[scene.name] if scene.part is None else [Region(scene, scene.part)]
    _refuse_torn_groups(regions)
    split = Split(tuple(regions))
    split.regions("train")
    return split


def _refuse_torn_groups(regions: Sequence[Region]) -> None:
    parts: dict[str, Region] = {}
    for region in regions:
        if region.scene.group is None or region.window is not None:
            continue
        first = parts.setdefault(region.scene.group, region)
        if first.part != region.part:
            raise DataError(
                f"group {region.scene.group!r} has {first.scene.name} in {first.part} and {region.scene.name} in "
                f"{region.part}",
                remedy="Scenes that share ground belong in one part: correct the split or the group column",
            )


def _draw_scenes(
    scenes: Sequence[Scene], shares: dict[str, float], rng: np.random.Generator
) -> dict[str, list[Region]]:
    groups: dict[str, list[Scene]] = {}
    for scene in scenes:
        groups.setdefault(f"group {scene.group}" if scene.group else f"scene {scene.name}", []).append(scene)
    names = sorted(groups)
    parts = _deal([len(groups[name]) for name in names], shares, rng, what="scenes or groups of scenes")
    return {
        scene.name: [Region(scene, part)] for name, part in zip(names, parts, strict=True) for scene in groups[name]
    }


def _draw_blocks(
    scenes: Sequence[Scene], spec: SplitSpec, shares: dict[str, float], rng: np.random.Generator
) -> dict[str, list[Region]]:
    blocks = [(scene, place, window) for scene in scenes for place, window in _blocks(scene, spec.block)]
    parts = _deal([window.height * window.width for *_, window in blocks], shares, rng, what="blocks")
    regions: dict[str, list[Region]] = {scene.name: [] for scene in scenes}
    dealt = zip(blocks, parts, strict=True)
    # Neighbours of one part in a row of blocks become one region, so that tiles may lie across their seams.
    for (scene, _, part), run in groupby(dealt, key=lambda item: (item[0][0], item[0][1], item[1])):
        windows = [window for (_, _, window), _ in run]
        first, last = windows[0], windows[-1]
        merged = Window(first.row, first.col, first.height, last.col + last.width - first.col)
        regions[scene.name].append(Region(scene, part, merged))
    return regions


def _blocks(scene: Scene, side: int) -> list[tuple[int, Window]]:
    """Return (row of blocks, window) over a scene, of nearly equal size, row by row."""
    with open_raster(scene.image) as raster:
        height, width = raster.info.shape
    rows, cols = (np.linspace(0, size, max(1, round(size / side)) + 1).round().astype(int) for size in (height, width))
    return [
        (place, Window(int(top), int(left), int(bottom - top), int(right - left)))
        for place, (top, bottom) in enumerate(pairwise(rows))
        for left, right in pairwise(cols)
    ]


def _deal(sizes: Sequence[int], shares: dict[str, float], rng: np.random.Generator, *, what: str) -> list[Part]:
    """Give every unit a part: shuffled units go to a part until it has its share of the total size."""
    parts: list[Part] = ["train"] * len(sizes)
    wanted = [part for part in ("test", "val") if shares.get(part, 0) > 0]
    if not sizes:
        return parts
    if len(sizes) <= len(wanted):
        raise DataError(
            f"{len(sizes)} {what} cannot be divided into {' and '.join(['train', *reversed(wanted)])}",
            remedy="Give more images, set a share to 0, or use data.split.by=block with smaller blocks",
        )
    order = list(rng.permutation(len(sizes)))
    total = sum(sizes)
    for place, part in enumerate(wanted):
        filled = 0
        kept = len(wanted) - place  # one unit for every part that is still to come, train included
        while order and len(order) > kept and (filled == 0 or filled + sizes[order[-1]] / 2 <= shares[part] * total):
            unit = order.pop()
            parts[unit] = cast("Part", part)
            filled += sizes[unit]
    return parts
