"""Items of the regime ``words``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import default_collate

from landwright.data.reading import Sample
from landwright.data.regions import Box
from landwright.data.views import Said, WordItem, WordViews
from landwright.legends.vocabulary import parse_words
from landwright.recipe import AugmentSpec, WordsSpec

VOCABULARY = parse_words("field; house, building; road")


def sample(mask: np.ndarray[Any, Any] | None = None, size: tuple[int, int] = (32, 48)) -> Sample:
    """An image whose bands hold row, column and class of every pixel."""
    height, width = size
    known = torch.full(size, 255) if mask is None else torch.from_numpy(mask).long()
    rows, cols = torch.meshgrid(torch.arange(height) + 1.0, torch.arange(width) + 1.0, indexing="ij")
    return Sample(
        image=torch.stack([rows, cols, known.float()]),
        mask=known,
        valid=torch.ones(size, dtype=torch.bool),
        source="scene",
        window=torch.tensor([100, 200, height, width]),
    )


def views(tiles: Sequence[Sample], said: Said = Said(), **settings: Any) -> WordViews:  # noqa: B008
    augment, paper = settings.pop("augment", None), settings.pop("paper", False)
    spec = WordsSpec(**settings)
    return WordViews(tiles, VOCABULARY, spec, said, side=16, seed=5, augment=augment, paper=paper)  # type: ignore[arg-type]


@pytest.fixture
def mask() -> np.ndarray[Any, Any]:
    mask = np.zeros((32, 48), np.uint8)
    mask[4:20, 10:30] = 1
    return mask


def test_objects_come_first_and_parts_at_random_fill_up(mask) -> None:
    item = views([sample(mask)], crops=4)[0]
    assert item["labels"].tolist()[2:] == [-1, -1]
    assert set(item["labels"].tolist()[:2]) == {0, 1}
    house = item["labels"].tolist().index(1)
    assert item["boxes"][house].tolist() == pytest.approx([10 / 48, 4 / 32, 30 / 48, 20 / 32])
    assert item["categories"][house] in ("house", "building")
    assert item["categories"][2:] == ["", ""]
    assert (item["crops"][house][2] - 1).abs().max() < 1e-5
    rows, cols = item["crops"][house][0], item["crops"][house][1]
    assert 4.9 < rows.min() < rows.max() < 20.1
    assert 10.9 < cols.min() < cols.max() < 30.1
    assert bool(item["used"].all())
    assert (item["image"].shape, item["crops"].shape, item["caption"]) == ((3, 16, 16), (4, 3, 16, 16), "")
    for left, top, right, bottom in item["boxes"][2:].tolist():
        share = (right - left) * (bottom - top)
        assert 0.25 < share < 0.8


def test_without_the_comparison_only_objects_are_seen(mask) -> None:
    item = views([sample(mask)], crops=4, distillation=0)[0]
    assert item["used"].tolist() == [True, True, False, False]
    assert item["crops"][2:].abs().max() == 0
    none = views([sample(mask)], region=0)[0]
    assert none["labels"].tolist() == [-1] * 4
    assert views([sample(mask)], masks=False)[0]["labels"].tolist() == [-1] * 4


def test_rare_categories_are_drawn_as_often_as_others() -> None:
    mask = np.zeros((32, 48), np.uint8)
    mask[::2] = 255
    mask[:8, :8] = 1  # one house among sixteen strips of field
    item = [views([sample(mask)] * 40, crops=1, min_area=1)[index]["labels"].item() for index in range(40)]
    assert 10 < sum(item) < 30


def test_an_item_depends_on_seed_and_index_alone(mask) -> None:
    first, second = (views([sample(mask)] * 3, augment=AugmentSpec(colour=0.2)) for _ in range(2))
    torch.testing.assert_close(first[2]["crops"], second[2]["crops"])
    assert not torch.equal(first[1]["crops"], first[2]["crops"])
    assert len(first) == 3


def test_boxes_follow_mirroring_and_turning(mask) -> None:
    tiles = views([sample(mask)] * 24, crops=2, augment=AugmentSpec(flip=True, rotate=True))
    seen = set()
    for index in range(24):
        item = tiles[index]
        place = item["labels"].tolist().index(1)
        assert (item["crops"][place][2] - 1).abs().max() < 1e-5
        seen.add(tuple(round(value, 3) for value in item["boxes"][place].tolist()))
    assert len(seen) > 5  # of 8


def test_listed_boxes_are_moved_into_the_tile_and_keep_their_words() -> None:
    boxes = [Box(210, 104, 230, 120, "Building"), Box(200, 100, 240, 130, "lake"), Box(0, 0, 40, 40, "lake")]
    said = Said(captions={"scene": "a village"}, boxes={"scene": boxes})
    assert said.categories == ("Building", "lake")
    item = views([sample()], said, crops=2, min_area=1)[0]
    by_label = dict(zip(item["labels"].tolist(), item["boxes"].tolist(), strict=True))
    assert by_label[1] == pytest.approx([10 / 48, 4 / 32, 30 / 48, 20 / 32])
    assert by_label[3] == pytest.approx([0, 0, 40 / 48, 30 / 32])  # a word that no class has
    assert item["categories"][item["labels"].tolist().index(3)] == "lake"
    assert item["caption"] == "a village"


def test_listed_boxes_follow_an_image_that_was_reduced() -> None:
    reduced = {**sample(), "window": torch.tensor([0, 0, 64, 96])}
    said = Said(boxes={"scene": [Box(20, 8, 60, 40, "house")]})
    item = views([reduced], said, crops=1, min_area=1)[0]  # type: ignore[list-item]
    assert item["boxes"][0].tolist() == pytest.approx([10 / 48, 4 / 32, 30 / 48, 20 / 32])


def test_the_published_sizes_of_boxes() -> None:
    boxes = {"scene": [Box(200, 100, 240, 130, "house")]}
    assert views([sample()], Said(boxes=boxes))[0]["labels"].tolist()[0] == 1
    assert views([sample()], Said(boxes=boxes), paper=True)[0]["labels"].tolist()[0] == -1


def test_classes_of_a_mask_serve_as_tags(mask) -> None:
    mask[31, 40:] = 2  # too little to be said
    item = views([sample(mask), sample()], captions="masks")
    assert item[0]["caption"] == "a satellite image of field and house"
    assert item[1]["caption"] == ""


def test_items_can_be_stacked(mask) -> None:
    tiles = views([sample(mask), sample()], crops=3)
    batch: WordItem = default_collate([tiles[0], tiles[1]])
    assert batch["crops"].shape == (2, 3, 3, 16, 16)
    assert len(batch["categories"]) == 3
    assert all(len(words) == 2 for words in batch["categories"])
