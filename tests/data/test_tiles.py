import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from landwright.data.loader import make_loader
from landwright.data.reading import Sample
from landwright.data.scenes import Scene
from landwright.data.splits import Region, make_split
from landwright.data.tiles import GridTiles, RandomTiles
from landwright.errors import DataError
from landwright.recipe import AugmentSpec, DataSpec, SplitSpec


def spec(**options) -> DataSpec:
    return DataSpec(**({"images": "unused", "labels": "unused", "tile": 16} | options))


@pytest.fixture
def regions(coordinates) -> tuple[Region, ...]:
    sizes = [(40, 60), (90, 33), (10, 50)]
    scenes = [Scene(str(n), *coordinates(str(n), n, *size)) for n, size in enumerate(sizes)]
    return tuple(Region(scene, "train") for scene in scenes)


def same(a: Sample, b: Sample) -> bool:
    return a["source"] == b["source"] and all(torch.equal(a[k], b[k]) for k in ("image", "mask", "valid", "window"))


def test_samples_keep_the_contract(regions, legend) -> None:
    tiles = RandomTiles(regions, spec(), legend, length=20, seed=3)
    assert len(tiles) == 20
    for sample in (tiles[index] for index in range(20)):
        assert sample["image"].dtype == torch.float32 and sample["image"].shape == (3, 16, 16)
        assert sample["mask"].dtype == torch.int64 and sample["mask"].shape == (16, 16)
        assert sample["valid"].dtype == torch.bool and sample["valid"].shape == (16, 16)
        row, col, height, width = sample["window"].tolist()
        number, rows, cols = sample["image"][:, :height, :width]
        assert (number == int(sample["source"])).all()
        assert rows[0, 0] == row and rows[-1, -1] == row + height - 1 and cols[0, -1] == col + width - 1
        assert sample["valid"][:height, :width].all() and sample["valid"].sum() == height * width
        assert ((sample["mask"] == 255) == ~sample["valid"]).all()
    for index in (-1, 20):
        with pytest.raises(IndexError):
            tiles[index]


def test_a_tile_depends_on_seed_and_number_alone(regions, legend) -> None:
    change = AugmentSpec(zoom=(0.5, 2), colour=0.2)
    first = RandomTiles(regions, spec(balance=0.5), legend, length=30, seed=7, augment=change)
    again = RandomTiles(regions, spec(balance=0.5), legend, length=1000, seed=7, augment=change)
    other = RandomTiles(regions, spec(balance=0.5), legend, length=30, seed=8, augment=change)
    for index in reversed(range(30)):
        assert same(first[index], again[index])
    assert not any(same(first[index], other[index]) for index in range(30))


def test_scenes_are_drawn_by_area(regions, legend) -> None:
    tiles = RandomTiles(regions, spec(tile=8), legend, length=600, seed=0)
    drawn = np.bincount([int(tiles[index]["source"]) for index in range(600)])
    areas = np.array([40 * 60, 90 * 33, 10 * 50])
    np.testing.assert_allclose(drawn / 600, areas / areas.sum(), atol=0.07)


def test_small_scenes_are_filled_up(regions, legend) -> None:
    tiles = RandomTiles(regions[2:], spec(tile=64), legend, length=1, seed=0)
    sample = tiles[0]
    assert sample["window"].tolist() == [0, 0, 10, 50]
    assert sample["valid"].sum() == (sample["mask"] != 255).sum() == 500
    assert sample["image"][1, 10, 0] == 8  # mirrored without repeating row 9


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(60, 110), st.integers(60, 110), st.integers(24, 50), st.integers(0, 5))
def test_no_pixel_of_val_is_ever_in_a_training_tile(coordinates, legend, height, width, block, seed) -> None:
    scene = Scene("s", *coordinates("s", 0, height, width))
    data = spec(balance=0.5, split=SplitSpec(by="block", block=block, val=0.3))
    try:
        split = make_split([scene], data.split, seed=seed)
    except DataError:
        return  # too few blocks
    train = RandomTiles(split.regions("train"), data, legend, length=40, seed=seed, augment=AugmentSpec(zoom=(0.5, 2)))
    val = GridTiles(split.regions("val"), data, legend)
    held_out = np.zeros((height, width), bool)
    for sample in (val[index] for index in range(len(val))):
        row, col, rows, cols = sample["window"].tolist()
        held_out[row : row + rows, col : col + cols] = True
    assert held_out.any()
    for sample in (train[index] for index in range(len(train))):
        row, col, rows, cols = sample["window"].tolist()
        assert not held_out[row : row + rows, col : col + cols].any()
        # What the image really shows, not only what the window says: bands 1 and 2 hold row and column.
        rows_seen, cols_seen = sample["image"][1:, :].round().long()
        assert rows_seen.min() >= row and rows_seen.max() < row + rows
        assert cols_seen.min() >= col and cols_seen.max() < col + cols


def test_blocks_must_hold_a_tile(coordinates, legend) -> None:
    scene = Scene("s", *coordinates("s", 0, 100, 100))
    data = spec(split=SplitSpec(by="block", block=15, val=0.3))
    split = make_split([scene], data.split, seed=0)
    with pytest.raises(DataError, match=r"blocks of 15 pixels .* 16 pixels"):
        RandomTiles(split.regions("train"), data, legend, length=1, seed=0)


def test_balance_finds_rare_classes(write, legend) -> None:
    mask = np.zeros((400, 400), np.uint8)
    mask[37:40, 311:314] = 2
    region = Region(Scene("s", write("s.tif", np.ones((1, 400, 400), np.uint8)), write("m.tif", mask)), "train")

    def share(balance: float) -> float:
        tiles = RandomTiles([region], spec(balance=balance), legend, length=200, seed=0)
        return float(np.mean([bool((tiles[index]["mask"] == 2).any()) for index in range(200)]))

    assert share(0.0) < 0.05
    assert share(1.0) == pytest.approx(0.5, abs=0.1)


def test_unlabelled_windows_are_avoided(write, legend) -> None:
    mask = np.full((100, 100), 255, np.uint8)
    mask[:50, :99], mask[:50, 99] = 1, 2
    region = Region(Scene("s", write("s.tif", np.ones((1, 100, 100), np.uint8)), write("m.tif", mask)), "train")
    tiles = RandomTiles([region], spec(), legend, length=100, seed=0)
    assert all((tiles[index]["mask"] != 255).any() for index in range(100))


@pytest.fixture
def sparse(write, legend):
    """One scene in which every seventh row of the left third has no label."""
    mask = np.ones((120, 120), np.uint8)
    mask[:, 100:] = 2
    mask[::7, :40] = 255
    region = Region(Scene("s", write("s.tif", np.ones((1, 120, 120), np.uint8)), write("m.tif", mask)), "train")

    def tiles(labelled: float, **options) -> RandomTiles:
        return RandomTiles([region], spec(labelled=labelled, **options), legend, length=60, seed=0)

    return tiles


def shares(tiles: RandomTiles) -> np.ndarray:
    return np.array([float((tiles[index]["mask"] != 255).float().mean()) for index in range(len(tiles))])


def test_tiles_with_too_few_labels_are_drawn_again(sparse) -> None:
    assert (shares(sparse(0.0)) < 0.9).mean() > 0.2
    assert (shares(sparse(0.9)) >= 0.9).all()
    assert (shares(sparse(1.0)) == 1).all()
    # Tiles that are good enough at once stay the same.
    plain, strict = sparse(0.0), sparse(1.0)
    kept = [same(plain[index], strict[index]) for index in range(60)]
    assert kept == (shares(plain) == 1).tolist()


def test_the_best_of_the_windows_tried_is_taken(sparse) -> None:
    wide = {"tile": 110}  # none is free of gaps
    strict, plain = sparse(1.0, **wide), sparse(0.0, **wide)
    assert (shares(strict) < 1).all()
    assert (shares(strict) >= shares(plain)).all() and shares(strict).mean() > shares(plain).mean()
    assert all(same(strict[index], sparse(1.0, **wide)[index]) for index in range(5))


def test_nodata_of_the_image_counts_as_unlabelled(write, legend) -> None:
    image = np.ones((1, 60, 60), np.uint8)
    image[:, :, :15] = 0
    mask = np.ones((60, 60), np.uint8)
    mask[:, 50:] = 2
    scene = Scene("s", write("s.tif", image, nodata=0), write("m.tif", mask))
    tiles = RandomTiles([Region(scene, "train")], spec(labelled=1.0, tile=8), legend, length=20, seed=0)
    assert all(tiles[index]["window"][1] >= 15 for index in range(20))


def test_a_part_of_one_class_is_refused_before_training(write, legend) -> None:
    scenes = [
        Scene(name, write(f"{name}.tif", np.ones((1, 40, 40), np.uint8)), write(f"{name}_m.tif", mask))
        for name, mask in (("a", np.full((40, 40), 1, np.uint8)), ("b", np.full((40, 40), 2, np.uint8)))
    ]
    with pytest.raises(DataError, match=r"a_m\.tif: is all class 1, as is every other label of the training part"):
        RandomTiles([Region(scenes[0], "train")], spec(), legend, length=1, seed=0)
    GridTiles([Region(scenes[0], "val")], spec(), legend)
    RandomTiles([Region(scene, "train") for scene in scenes], spec(), legend, length=1, seed=0)


def test_zooming_out_shows_ground_and_ignores_what_is_unknown(regions, legend) -> None:
    change = AugmentSpec(flip=False, rotate=False, zoom=(0.5, 0.5))
    sample = RandomTiles(regions[:1], spec(), legend, length=1, seed=0, augment=change)[0]
    assert sample["window"][2:].tolist() == [32, 32] and sample["valid"].all()
    small = RandomTiles(regions[2:], spec(), legend, length=1, seed=0, augment=change)[0]
    assert small["window"][2:].tolist() == [10, 32]
    assert (small["mask"][5:] == 255).all() and (small["mask"][:5] != 255).all()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 30))
def test_grid_covers_every_pixel_once(coordinates, legend, height, width, tile) -> None:
    grid = GridTiles([Region(Scene("s", *coordinates("s", 0, height, width)), "val")], spec(tile=tile), legend)
    covered = np.zeros((height, width), int)
    for sample in (grid[index] for index in range(len(grid))):
        assert sample["mask"].shape == (tile, tile)
        seen = sample["image"][1:, sample["valid"]].long().numpy()
        np.add.at(covered, tuple(seen), 1)
    assert (covered == 1).all()


def test_grid_is_thinned_evenly(regions, legend) -> None:
    every = GridTiles(regions, spec(tile=8), legend)
    some = GridTiles(regions, spec(tile=8), legend, limit=7)
    assert len(some) == 7 and len(every) > 50
    assert {some[index]["source"] for index in range(7)} == {"0", "1", "2"}
    with pytest.raises(IndexError):
        some[7]


def test_codes_that_the_survey_missed_are_reported_at_reading(write, legend) -> None:
    mask = np.zeros((3000, 300), np.uint8)
    mask[1500, 150] = 9
    region = Region(Scene("s", write("s.tif", np.ones((1, 3000, 300), np.uint8)), write("m.tif", mask)), "val")
    regions = [*[Region(region.scene, "val") for _ in range(64)], region]  # one window each
    grid = GridTiles(regions, spec(tile=300), legend)
    with pytest.raises(DataError, match=r"m\.tif.* 9 "):
        for index in range(len(grid)):
            grid[index]


def heights_of(number: int, height: int, width: int) -> np.ndarray:
    """A height that tells number, row and column of every pixel."""
    return (number * 100 + np.add.outer(np.arange(height) * 0.5, np.arange(width) * 0.25)).astype(np.float32)


def test_heights_go_with_their_pixels(write, coordinates, legend) -> None:
    pairs = [coordinates(str(n), n, 40, 50) for n in range(2)]
    heights = write("h.tif", heights_of(1, 40, 50))
    scenes = [Scene("0", *pairs[0]), Scene("1", *pairs[1], height=heights)]
    regions = [Region(scene, "train") for scene in scenes]
    tiles = RandomTiles(regions, spec(), legend, length=20, seed=0, augment=AugmentSpec(zoom=(0.99, 1.01)))
    for sample in (tiles[index] for index in range(20)):
        assert sample["height"].shape == (16, 16) and sample["height"].dtype == torch.float32
        if sample["source"] == "0":  # a scene without heights beside one with
            assert sample["height"].isnan().all()
        else:
            _, rows, cols = sample["image"]
            torch.testing.assert_close(sample["height"], 100 + rows * 0.5 + cols * 0.25)
    grid = GridTiles(regions, spec(), legend)
    assert grid[len(grid) - 1]["height"][-1, -1].isnan()  # filling
    assert "height" not in RandomTiles(regions[:1], spec(), legend, length=1, seed=0)[0]
    batch = next(iter(make_loader(grid, 4)))
    assert batch["height"].shape == (4, 16, 16)


def test_tiles_of_scenes_without_labels_show_valid_ground(write, legend) -> None:
    image = np.ones((1, 60, 60), np.uint8)
    image[:, :, :15] = 0
    region = Region(Scene("s", write("s.tif", image, nodata=0), None), "train")
    data = spec(labelled=1.0, tile=8, balance=0.5)
    tiles = RandomTiles([region], data, legend, length=30, seed=0)
    assert tiles.survey.usable.tolist() == [2700] and not tiles.survey.positions and tiles.survey.heights is None
    for sample in (tiles[index] for index in range(30)):
        assert sample["valid"].all() and (sample["mask"] == 255).all() and "height" not in sample
    grid = GridTiles([region], data, legend)
    assert sum(int(grid[index]["valid"].sum()) for index in range(len(grid))) == 2700
    small = Region(Scene("t", write("t.tif", image[:, :5, 15:]), None), "train")
    assert RandomTiles([small], spec(), legend, length=1, seed=0)[0]["valid"].sum() == 5 * 16


def test_tiles_of_heights_alone_lie_where_heights_are(write, legend) -> None:
    heights = np.full((60, 60), np.nan, np.float32)
    heights[:, 15:] = 3
    image = write("s.tif", np.ones((1, 60, 60), np.uint8))
    region = Region(Scene("s", image, None, height=write("h.tif", heights)), "train")
    tiles = RandomTiles([region], spec(labelled=1.0, tile=8), legend, length=20, seed=0)
    assert tiles.survey.usable.tolist() == [2700]
    assert all(tiles[index]["height"].isfinite().all() for index in range(20))


def test_pairs_of_two_dates(write, legend) -> None:
    dates = [np.full((3, 30, 30), value, np.uint8) for value in (10, 20)]
    mask = np.zeros((30, 30), np.uint8)
    mask[10:20] = 1
    before, image = (write(f"{n}.tif", date) for n, date in enumerate(dates))
    region = Region(Scene("s", image, write("m.tif", mask), before=before), "train")
    sample = RandomTiles([region], spec(), legend, length=1, seed=0)[0]
    assert sample["image"].shape == (6, 16, 16)
    assert (sample["image"][:3] == 10).all() and (sample["image"][3:] == 20).all()
