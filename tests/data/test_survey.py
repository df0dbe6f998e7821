import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landwright.data.reading import SceneReader
from landwright.data.scenes import Scene
from landwright.data.splits import Region
from landwright.data.survey import grid_windows, survey, thin
from landwright.errors import DataError
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
