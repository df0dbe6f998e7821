"""Crops of tagged images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.utils.data import default_collate

from landwright.data import tagged
from landwright.data.scene import Scene
from landwright.data.splits import Region
from landwright.data.tagged import TaggedImages
from landwright.errors import DataError
from landwright.legends import Legend
from landwright.rasters import Window
from landwright.recipe import AugmentSpec, DataSpec

STILL = AugmentSpec(flip=False, rotate=False)


class Stripes:
    """Segments that follow the columns of an image: object = column // 8 + 1, boundary = every eighth column."""

    def read(
        self, image: str | Path, window: Window, size: tuple[int, int] | None = None
    ) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        height, width = size or (window.height, window.width)
        cols = window.col + (np.arange(width) + 0.5) * window.width / width
        objects = np.broadcast_to((cols // 8 + 1).astype(np.int32), (height, width))
        return objects, objects % 2 == 0


@pytest.fixture
def plain(monkeypatch) -> None:
    """Leave colours as they are, so that places can be told."""
    monkeypatch.setattr(tagged, "contrast_view", lambda image, *_, **__: image)


@pytest.fixture
def make(write, legend: Legend, tmp_path: Path) -> Any:
    """Return a data set of three images of 40 x 48, whose bands hold 1 + row and 1 + column, and the object of it."""

    def build(*, size: tuple[int, int] = (40, 48), holes: bool = False, **settings: Any) -> TaggedImages:
        rows, cols = np.mgrid[: size[0], : size[1]].astype(np.uint8) + 1
        image = np.stack([rows, cols, (cols - 1) // 8 + 1]).astype(np.uint8)
        if holes:
            image[:, :-2] = 0
        scenes = [Scene(f"s{n}", write(f"img/s{n}.tif", image, nodata=0), None) for n in range(3)]
        tags = {scene.name: torch.eye(3)[n] for n, scene in enumerate(scenes)}
        spec = DataSpec.model_construct(tile=settings.pop("tile", 16), balance=settings.pop("balance", 0.0))
        options = {"length": 60, "seed": 3, "full": 255.0, "augment": STILL} | settings
        return TaggedImages([Region(scene, "train") for scene in scenes], spec, legend, tags, **options)

    return build


def test_items_follow_from_seed_and_number(make) -> None:
    first, second = make(augment=AugmentSpec(zoom=(0.5, 2))), make(augment=AugmentSpec(zoom=(0.5, 2)))
    assert len(first) == 60
    for index in (0, 17):
        one, other = first[index], second[index]
        assert set(one) == {"image", "tags", "valid", "source", "local", "second"}
        for name in ("image", "local", "second", "valid", "tags"):
            assert torch.equal(one[name], other[name])
        assert one["image"].shape == one["local"].shape == one["second"].shape == (3, 16, 16)
        assert not torch.equal(one["image"], one["local"])
    batch = default_collate([first[0], first[1]])
    assert batch["tags"].shape == (2, 3)
    with pytest.raises(IndexError):
        first[60]


def test_every_image_comes_before_any_comes_again(make) -> None:
    data = make(views=False)
    for turn in range(0, 9, 3):
        assert {data[turn + place]["source"] for place in range(3)} == {"s0", "s1", "s2"}
    item = data[0]
    assert item["tags"].tolist() == torch.eye(3)[int(item["source"][1])].tolist()
    assert "local" not in item


def test_items_can_be_drawn_by_tag(make) -> None:
    data = make(balance=1.0, views=False)
    assert {data[index]["source"] for index in range(20)} == {"s0", "s1", "s2"}


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("zoom", [None, (0.5, 2.0)])
def test_segments_go_with_the_image_through_every_change(make, zoom) -> None:
    data = make(segments=Stripes(), augment=AugmentSpec(zoom=zoom))
    for index in range(20):
        item = data[index]
        assert torch.equal(item["image"], item["local"])
        inner = item["valid"] & (item["image"][2] % 1 == 0)  # between objects colours are mixed
        assert inner.any()
        agree = (item["objects"] == item["image"][2])[inner].float().mean()
        assert agree > 0.9
        assert ((item["objects"] % 2 == 0) == item["boundary"].bool())[item["valid"]].all()


@pytest.mark.usefixtures("plain")
def test_padding_mirrors_and_is_no_object(make) -> None:
    item = make(size=(10, 12), segments=Stripes())[0]
    valid = item["valid"]
    assert valid.sum() == 120
    assert (item["image"] > 0).all()
    assert not item["objects"][~valid].any()
    assert not item["boundary"][~valid].any()


@pytest.mark.usefixtures("plain")
def test_published_padding_is_an_object_and_views_are_mirrored_again(make) -> None:
    data = make(size=(10, 12), segments=Stripes(), augment=AugmentSpec(flip=True, rotate=False), paper=True)
    mirrored = set()
    for index in range(20):
        item = data[index]
        outside = ~item["valid"]
        assert (item["objects"][outside] == 255).all()
        assert (item["boundary"][outside] == 255).all()
        black = item["image"][0] == 0
        mirrored.add((bool((black == outside).all()), bool((black.flip(-1) == outside).all())))
        assert torch.equal(black, black | (item["image"].sum(0) == 0))
    assert {(True, False), (False, True)} <= mirrored


@pytest.mark.usefixtures("plain")
def test_the_second_view_shows_much_of_the_image_or_what_is_around(make) -> None:
    data = make()
    for index in range(10):
        second = data[index]["second"]
        area = float((second[0].max() - second[0].min() + 1) * (second[1].max() - second[1].min() + 1))
        assert area > 0.25 * 32 * 32
        assert area < 1.2 * 32 * 32


def test_crops_without_a_valid_pixel_are_drawn_again(make) -> None:
    data = make(size=(300, 24), holes=True)
    for index in range(6):
        assert data[index]["valid"].any()


@pytest.mark.usefixtures("plain")
def test_second_views_without_a_valid_pixel_are_drawn_again(make) -> None:
    # Two rows in 600 are valid: parts of the surroundings of a crop that holds them may miss them.
    data = make(size=(600, 24), holes=True, tile=24)
    for index in range(30):
        assert (data[index]["second"][0] > 0).any()


@pytest.mark.usefixtures("plain")
def test_a_second_view_can_always_be_that_of_the_crop(make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagged, "_ATTEMPTS", 0)
    data = make(size=(300, 24), holes=True)
    second = data._second(data._scenes[0], Window(296, 4, 4, 8), np.random.default_rng(0))
    assert set(second[1].unique().int().tolist()) <= {0, *range(5, 13)}  # columns
    assert (second[1] > 0).any()


def test_an_image_without_a_valid_pixel_is_refused(make, write) -> None:
    data = make()
    for name in ("s0", "s1", "s2"):
        write(f"img/{name}.tif", np.zeros((3, 40, 48), np.uint8), nodata=0)
    with pytest.raises(DataError, match="has no valid pixel"):
        data[0]


def test_blocks_are_refused(write, legend: Legend) -> None:
    scene = Scene("s", write("s.tif", np.ones((3, 8, 8), np.uint8)), None)
    spec = DataSpec.model_construct(tile=8, balance=0.0)
    with pytest.raises(DataError, match="tags are of whole images"):
        TaggedImages(
            [Region(scene, "train", Window(0, 0, 4, 8))],
            spec,
            legend,
            {"s": torch.ones(3)},
            length=1,
            seed=0,
            full=255.0,
        )
