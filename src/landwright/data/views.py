"""Items of the regime ``words``: an image with views of its parts, and what is said of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate
from torch.utils.data import Dataset

from landwright.data.augment import augment
from landwright.data.captions import tag_caption
from landwright.data.reading import Patch, Sample
from landwright.data.regions import PAPER_AREA, Box, inside, mask_boxes
from landwright.legends import IGNORE
from landwright.legends.vocabulary import Vocabulary
from landwright.recipe import AugmentSpec, WordsSpec

_STREAM = 5
"""Sets the random numbers of this module apart from those of the tiles."""

_RATIO = (3 / 4, 4 / 3)
_TAG_SHARE = 0.02
"""Smallest share of a tile that a class covers to be one of its tags."""


class WordItem(TypedDict):
    """An image with views of its parts.

    Attributes:
        image: float32 (C, S, S) in sensor units, squashed to the view's side.
        crops: float32 (R, C, S, S): parts of it, squashed likewise.
        boxes: float32 (R, 4): where they are; left, top, right and bottom as shares of the image.
        used: bool (R,): False for a view that is not there.
        labels: int64 (R,): number of the category; -1 for a part without one.
        categories: What each part shows, in words; empty for a part without a category.
        caption: What the image shows, in words; empty where nothing is said of it.
        source: Name of the scene.
    """

    image: Tensor
    crops: Tensor
    boxes: Tensor
    used: Tensor
    labels: Tensor
    categories: list[str]
    caption: str
    source: str


@dataclass(frozen=True)
class Said:
    """What is known of scenes besides their masks.

    Attributes:
        captions: By name of the scene.
        boxes: By name of the scene, in its pixels.
    """

    captions: Mapping[str, str] = field(default_factory=dict)
    boxes: Mapping[str, Sequence[Box]] = field(default_factory=dict)

    @property
    def categories(self) -> tuple[str, ...]:
        """All categories of boxes, each once, in the order of the alphabet."""
        return tuple(sorted({box.category for boxes in self.boxes.values() for box in boxes}))


class WordViews(Dataset[WordItem]):
    """Tiles or whole images with views of their parts: objects first, parts drawn at random for the rest.

    Item ``i`` depends on the seed and on ``i`` alone. Of the objects of an image one is drawn after the other: first a
    category that it has, then one of its objects.

    Args:
        tiles: Tiles or whole images, without mirroring and turning.
        vocabulary: Classes of the masks with their words.
        spec: The recipe's section ``words``.
        said: What is known of the scenes besides.
        side: Side S of the views in pixels.
        seed: Seed of all randomness.
        augment: Mirroring and turning, which are done here for boxes to go with them, and colours; None for none.
        paper: Boxes are left out by their published smallest and largest area.
    """

    def __init__(
        self,
        tiles: Dataset[Sample],
        vocabulary: Vocabulary,
        spec: WordsSpec,
        said: Said,
        *,
        side: int,
        seed: int,
        augment: AugmentSpec | None = None,
        paper: bool = False,
    ) -> None:
        """Number the categories: those of the vocabulary first, whichever of their words is used."""
        self._tiles, self._spec, self._said = tiles, spec, said
        self._side, self._seed, self._augment = side, seed, augment
        self._range = PAPER_AREA if paper else (spec.min_area, np.inf)
        self._names = vocabulary.names
        self._words = {entry.name: entry.synonyms for entry in vocabulary.classes}
        known = {word.casefold(): entry.name for entry in vocabulary.classes for word in (entry.name, *entry.synonyms)}
        self._class = {name: known.get(name.casefold(), name) for name in (*self._names, *said.categories)}
        self._number = {name: number for number, name in enumerate(dict.fromkeys(self._class.values()))}

    def __len__(self) -> int:
        """Number of items."""
        return len(self._tiles)  # type: ignore[arg-type]

    def __getitem__(self, index: int) -> WordItem:
        """Return item ``index``.

        Raises:
            IndexError: The index is not in 0..length - 1.
            DataError: A file is damaged, or a mask has a code that the legend lacks.
        """
        sample = self._tiles[index]
        rng = np.random.default_rng([self._seed, _STREAM, index])
        image, boxes = sample["image"], self._boxes(sample)
        if self._augment is not None:
            image, boxes = _turned(image, boxes, self._augment, rng)
            image = _recoloured(image, self._augment.colour, rng)
        chosen = self._choose(boxes, rng)
        return self._item(image, chosen, self._caption(sample), sample["source"], rng)

    def _boxes(self, sample: Sample) -> list[Box]:
        low, high = self._range
        found: list[Box] = []
        if self._spec.region and self._spec.masks:
            found += mask_boxes(sample["mask"].numpy(), self._names, min_area=low, fill=self._spec.fill)
        if self._spec.region and (listed := self._said.boxes.get(sample["source"])):
            row, col, height, width = (int(value) for value in sample["window"])
            # A tile of a scene smaller than the tile is filled up; a whole image may be reduced.
            scale = min(1.0, max(sample["image"].shape[1:]) / max(height, width))
            cut = inside(listed, col, row, width, height)
            found += [box.scaled(scale) for box in cut]
        return [box for box in found if low <= box.area <= high]

    def _choose(self, boxes: Sequence[Box], rng: np.random.Generator) -> list[Box]:
        left: dict[str, list[Box]] = {}
        for box in boxes:
            left.setdefault(box.category, []).append(box)
        chosen: list[Box] = []
        while left and len(chosen) < self._spec.crops:
            name = sorted(left)[int(rng.integers(len(left)))]
            chosen.append(left[name].pop(int(rng.integers(len(left[name])))))
            if not left[name]:
                del left[name]
        return chosen

    def _caption(self, sample: Sample) -> str:
        if self._spec.captions != "masks":
            return self._said.captions.get(sample["source"], "")
        mask = sample["mask"]
        counts = torch.bincount(mask[mask != IGNORE], minlength=len(self._names))
        tags = [self._words[self._names[index]][0] for index in (counts > _TAG_SHARE * mask.numel()).nonzero()[:, 0]]
        return tag_caption(tags, self._spec.phrase) if tags else ""

    def _item(
        self, image: Tensor, chosen: Sequence[Box], caption: str, source: str, rng: np.random.Generator
    ) -> WordItem:
        height, width = image.shape[1:]
        count, side = self._spec.crops, self._side
        drawn = [box[:4] for box in chosen]
        if self._spec.distillation:
            drawn += [_random_box(height, width, self._spec.crop_area, rng) for _ in range(count - len(drawn))]
        crops = image.new_zeros(count, len(image), side, side)
        boxes = torch.zeros(count, 4)
        labels = torch.full((count,), -1)
        categories = [""] * count
        for place, corners in enumerate(drawn):
            left, top = (int(np.floor(value)) for value in corners[:2])
            right, bottom = (int(np.ceil(value)) for value in corners[2:])
            crops[place] = _squashed(image[:, top:bottom, left:right], side)
            boxes[place] = torch.tensor([left / width, top / height, right / width, bottom / height])
        for place, box in enumerate(chosen):
            name = self._class[box.category]
            words = self._words.get(name, (name,))
            labels[place] = self._number[name]
            categories[place] = words[int(rng.integers(len(words)))]
        return WordItem(
            image=_squashed(image, side),
            crops=crops,
            boxes=boxes,
            used=torch.arange(count) < len(drawn),
            labels=labels,
            categories=categories,
            caption=caption,
            source=source,
        )


def _random_box(
    height: int, width: int, area: tuple[float, float], rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Draw a part by its share of the image and its ratio of sides, as shares of those of the image."""
    share = rng.uniform(*area)
    ratio = np.exp(rng.uniform(*np.log(_RATIO)))
    wide, high = min(1.0, float(np.sqrt(share * ratio))), min(1.0, float(np.sqrt(share / ratio)))
    left, top = rng.uniform(0, 1 - wide), rng.uniform(0, 1 - high)
    return left * width, top * height, (left + wide) * width, (top + high) * height


def _squashed(image: Tensor, side: int) -> Tensor:
    if image.shape[1:] == (side, side):
        return image.contiguous()
    return interpolate(image[None], (side, side), mode="bilinear", antialias=True, align_corners=False)[0]


def _recoloured(image: Tensor, most: float, rng: np.random.Generator) -> Tensor:
    """Change brightness and contrast of every band; pixels that are 0 in all bands are nodata and stay."""
    valid = (image != 0).any(0)
    patch = Patch(image, torch.zeros_like(valid, dtype=torch.uint8), valid)
    return augment(patch, AugmentSpec(flip=False, rotate=False, colour=most), rng).image


def _turned(
    image: Tensor, boxes: Sequence[Box], spec: AugmentSpec, rng: np.random.Generator
) -> tuple[Tensor, list[Box]]:
    """Mirror and turn an image and its boxes."""
    boxes = list(boxes)
    if spec.flip and rng.random() < 0.5:
        width = image.shape[2]
        image = image.flip(2)
        boxes = [box._replace(left=width - box.right, right=width - box.left) for box in boxes]
    for _ in range(int(rng.integers(4)) if spec.rotate else 0):
        width = image.shape[2]
        image = torch.rot90(image, 1, (1, 2))
        boxes = [Box(box.top, width - box.right, box.bottom, width - box.left, box.category) for box in boxes]
    return image, boxes
