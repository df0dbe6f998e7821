import numpy as np
import pytest

from landwright.data.scenes import Scene
from landwright.data.splits import Region
from landwright.data.statistics import band_statistics, class_histogram
from landwright.data.tiles import GridTiles
from landwright.errors import DataError
from landwright.recipe import DataSpec


def grid(write, legend, image, mask, tile=16, **profile) -> GridTiles:
    scene = Scene("s", write("s.tif", image, **profile), write("m.tif", mask))
    return GridTiles([Region(scene, "train")], DataSpec(images="i", labels="l", tile=tile), legend)


def test_agrees_with_numpy_over_valid_pixels(write, legend) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(40_000, 40_050, (2, 50, 37)).astype(np.uint16)
    image[:, :20, :20] = 0
    mask = np.zeros((50, 37), np.uint8)
    mean, std = band_statistics(grid(write, legend, image, mask, nodata=0), limit=1000)
    pixels = image[:, image[0] > 0].astype(np.float64)
    np.testing.assert_allclose(mean, pixels.mean(1))
    np.testing.assert_allclose(std, pixels.std(1), rtol=1e-6)


def test_a_limit_thins(write, legend) -> None:
    ramp = np.tile(np.arange(160, dtype=np.uint8), (16, 1))[None]
    mean, _ = band_statistics(grid(write, legend, ramp, np.zeros((16, 160), np.uint8)), limit=5)
    assert mean[0] == pytest.approx(ramp.mean(), abs=10)


def test_constant_bands_are_refused(write, legend) -> None:
    image = np.stack([np.arange(256, dtype=np.uint8).reshape(16, 16), np.full((16, 16), 3, np.uint8)])
    with pytest.raises(DataError, match="band 2 has the same value"):
        band_statistics(grid(write, legend, image, np.zeros((16, 16), np.uint8)))


def test_without_valid_pixels(write, legend) -> None:
    image = np.zeros((1, 16, 48), np.uint8)
    image[:, :, 16:32] = 1
    tiles = grid(write, legend, image, np.zeros((16, 48), np.uint8), nodata=0)
    tiles._cells = tiles._cells[:1]
    with pytest.raises(DataError, match="no valid pixel"):
        band_statistics(tiles)


def test_histogram(write, legend) -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[:4] = 2
    mask[4] = 255
    tiles = grid(write, legend, np.ones((1, 20, 20), np.uint8), mask)
    assert class_histogram(tiles).tolist() == [300, 0, 80]
