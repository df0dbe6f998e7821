"""Maps of arrays are those of files."""

import numpy as np
import pytest
import rasterio
import torch

from landwright.bundles import words_bundle
from landwright.engine import PredictOptions, predict_raster
from landwright.legends import parse_words
from landwright.words import DenseClip
from landwright.words.mapping import normalized


@pytest.mark.parametrize("preset", ["landwright", "rs-ovss"])
@pytest.mark.parametrize("size", [(90, 130), (40, 100), (64, 64)])
def test_maps_of_files_are_the_same(saved, tmp_path, preset, size):
    """One map of an array, one of the same pixels in a file, by the engine."""
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    with rasterio.open(
        tmp_path / "a.tif",
        "w",
        driver="GTiff",
        height=size[0],
        width=size[1],
        count=3,
        dtype="uint8",
        crs="EPSG:32632",
        transform=rasterio.transform.from_origin(500000, 5000000, 0.3, 0.3),
    ) as file:
        file.write(pixels.transpose(2, 0, 1))
    vocabulary = parse_words("building, roof; road; tree; background")
    bundle = words_bundle("own", saved, vocabulary, preset=preset, settings={"activation": "gelu"})
    predict_raster(bundle, tmp_path / "a.tif", tmp_path / "map.tif", options=PredictOptions(device="cpu"))
    with rasterio.open(tmp_path / "map.tif") as file:
        codes = file.read(1)
    found = DenseClip("own", saved, activation="gelu").segment(pixels, vocabulary, preset=preset).indices
    assert (np.array([entry.code for entry in vocabulary.classes])[found] == codes).mean() > 0.9995
    assert len(np.unique(codes)) > 1


def test_scaling():
    image = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)[::-1]
    found = normalized(image, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4), torch.device("cpu"))
    expected = (image / 255 - (0.5, 0.4, 0.3)) / (0.2, 0.3, 0.4)
    np.testing.assert_allclose(found.numpy(), expected.transpose(2, 0, 1), atol=1e-6)
