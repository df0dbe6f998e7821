import pickle

import numpy as np
import pytest
import torch

from landwright.data import reading
from landwright.data.reading import Patch, SceneReader, pad_to
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
