import subprocess
import sys
import time
from dataclasses import fields

import numpy as np
import pytest

from landwright.errors import UsageError
from landwright.legends import load_legend
from landwright.world import make_scene
from landwright.world.materials import BUILDING, ROAD, TREE, WATER
from landwright.world.style import FAMILIES, STYLES


def equal(first, second):
    return all(
        np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b
        for a, b in ((getattr(first, f.name), getattr(second, f.name)) for f in fields(first))
    )


@pytest.fixture(scope="module")
def scene():
    return make_scene(7, size=256, gsd=0.6, style="edge")


def test_same_seed_same_bytes_other_seed_other_place(scene):
    assert equal(scene, make_scene(7, size=256, gsd=0.6, style="edge"))
    other = make_scene(8, size=256, gsd=0.6, style="edge")
    assert (scene.classes != other.classes).mean() > 0.3


def test_shapes_types_and_ranges(scene):
    assert scene.image.shape == scene.before.shape == (3, 256, 256)
    assert scene.image.dtype == scene.before.dtype == scene.classes.dtype == scene.change.dtype == np.uint8
    assert scene.height.dtype == np.float32
    assert scene.classes.shape == scene.height.shape == scene.change.shape == (256, 256)
    assert set(np.unique(scene.classes)) <= set(load_legend("openearthmap-8").codes)
    assert set(np.unique(scene.change)) == {0, 255}
    assert scene.image.std() > 15
    assert scene.transform.a == 0.6
    assert scene.crs.to_epsg() == 32633


@pytest.mark.parametrize("family", ["grid_g05_mid", "terrain_g05_mid"])
@pytest.mark.parametrize("style", STYLES)
def test_labels_agree_with_heights_and_each_other(style, family):
    scene = make_scene(3, size=192, style=style, family=family)
    assert (scene.height[scene.classes == BUILDING] > 2).all()
    assert (scene.height[scene.classes == TREE] > 0.3).all()
    assert not scene.height[np.isin(scene.classes, (1, 2, WATER, 7))].any()
    gone_or_new = scene.change > 0
    assert not (gone_or_new & (scene.classes == TREE) & (scene.height < 1)).any()
    assert scene.style == style


def test_labels_agree_with_the_picture(scene):
    green = scene.image[1].astype(int) * 2 - scene.image[0] - scene.image[2]
    assert green[scene.classes == TREE].mean() > green[scene.classes == BUILDING].mean() + 5
    difference = np.abs(scene.image.astype(int) - scene.before).mean(0)
    assert difference[scene.change > 0].mean() > 1.5 * difference[scene.change == 0].mean()


def test_tags_name_the_classes_with_two_per_cent(scene):
    legend = load_legend("openearthmap-8")
    shares = {entry.name: (scene.classes == entry.code).mean() for entry in legend.classes}
    assert scene.tags == {name for name, share in shares.items() if share >= 0.02}


def test_near_infrared_adds_a_band_and_moves_nothing(scene):
    more = make_scene(7, size=256, gsd=0.6, style="edge", nir=True)
    assert np.array_equal(more.image[:3], scene.image)
    assert more.before.shape == (4, 256, 256)
    brighter = more.image[3].astype(int) - more.image[0]
    assert brighter[scene.classes == TREE].mean() > brighter[scene.classes == ROAD].mean() + 30


def test_the_corner_moves_the_coarse_grid_only(scene):
    moved = make_scene(7, size=256, gsd=0.6, style="edge", corner=(600001.0, 5300009.0))
    assert np.array_equal(moved.image, scene.image)
    assert moved.coarse_corner == (600000.0, 5300020.0)
    for each in (scene, moved):
        right, bottom = each.coarse_transform @ (each.coarse.shape[1], each.coarse.shape[0])
        assert right >= each.corner[0] + 256 * 0.6
        assert bottom <= each.corner[1] - 256 * 0.6


@pytest.mark.slow
def test_the_edge_of_town_holds_nearly_every_class():
    shares = (
        np.array([np.bincount(make_scene(s, gsd=0.6, style="edge").classes.ravel(), minlength=9)[1:] for s in range(6)])
        / 512**2
    )
    assert (shares > 0.01).sum(1).min() >= 6
    assert ((shares > 0.01).mean(0) >= 0.6).all()


def test_styles_and_gsds_are_drawn_by_the_seed():
    scenes = [make_scene(seed, size=32) for seed in range(20)]
    assert len({scene.style for scene in scenes}) >= 4
    assert all(0.3 <= scene.gsd <= 0.6 for scene in scenes)
    assert len({scene.gsd for scene in scenes}) > 10


@pytest.mark.parametrize("size", [16, 61])
def test_small_and_odd_sizes(size):
    assert make_scene(1, size=size, gsd=0.05).image.shape == (3, size, size)


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": -1},
        {"size": 8},
        {"gsd": 0.0},
        {"gsd": 99.0},
        {"coarse_gsd": 0.0},
        {"family": "x"},
        {"style": "x"},
        {"family": "grid_g05_mid_v1"},
        {"sensor": "x"},
        {"off_nadir": -1.0},
        {"off_nadir": 41.0},
    ],
)
def test_arguments_out_of_range(wrong):
    with pytest.raises(UsageError):
        make_scene(**({"seed": 1, "size": 32} | wrong))


def test_torch_stays_out():
    code = "import sys, landwright.world; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_makes_scenes_of_its_gsd(family):
    scene = make_scene(2, size=64, family=family)
    low, high = FAMILIES[family].gsd
    assert low <= scene.gsd <= high
    assert scene.family == family
    assert equal(scene, make_scene(2, size=64, family=family))


def test_hills_shade_the_picture_and_leave_the_heights_above_ground():
    scene = make_scene(5, size=256, family="terrain_g05_mid", style="mountain")
    open_ground = np.isin(scene.classes, (1, 2))
    assert not scene.height[open_ground].any()
    assert scene.image[1][open_ground].std() > 15


@pytest.mark.parametrize("family", ["grid_g05_high", "terrain_g05_high"])
def test_off_nadir_labels_are_those_of_the_picture(family):
    straight, leaning = (
        make_scene(4, size=192, gsd=0.6, style="urban", family=family, off_nadir=angle) for angle in (0, 30)
    )
    built = leaning.classes == BUILDING
    assert leaning.off_nadir == 30
    assert built.mean() > 1.1 * (straight.classes == BUILDING).mean()
    assert (leaning.height[built] > 0).all()
    assert (leaning.height[built] < 2).any()  # walls, seen down to the ground
    assert not leaning.height[np.isin(leaning.classes, (1, 2, WATER, 7))].any()
    moved = straight.classes != leaning.classes
    difference = np.abs(straight.image.astype(int) - leaning.image).mean(0)
    assert difference[moved].mean() > 2 * difference[~moved & (leaning.height == 0)].mean()
    assert set(np.unique(leaning.change)) == {0, 255}
    assert np.array_equal(straight.coarse, leaning.coarse)
    assert equal(leaning, make_scene(4, size=192, gsd=0.6, style="urban", family=family, off_nadir=30))


def test_off_nadir_lowers_no_tree_and_raises_no_ground():
    straight, leaning = (make_scene(6, size=128, style="suburb", off_nadir=angle) for angle in (0, 20))
    assert leaning.height.max() <= straight.height.max() + 1e-3
    assert (leaning.height > 1).mean() > (straight.height > 1).mean()


@pytest.mark.slow
@pytest.mark.parametrize(("family", "off_nadir"), [("terrain_g1_high", 0), ("grid_g05_mid", 30)])
def test_other_pairs_take_little_more(family, off_nadir, pace):
    times = []
    for seed in range(3):
        started = time.process_time()
        make_scene(seed, family=family, off_nadir=off_nadir)
        times.append(time.process_time() - started)
    assert np.median(times) < 1.5 * pace(time.process_time)


@pytest.mark.slow
def test_a_pair_of_512_takes_at_most_a_second(pace):
    times = []
    for seed in range(5):
        started = time.process_time()
        make_scene(seed)
        times.append(time.process_time() - started)
    assert np.median(times) < 1.0 * pace(time.process_time)
