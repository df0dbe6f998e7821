from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine

from landwright.data.domains import AdaptationTiles, StyledTiles, ValidationTiles
from landwright.data.scenes import Scene
from landwright.data.splits import Region
from landwright.data.tiles import GridTiles, RandomTiles
from landwright.legends import IGNORE, load_legend
from landwright.recipe import DataSpec, SyntheticSpec

SIDE, LENGTH = 32, 4
SPEC = DataSpec(images="unused", labels="unused", tile=SIDE)


def write(path: Path, array: np.ndarray) -> Path:
    transform = Affine(0.5, 0, 500000, 0, -0.5, 5000000)
    profile = {"driver": "GTiff", "count": len(array), "height": 64, "width": 64, "dtype": array.dtype}
    with rasterio.open(path, "w", crs="EPSG:32632", transform=transform, **profile) as file:
        file.write(array)
    return path


@pytest.fixture
def regions(tmp_path: Path) -> tuple[list[Region], list[Region]]:
    """A labelled scene, 5 m high where its class is 1, and a darker one without labels."""
    mask = np.kron(np.random.default_rng(0).integers(0, 2, (8, 8)), np.ones((8, 8), int)).astype(np.uint8)[None]
    source = Scene(
        "source",
        write(tmp_path / "image.tif", np.repeat(mask * 120 + 60, 3, 0).astype(np.uint8)),
        write(tmp_path / "mask.tif", mask),
        height=write(tmp_path / "height.tif", (mask * 5).astype(np.float32)),
    )
    target = Scene("target", write(tmp_path / "real.tif", np.repeat(mask * 40 + 10, 3, 0).astype(np.uint8)), None)
    return [Region(source, "train")], [Region(target, "train")]


def tiles(regions: list[Region], length: int) -> RandomTiles:
    return RandomTiles(regions, SPEC, load_legend("building"), length=length, seed=0)


def items(regions: tuple[list[Region], list[Region]], **spec: object) -> AdaptationTiles:
    source, target = regions
    chosen = SyntheticSpec.model_validate(spec)
    return AdaptationTiles(
        tiles(source, 2 * LENGTH), tiles(target, 3 * LENGTH), chosen, length=LENGTH, full=255.0, seed=0
    )


def test_an_item_is_reproducible_and_mixed_from_both(regions: tuple[list[Region], list[Region]]) -> None:
    found = items(regions)
    item, again = found[2], found[2]
    for name, value in item.items():
        if isinstance(value, torch.Tensor):
            torch.testing.assert_close(value, again[name], equal_nan=True)
    pasted = item["pasted"]
    assert 0 < pasted.float().mean() < 1
    assert (item["mixed_mask"][~pasted] == IGNORE).all()
    assert item["mixed_height"][~pasted].isnan().all()
    assert (item["mixed_height"][pasted] == 5 * item["mixed_mask"][pasted]).all()
    assert len(found) == LENGTH
    with pytest.raises(IndexError):
        found[LENGTH]


@pytest.mark.parametrize("mix", ["none", "cutmix"])
def test_other_ways_to_mix(regions: tuple[list[Region], list[Region]], mix: str) -> None:
    shares = [float(items(regions, mix=mix)[index]["pasted"].float().mean()) for index in range(LENGTH)]
    assert (max(shares) > 0) == (mix == "cutmix")


def test_scenes_take_on_the_look_of_target_images(regions: tuple[list[Region], list[Region]]) -> None:
    source, target = regions
    spec = SyntheticSpec(style=("pda",), style_share=1.0, style_blend=(1.0, 1.0))
    plain = tiles(source, LENGTH)
    styled = StyledTiles(plain, tiles(target, LENGTH), spec, length=LENGTH, full=255.0, seed=0)
    alone = StyledTiles(plain, None, spec, length=LENGTH, full=255.0, seed=0)
    assert styled[0]["image"].mean() < 0.6 * plain[0]["image"].mean()
    assert torch.equal(alone[0]["image"], plain[0]["image"])
    assert torch.equal(styled[0]["mask"], plain[0]["mask"])


def test_validation_tiles_say_which_have_labels(regions: tuple[list[Region], list[Region]]) -> None:
    grids = [GridTiles(part, SPEC, load_legend("building")) for part in regions]
    found = ValidationTiles(*grids)
    assert [bool(found[index]["adapted"]) for index in range(len(found))] == [False] * 4 + [True] * 4
    assert found[7]["height"].isnan().all()
    alone = ValidationTiles(grids[0], None)
    assert len(alone) == 4
    with pytest.raises(IndexError):
        alone[4]
