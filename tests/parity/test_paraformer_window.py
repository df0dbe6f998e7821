"""Paraformer's whole published inference on a raster: windows, kernel, probabilities, classes."""

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine

from landwright.bundles.importers import import_checkpoint
from landwright.engine import KernelWeights, PredictOptions, Tiling, channels, predict_raster
from landwright.engine.classmap import ClassMap

pytestmark = pytest.mark.slow
CASE = "sliding_300x350"
TILING = Tiling(tile=224, overlap=0.5, blend="paraformer")


@pytest.fixture(scope="module")
def paraformer(parity):
    return parity("paraformer")


@pytest.fixture(scope="module")
def mapped(paraformer, tmp_path_factory):
    """The map of the case's raster through import and engine, and the blended probabilities that it was made of."""
    folder = tmp_path_factory.mktemp("window")
    torch.save(paraformer.weights(), folder / "epoch_99.pth")
    bundle = import_checkpoint(folder / "epoch_99.pth", "paraformer")
    height, width = 300, 350
    noise = paraformer.fill.image(paraformer.case(CASE)["input_seed"], (4, height, width))
    pixels = np.clip(np.round(128 + 40 * noise), 1, 255).astype(np.uint8)
    profile = {"driver": "GTiff", "count": 4, "height": height, "width": width, "dtype": "uint8", "crs": "EPSG:26918"}
    with rasterio.open(folder / "tile.tif", "w", transform=Affine(1, 0, 4e5, 0, -1, 4.7e6), **profile) as file:
        file.write(pixels)
    blended = np.full((17, height, width), np.nan, np.float32)

    class Recorder(ClassMap):
        def write(self, row, scores, valid):
            blended[:, row : row + scores.shape[1]] = scores.numpy()
            super().write(row, scores, valid)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(channels, "ClassMap", Recorder)
        options = PredictOptions(tile=TILING.tile, overlap=TILING.overlap, blend="paraformer", device="cpu")
        result = predict_raster(bundle, folder / "tile.tif", folder / "map.tif", options=options)
    with rasterio.open(result.path) as file:
        codes = file.read(1)
    return bundle, codes, blended


def test_classes_equal_the_published_map(paraformer, mapped):
    bundle, codes, _ = mapped
    assert bundle.legend.name == "nlcd-paraformer"
    indices = bundle.legend.encode(codes)
    expected = paraformer.arrays(CASE)["classes"]
    agreement = (indices == expected).mean()
    assert agreement >= 0.999, f"{agreement:.4%} of the pixels have the published class"


def test_blended_probabilities(paraformer, mapped):
    _, _, blended = mapped
    difference = np.abs(blended[:, ::10, ::10] - paraformer.arrays(CASE)["prob_sample"]).max()
    assert difference < 1e-5, f"probabilities differ by {difference:.1e}"


def test_windows_and_kernel_sums(paraformer):
    rows, cols = TILING.starts(300), TILING.starts(350)
    origins = [list(origin) for origin in ((row, col) for row in rows for col in cols)]
    assert origins == paraformer.case(CASE)["chip_origins_yx"]
    total = KernelWeights(TILING.tile, rows, cols, torch.device("cpu")).total(0, 300, 0, 350)
    np.testing.assert_array_equal(total[::4, ::4].numpy(), paraformer.arrays(CASE)["counts"])
