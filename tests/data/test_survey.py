from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from landwright.data.reading import SceneReader
from landwright.data.scenes import Scene
from landwright.data.splits import Region
from landwright.data.survey import check_classes, grid_windows, survey, thin
from landwright.errors import DataError
from landwright.legends import load_legend
from landwright.rasters import Window
from landwright.recipe import DataSpec

SPEC = DataSpec(images="unused", labels="unused")


def region(write, name: str, image, mask, window=None, **profile) -> Region:
    return Region(Scene(name, write(f"{name}.tif", image, **profile), write(f"{name}_m.tif", mask)), "train", window)


@given(st.integers(1, 500), st.one_of(st.none(), st.integers(1, 600)))
def test_thin_spreads_without_repetition(count: int, limit: int | None) -> None:
    places = thin(count, limit)
    assert len(places) == min(count, limit or count)
    assert (np.diff(places) > 0).all() and places[0] >= 0 and places[-1] < count
    if len(places) > 1:
        assert np.ptp(np.diff(places)) <= 1


@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 40), st.integers(1, 40), st.integers(1, 17))
def test_grid_windows_cover_once(row: int, col: int, height: int, width: int, side: int) -> None:
    covered = np.zeros((60, 60), int)
    for top, left, rows, cols in grid_windows(Window(row, col, height, width), side):
        covered[top : top + rows, left : left + cols] += 1
    assert covered.sum() == height * width
    assert (covered[row : row + height, col : col + width] == 1).all()


def test_counts_usable_pixels_and_finds_classes(write, legend) -> None:
    mask = np.zeros((300, 300), np.uint8)
    mask[280:, 290:] = 2
    mask[:10] = 255
    whole = region(write, "a", np.ones((1, 300, 300), np.uint8), mask)
    part = Region(whole.scene, "train", Window(270, 280, 20, 15))
    found = survey(SceneReader(SPEC, legend), [whole, part])
    assert found.usable.tolist() == [290 * 300, 300]
    assert found.histogram.tolist() == [290 * 300 - 200 + 250, 0, 200 + 50]
    assert sorted(found.positions) == [0, 2]
    for index, places in found.positions.items():
        assert (mask[places[:, 1], places[:, 2]] == index).all()
        assert set(places[:, 0]) == {0, 1}


def test_goes_on_until_a_label_is_found(write, legend) -> None:
    mask = np.full((1100, 1100), 255, np.uint8)
    mask[-1, -1] = 1
    found = survey(SceneReader(SPEC, legend), [region(write, "a", np.ones((1, 1100, 1100), np.uint8), mask)], windows=1)
    assert found.usable[0] > 0 and list(found.positions) == [1]


def test_a_scene_without_any_valid_pixel_is_named(write, legend) -> None:
    zeros, labels = np.zeros((1, 300, 300), np.uint8), np.zeros((300, 300), np.uint8)
    good = region(write, "good", zeros + 1, labels, nodata=0)
    empty = region(write, "empty", zeros, labels, nodata=0)
    with pytest.raises(DataError, match=r"empty\.tif: has no valid pixel"):
        survey(SceneReader(SPEC, legend), [good, empty])


def test_scenes_without_labels_weigh_nothing(write, legend) -> None:
    image, unlabelled = np.ones((1, 20, 20), np.uint8), np.full((20, 20), 255, np.uint8)
    empty = region(write, "empty", image, unlabelled)
    good = region(write, "good", image, np.zeros((20, 20), np.uint8))
    assert survey(SceneReader(SPEC, legend), [empty, good]).usable.tolist() == [0, 400]
    with pytest.raises(DataError, match="no pixel of a class"):
        survey(SceneReader(SPEC, legend), [empty])


def test_codes_outside_the_legend_are_reported_with_the_file(write, legend) -> None:
    bad = region(write, "bad", np.ones((1, 20, 20), np.uint8), np.full((20, 20), 9, np.uint8))
    with pytest.raises(DataError, match=r"bad_m\.tif.* 9 \(400 px\)"):
        survey(SceneReader(SPEC, legend), [bad])


def test_unknown_colours_are_reported_with_the_file(write, legend) -> None:
    label = write("rgb_m.png", np.full((3, 20, 20), 77, np.uint8))
    scene = Scene("rgb", write("rgb.tif", np.ones((1, 20, 20), np.uint8)), label)
    with pytest.raises(DataError, match=r"rgb_m\.png.*77,77,77"):
        survey(SceneReader(SPEC, legend), [Region(scene, "train")])


def test_training_looks_on_until_a_second_class_is_found(write, legend) -> None:
    mask = np.zeros((1100, 1100), np.uint8)
    mask[-1, -1] = 2
    one = region(write, "a", np.ones((1, 1100, 1100), np.uint8), mask)
    glance = survey(SceneReader(SPEC, legend), [one], windows=1)
    found = survey(SceneReader(SPEC, legend), [one], windows=1, training=True)
    assert list(glance.positions) == [0] and list(found.positions) == [0, 2]
    assert found.positions[2].tolist() == [[0, 1099, 1099]]
    assert found.histogram.tolist() == [1100 * 1100 - 1, 0, 1]  # every pixel once
    assert found.usable.tolist() == glance.usable.tolist() == [1100 * 1100]


def test_training_on_one_class_is_refused(write, legend) -> None:
    bare = [region(write, name, np.ones((1, 300, 300), np.uint8), np.ones((300, 300), np.uint8)) for name in "ab"]
    assert list(survey(SceneReader(SPEC, legend), bare).positions) == [1]
    with pytest.raises(DataError, match=r"a_m\.tif: is all class 1, as is every other label"):
        survey(SceneReader(SPEC, legend), bare, windows=1, training=True)


def coarse_label(write, name: str, size: float, value: int, *, where: float = 0) -> str:
    """Write a label raster of 3 x 3 cells, the middle one of which lies on the image (if it is large enough)."""
    transform = Affine(size, 0, 500_000 - size * 1.4 + where, 0, -size, 5_000_000 + size * 1.4)
    codes = np.array([[0, 0, 0], [0, value, 0], [0, 0, 0]], np.uint8)
    return write(f"{name}.tif", codes, crs="EPSG:32632", transform=transform)


def test_cells_larger_than_every_scene_are_refused(write, legend) -> None:
    def scene(name: str, size: float, value: int) -> Region:
        image = write(f"{name}.tif", np.ones((1, 40, 60), np.uint8), origin=(500_000, 5_000_000))
        return Region(Scene(name, image, coarse_label(write, f"{name}_m", size, value)), "train")

    small, other = scene("small", 400, 1), scene("other", 400, 2)
    fine = scene("fine", 30, 1)
    reader = SceneReader(SPEC, legend)
    assert reader.cells(small.scene) == pytest.approx((0.1, 0.15))
    assert reader.cells(fine.scene) == pytest.approx((40 / 30, 2))
    with pytest.raises(DataError, match=r"small_m\.tif: is too coarse: .* larger than .*small\.tif, and so"):
        survey(reader, [small, other], training=True)
    assert survey(reader, [small, fine], training=True).histogram.tolist()[1] > 0
    survey(reader, [small])  # nothing is learnt from a val part


def test_cells_of_labels_on_the_image_grid_are_not_counted(write, legend) -> None:
    plain = region(write, "a", np.ones((1, 20, 20), np.uint8), np.zeros((20, 20), np.uint8))
    reader = SceneReader(SPEC, legend)
    assert reader.cells(plain.scene) is None and reader.cells(plain.scene) is None


def test_classes_are_checked_by_their_histogram(legend) -> None:
    check_classes(np.array([0, 5, 1]), legend, Path("a.tif"))
    with pytest.raises(DataError, match=r"a\.tif: is all class 2"):
        check_classes(np.array([0, 0, 7]), legend, Path("a.tif"))


def measured(write, name: str, mask, heights) -> Region:
    found = region(write, name, np.ones((1, *heights.shape), np.uint8), mask)
    return Region(replace(found.scene, height=write(f"{name}_h.tif", heights.astype(np.float32))), "train")


def test_heights_are_looked_at_too(write) -> None:
    trees = load_legend("surface-3")
    mask = np.zeros((100, 100), np.uint8)
    mask[:50] = 1
    heights = np.where(mask == 1, 30.0, 1000.0)
    heights[90:], heights[50] = -2, np.nan
    found = survey(SceneReader(SPEC, trees), [measured(write, "a", mask, heights)], training=True)
    assert found.heights is not None
    assert (found.heights.unknown, found.heights.beyond, found.heights.negative) == pytest.approx((0.4, 0.39, 0.1))
    assert len(found.notes) == 3 and "median of trees is 30" in found.notes[2]
    plain = survey(SceneReader(SPEC, trees), [region(write, "b", np.ones((1, 9, 9), np.uint8), mask[:9, :9])])
    assert plain.heights is None and plain.notes == ()


def test_heights_of_which_none_is_known_are_refused_in_training(write, legend) -> None:
    mask = np.arange(64, dtype=np.uint8).reshape(8, 8) % 3
    blank = measured(write, "a", mask, np.full((8, 8), 9999.0))
    survey(SceneReader(SPEC, legend), [blank])
    with pytest.raises(DataError, match=r"a_h\.tif: has no usable height"):
        survey(SceneReader(SPEC, legend), [blank], training=True)
    alone = Region(replace(blank.scene, label=None), "val")
    with pytest.raises(DataError, match="has no usable height"):
        survey(SceneReader(SPEC, legend), [alone])


def test_what_has_no_label_is_not_asked_for_classes(write, legend) -> None:
    bare = [Region(Scene(n, write(f"{n}.tif", np.ones((1, 9, 9), np.uint8)), None), "train") for n in "ab"]
    assert survey(SceneReader(SPEC, legend), bare, training=True).usable.tolist() == [81, 81]
