import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from landwright.data.loader import OffsetSampler, make_loader
from landwright.data.scenes import Scene
from landwright.data.splits import Region
from landwright.data.tiles import RandomTiles
from landwright.recipe import AugmentSpec, DataSpec


@given(st.integers(0, 60), st.integers(0, 70), st.integers(1, 5))
def test_ranks_share_every_item_once(length: int, start: int, world: int) -> None:
    samplers = [OffsetSampler(length, start=start, rank=rank, world=world) for rank in range(world)]
    assert sorted(item for sampler in samplers for item in sampler) == list(range(start, length))
    assert all(len(list(sampler)) == len(sampler) for sampler in samplers)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 5))
def test_a_step_uses_the_same_items_for_any_number_of_ranks(world: int, batch: int, step: int) -> None:
    per_step = batch * world
    start = step * per_step
    used = []
    for rank in range(world):
        items = list(OffsetSampler(200, start=start, rank=rank, world=world))
        used += items[:batch]
    assert sorted(used) == list(range(start, start + per_step))


@pytest.fixture
def tiles(coordinates, legend) -> RandomTiles:
    region = Region(Scene("s", *coordinates("s", 1, 40, 60)), "train")
    spec = DataSpec(images="i", labels="l", tile=8, balance=0.3)
    return RandomTiles([region], spec, legend, length=22, seed=5, augment=AugmentSpec(colour=0.1))


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_those_of_the_dataset(tiles: RandomTiles, workers: int) -> None:
    tiles[0]  # open files in this process before the workers start
    batches = list(make_loader(tiles, 4, workers, start=8))
    assert [len(batch["source"]) for batch in batches] == [4, 4, 4, 2]
    assert batches[0]["image"].shape == (4, 3, 8, 8) and batches[0]["window"].shape == (4, 4)
    images = torch.cat([batch["image"] for batch in batches])
    expected = torch.stack([tiles[index]["image"] for index in range(8, 22)])
    np.testing.assert_array_equal(images, expected)
