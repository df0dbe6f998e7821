import pickle

import numpy as np
import pytest
import torch

from landwright.data import reading
from landwright.data.reading import Patch, SceneReader, known_pixels, pad_to
from landwright.data.scenes import Scene
from landwright.errors import DataError
from landwright.rasters import Window
from landwright.recipe import DataSpec

SPEC = DataSpec(images="unused", labels="unused")


def make(write, image, mask, **profile) -> Scene:
    return Scene("s", write("s.tif", image, **profile), write("s_mask.tif", mask))


def test_reads_sensor_units_and_indices(write, legend) -> None:
    image = np.arange(2 * 6 * 8, dtype=np.uint16).reshape(2, 6, 8) * 500
    mask = np.arange(48, dtype=np.uint8).reshape(6, 8) % 3
    patch = SceneReader(SPEC, legend).read(make(write, image, mask), Window(1, 2, 4, 5))
    assert patch.image.dtype == torch.float32 and patch.mask.dtype == torch.uint8 and patch.valid.dtype == torch.bool
    np.testing.assert_array_equal(patch.image, image[:, 1:5, 2:7].astype(np.float32))
    np.testing.assert_array_equal(patch.mask, mask[1:5, 2:7])
    assert patch.valid.all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_become_zero_and_ignored(write, legend, bad) -> None:
    image = np.ones((2, 4, 4), np.float32)
    image[1, 2, 3] = bad
    patch = SceneReader(SPEC, legend).read(make(write, image, np.ones((4, 4), np.uint8)), Window(0, 0, 4, 4))
    assert not patch.valid[2, 3] and patch.valid.sum() == 15
    assert patch.mask[2, 3] == 255 and (patch.image[:, 2, 3] == 0).all()
    assert torch.isfinite(patch.image).all()


def test_nodata_is_ignored(write, legend) -> None:
    image = np.full((1, 4, 4), 7, np.uint8)
    image[0, 0] = 0
    patch = SceneReader(SPEC, legend).read(make(write, image, np.ones((4, 4), np.uint8), nodata=0), Window(0, 0, 4, 4))
    assert patch.valid.sum(1).tolist() == [0, 4, 4, 4]
    assert (patch.mask[0] == 255).all() and (patch.mask[1:] == 1).all()


def test_resampling_averages_images_and_keeps_codes(write, legend) -> None:
    image = np.zeros((1, 8, 8), np.uint8)
    image[:, :, ::2] = 100
    mask = np.repeat(np.array([[0, 2]], np.uint8), 4, axis=1).repeat(8, axis=0)
    patch = SceneReader(SPEC, legend).read(make(write, image, mask), Window(0, 0, 8, 8), (4, 4))
    assert patch.image.shape == (1, 4, 4) and patch.mask.shape == patch.valid.shape == (4, 4)
    assert patch.mask.unique().tolist() == [0, 2]
    assert patch.image[0, 1, 1:3] == pytest.approx(50, abs=13)


def test_resampling_does_not_mix_nodata_in(write, legend) -> None:
    image = np.full((1, 8, 8), 200, np.uint8)
    image[:, :, 3:5] = 0
    scene = make(write, image, np.ones((8, 8), np.uint8), nodata=0)
    patch = SceneReader(SPEC, legend).read(scene, Window(0, 0, 8, 8), (16, 16))
    assert patch.image[0, patch.valid].tolist() == pytest.approx([200] * int(patch.valid.sum()))
    assert (patch.image[0, ~patch.valid] == 0).all() and (patch.mask[~patch.valid] == 255).all()


def test_padding_mirrors_the_image_and_ignores_the_mask() -> None:
    image = torch.arange(6, dtype=torch.float32).reshape(1, 2, 3)
    padded = pad_to(Patch(image, torch.ones(2, 3, dtype=torch.uint8), torch.ones(2, 3, dtype=torch.bool)), 7)
    assert padded.image[0, 0].tolist() == [0, 1, 2, 1, 0, 1, 2]
    assert padded.image[0, :, 0].tolist() == [0, 3, 0, 3, 0, 3, 0]
    assert (padded.mask == 1).sum() == padded.valid.sum() == 6 and (padded.mask == 255).sum() == 43
    one = torch.ones(1, 1, 1)
    assert pad_to(Patch(one, one[0].to(torch.uint8), one[0].bool()), 3).image.tolist() == torch.ones(1, 3, 3).tolist()


def test_handles_are_bounded_and_stay_behind_when_pickled(write, legend, monkeypatch) -> None:
    monkeypatch.setattr(reading, "_OPEN_SCENES", 2)
    scenes = [
        Scene(
            str(n), write(f"{n}.tif", np.full((1, 4, 4), n, np.uint8)), write(f"m{n}.tif", np.zeros((4, 4), np.uint8))
        )
        for n in range(4)
    ]
    reader = SceneReader(SPEC, legend)
    for scene in [*scenes, *scenes]:
        assert reader.read(scene, Window(0, 0, 1, 1)).image.item() == int(scene.name)
    assert len(reader._handles) == 2
    copy = pickle.loads(pickle.dumps(reader))
    assert len(copy._handles) == 0
    assert copy.info(scenes[0]).shape == (4, 4)
    assert copy.read(scenes[3], Window(0, 0, 1, 1)).image.item() == 3
    reader.close()
    assert len(reader._handles) == 0


def test_pairs_are_checked(write, legend) -> None:
    mask = write("m.tif", np.zeros((4, 4), np.uint8))
    grey, colour = (write(f"{bands}.tif", np.zeros((bands, 4, 4), np.uint8)) for bands in (1, 3))
    other = write("m2.tif", np.zeros((4, 4), np.uint8))
    with pytest.raises(DataError, match="no georeference"):
        SceneReader(SPEC, legend).check([Scene("a", grey, mask), Scene("b", colour, mask)])
    with pytest.raises(DataError, match=r"has 3 bands, .* has 1"):
        SceneReader(SPEC, legend).check([Scene("a", grey, mask), Scene("b", colour, other)])
    wrong_size = write("m3.tif", np.zeros((4, 5), np.uint8))
    with pytest.raises(DataError, match="5 x 4"):
        SceneReader(SPEC, legend).check([Scene("a", grey, wrong_size)])


def test_one_georeferenced_mask_serves_several_images(write, legend) -> None:
    mask = np.arange(64, dtype=np.uint8).reshape(8, 8) % 3
    label = write("all.tif", mask, origin=(0, 8))
    blank = np.ones((1, 4, 4), np.uint8)
    scenes = [
        Scene("a", write("a.tif", blank, origin=(0, 8)), label),
        Scene("b", write("b.tif", blank, origin=(4, 4)), label),
    ]
    reader = SceneReader(SPEC, legend)
    reader.check(scenes)
    np.testing.assert_array_equal(reader.read(scenes[1], Window(0, 0, 4, 4)).mask, mask[4:, 4:])
    far = Scene("far", write("far.tif", blank, origin=(100, 4)), label)
    with pytest.raises(DataError, match="overlap"):
        reader.check([far])


def test_grid_of_a_scene_that_was_not_opened_yet(write, legend) -> None:
    scene = make(write, np.ones((1, 3, 5), np.uint8), np.zeros((3, 5), np.uint8))
    assert SceneReader(SPEC, legend).info(scene).shape == (3, 5)
    assert SceneReader(SPEC, legend).cells(scene) is None


def test_a_scene_without_label_is_ignored_everywhere(write, legend) -> None:
    scene = Scene("s", write("s.tif", np.full((1, 4, 4), 9, np.uint8)), None)
    reader = SceneReader(SPEC, legend)
    reader.check([scene, Scene("t", write("t.tif", np.ones((1, 4, 4), np.uint8)), None)])
    patch = reader.read(scene, Window(0, 0, 2, 3))
    assert patch.mask.dtype == torch.uint8 and (patch.mask == 255).all()
    assert patch.valid.all() and patch.height is None
    assert (reader.notes(scene), reader.cells(scene)) == ((), None)


def test_heights_are_unknown_where_the_image_is_invalid(write, legend) -> None:
    image = np.full((1, 4, 4), 7, np.uint8)
    image[0, 0] = 0
    heights = np.arange(16, dtype=np.float32).reshape(4, 4)
    heights[3, 3] = np.nan
    scene = Scene("s", write("s.tif", image, nodata=0), None, height=write("h.tif", heights))
    patch = SceneReader(SPEC, legend).read(scene, Window(0, 0, 4, 4))
    assert patch.height.dtype == torch.float32
    assert patch.height.isnan().tolist() == [[True] * 4, [False] * 4, [False] * 4, [False] * 3 + [True]]
    assert known_pixels(patch, scene).sum() == 11


def test_resampling_takes_known_heights_alone(write, legend) -> None:
    heights = np.full((8, 8), 12, np.float32)
    heights[:, 3:5] = 9999
    image = write("s.tif", np.ones((1, 8, 8), np.uint8))
    scene = Scene("s", image, None, height=write("h.tif", heights))
    for size in ((4, 4), (16, 16)):
        patch = SceneReader(SPEC, legend).read(scene, Window(0, 0, 8, 8), size)
        known = patch.height.isfinite()
        assert patch.height.shape == patch.mask.shape == size and 0 < known.float().mean() < 1
        assert patch.height[known].numpy() == pytest.approx(12, abs=1e-4)  # metres, at any zoom


def test_padding_leaves_heights_unknown() -> None:
    one = torch.ones(2, 3)
    padded = pad_to(Patch(one[None], one.to(torch.uint8), one.bool(), one * 5), 4)
    assert padded.height.shape == (4, 4) and padded.height.isfinite().sum() == 6
    assert (padded.height[:2, :3] == 5).all()


def test_the_earlier_image_comes_first(write, legend) -> None:
    after, before = np.full((2, 4, 4), 5, np.uint8), np.full((2, 4, 4), 3, np.uint8)
    before[:, 0], after[:, 3] = 0, 0
    mask = np.ones((4, 4), np.uint8)
    scene = Scene("s", write("a.tif", after, nodata=0), write("m.tif", mask), before=write("b.tif", before, nodata=0))
    reader = SceneReader(DataSpec(images="unused", labels="unused", bands=[2]), legend)
    patch = reader.read(scene, Window(0, 0, 4, 4))
    assert patch.image[:, 1, 0].tolist() == [3, 5]
    assert patch.valid.all(1).tolist() == [False, True, True, False]  # nodata of either date
    assert (patch.mask[[0, 3]] == 255).all() and (patch.mask[1:3] == 1).all()
    with pytest.raises(DataError, match=r"a\.tif: has 1 bands, .*a\.tif has 2"):
        reader.check([scene, Scene("t", scene.image, scene.label and write("n.tif", mask))])


def test_files_of_a_scene_are_checked_and_noted(write, legend) -> None:
    image = np.ones((1, 8, 8), np.uint8)
    heights = np.ones((8, 8), np.float32)
    placed = write("i.tif", image, origin=(0, 8))
    scene = Scene(
        "s", placed, None, height=write("h.tif", heights, origin=(4, 8)), before=write("b.tif", image, origin=(0.3, 8))
    )
    notes = SceneReader(SPEC, legend).notes(scene)
    assert any("covers 50.0% of the image" in note for note in notes)
    assert any("0.30 pixels off" in note for note in notes)
    reader = SceneReader(SPEC, legend)
    with pytest.raises(DataError, match=r"elsewhere\.tif: does not overlap"):
        reader.check([Scene("s", placed, None, height=write("elsewhere.tif", heights, origin=(90, 8)))])
    bare = write("bare.tif", heights)
    scenes = [Scene(name, write(f"{name}.tif", image), None, height=bare) for name in "xy"]
    with pytest.raises(DataError, match=r"bare\.tif: is the height raster of .* which have no georeference"):
        reader.check(scenes)
