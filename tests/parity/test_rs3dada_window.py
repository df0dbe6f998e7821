"""RS3DAda's published tiling and test-time augmentation, run on a stub network through the engine."""

import json

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from torch import nn

from landwright.bundles import IMAGENET_MEAN, Bundle, Card, NetworkCard, Normalization, TilingCard
from landwright.engine import PredictOptions, padded_starts, predict_raster
from landwright.legends import load_legend
from landwright.networks import Outputs
from landwright.rasters.blend import profile

PATCH, STRIDE = 56, 28
HEIGHTS = 1e-5


class Stub(nn.Module):
    """The stand-in of the stored cases: it looks at the pixel and at its place in the window."""

    def forward(self, image):
        height, width = image.shape[-2:]
        col, row = torch.linspace(-1, 1, width)[None, None], torch.linspace(-1, 1, height)[None, :, None]
        bands = [image[:, band] for band in range(3)]
        metres = (bands[0] + 2 * bands[1] - bands[2]) * (1 + 0.5 * col + 0.25 * row)
        logits = [
            bands[k % 3] * (0.5 + 0.1 * k) * (1 if k < 4 else -1) + 0.4 * col * np.cos(k) + 0.4 * row * np.sin(k)
            for k in range(8)
        ]
        return Outputs(torch.stack(logits, dim=1), height=metres[:, None])


@pytest.fixture(scope="module")
def published(parity):
    case = parity("rs3dada")
    with np.load(case.folder / "ops.npz") as stored:
        return case, dict(stored)


def entry(published, name):
    (found,) = [entry for entry in published[0].losses["entries"] if entry["name"] == name]
    return found


@pytest.mark.parametrize("tta", ["none", "flip"])
def test_heights_and_classes_are_those_of_the_published_scripts(published, tmp_path, tta):
    case, stored = published
    pixels = np.clip(np.floor(case.fill.image(401, (4, 130, 100)) * 45 + 120), 0, 255).astype(np.uint8)
    place = {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 5e5, 0, -0.5, 5.3e6), "photometric": "MINISBLACK"}
    with rasterio.open(
        tmp_path / "image.tif", "w", driver="GTiff", count=4, height=130, width=100, dtype="uint8", **place
    ) as file:
        file.write(pixels)
    scaling = Normalization(divide=1, mean=tuple(255 * mean for mean in IMAGENET_MEAN), std=(58.395, 57.12, 57.375))
    card = Card(
        name="stub",
        regime="imported",
        network=NetworkCard(name="stub", classes=8),
        bands=("red", "green", "blue"),
        normalization=scaling,
        legend=load_legend("openearthmap-8"),
        outputs=("classes", "height"),
        tiling=TilingCard(tile=PATCH, overlap=1 - STRIDE / PATCH, blend="rs3dada"),
    )
    options = PredictOptions(bands=[1, 2, 3], tta=tta, device="cpu")
    result = predict_raster(Bundle(card, Stub()), tmp_path / "image.tif", tmp_path / "map.tif", options=options)
    with rasterio.open(result.path) as classes, rasterio.open(result.height_map) as heights:
        indices, metres = card.legend.encode(classes.read(1)), heights.read(1)
    suffix = "tta0" if tta == "none" else "tta1"
    difference = np.abs(metres - stored[f"height_{suffix}"]).max()
    assert difference <= HEIGHTS, f"heights differ by {difference:.1e} m"
    assert metres.min() < 0, "published heights are not clamped"
    np.testing.assert_array_equal(indices, stored[f"segmentation_{suffix}"])


@pytest.mark.parametrize(("patch", "stride"), [(56, 28), (1022, 511), (56, 40)])
def test_weights(published, patch, stride):
    expected = entry(published, f"tile_weight_{patch}_{stride}")["expected"]
    side = profile(patch, "rs3dada", stride=stride)
    weights = np.outer(side, side)
    np.testing.assert_allclose(weights[0, 0], expected["corner"], rtol=1e-6)
    np.testing.assert_allclose(weights[patch // 2, patch // 2], expected["centre"], rtol=1e-6)
    np.testing.assert_allclose(weights.mean(), expected["mean"], rtol=1e-6)


def test_grid(published):
    given = entry(published, "tile_grid")
    patch, stride = given["inputs"]["patch"], given["inputs"]["stride"]
    for size, counts in given["expected"].items():
        height, width = map(int, size.split("x"))
        overlap = 1 - stride / patch
        found = [len(padded_starts(side, patch, overlap)) for side in (height, width)]
        assert found == counts, (size, json.dumps(found))
