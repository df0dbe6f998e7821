"""Every registered network as a file of either kind: what it says is what the network says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from torch import nn
from torch.export import ExportedProgram

from landwright.bundles import Bundle, Card, NetworkCard, Normalization, TilingCard, load_bundle
from landwright.bundles.export import export_bundle
from landwright.bundles.export.graph import trace
from landwright.bundles.export.sensor import SensorNetwork
from landwright.engine import PredictOptions, predict_raster
from landwright.legends import load_legend
from landwright.networks import create_network, list_networks, network_info
from landwright.networks.registry import _ENTRIES

pytest.importorskip("onnxruntime", reason="onnxruntime comes with the extra export")
pytest.importorskip("onnxscript", reason="onnxscript comes with the extra export")

LEGEND = load_legend("isprs-6")
CASES = {
    "clcformer": ("clcformer", {"encoder": "compact"}),
    "paraformer": ("paraformer", {"encoder": "compact"}),
    "rs3dada": ("rs3dada", {"encoder": "compact"}),
    "rs3dada-height": ("rs3dada", {"encoder": "compact", "heads": "height"}),
    "change": ("change", {"encoder": "compact"}),
    "ctfa": ("ctfa", {"encoder": "compact"}),
    "ctfa-dynamic": ("ctfa", {"encoder": "compact", "aux_block": "dynamic"}),
    "clip": ("clip", {"architecture": "compact"}),
    "clip-gem": ("clip", {"architecture": "compact", "attention": "gem", "residual": True}),
    "clip-bilinear": ("clip", {"architecture": "compact", "residual": True, "upsampler": "bilinear"}),
    "smp-unet-both": ("smp:unet:tu-mobilenetv2_100", {"heads": "both"}),
    "smp-segformer": ("smp:segformer:tu-mobilenetv2_100", {}),
}
MAPPED = ("paraformer", "rs3dada", "ctfa", "clip")
"""Cases whose ONNX file also maps an image."""


def make(case: str, tile: int = 64, classes: int = len(LEGEND)) -> Bundle:
    name, options = CASES[case]
    info = network_info(name, **options)
    bands = 3 * info.dates
    torch.manual_seed(0)
    network = create_network(name, classes=classes, bands=bands, **options)
    card = Card(
        name=case,
        regime="imported",
        network=NetworkCard(name=name, options=options, classes=classes),
        bands=tuple(f"band {number}" for number in range(bands)),
        normalization=Normalization(mean=(0.4,) * bands, std=(0.2,) * bands),
        legend=LEGEND,
        outputs=info.heads,
        dates=info.dates,
        tiling=TilingCard(tile=tile),
    )
    return Bundle(card, network.eval())


@torch.no_grad()
def level(bundle: Bundle, image: torch.Tensor) -> None:
    """Give the classes of random weights even chances."""
    means = bundle.network(image).classes.mean(dim=(0, 2, 3))
    for module in bundle.network.modules():
        if isinstance(module, nn.Conv2d) and module.out_channels == len(LEGEND) and module.bias is not None:
            module.bias -= means


def test_every_registered_network_is_tried_here() -> None:
    tried = {name for name, _ in CASES.values()} | {"sam3"}
    ours = [name for name in list_networks() if _ENTRIES[name].build.__module__.startswith("landwright.")]
    assert all(any(name.startswith(entry) for name in tried) for entry in ours)


@pytest.fixture
def followed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make both files of a model from one graph: to follow the network takes half of the time."""
    made: list[ExportedProgram] = []

    def once(network: SensorNetwork, bands: int, tile: int) -> ExportedProgram:
        if not made:
            made.append(trace(network, bands, tile))
        return made[0]

    monkeypatch.setattr("landwright.bundles.export.export.trace", once)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.usefixtures("followed_once")
def test_both_files_say_what_the_network_says(case: str, tmp_path) -> None:
    bundle = make(case)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 16, 16), np.uint8).repeat(10, axis=1).repeat(10, axis=2)
    pixels[:, :20, :30] = 0
    if case in MAPPED:
        level(bundle, torch.from_numpy(pixels[None, :, :64, :64]) / 51 - 2)
    for suffix in (".pt2", ".onnx"):
        result = export_bundle(bundle, tmp_path / f"model{suffix}")
        assert len(result.outputs) == len(bundle.card.outputs)
        assert all(worst < result.tolerance / 3 for worst in result.differences.values()), result.differences
    if case in MAPPED:
        the_maps_are_the_same(bundle, load_bundle(result.path), pixels, tmp_path)


def the_maps_are_the_same(bundle: Bundle, loaded: Bundle, pixels: np.ndarray, folder: Path) -> None:
    """Assert that an ONNX file maps an image as the bundle that it is from."""
    # One look for a model of words, whose similarities are averaged before classes are made of them.
    side, tta = (64, "none") if bundle.card.network.name == "clip" else (150, "flip")
    image = folder / "image.tif"
    place = {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000), "nodata": 0}
    with rasterio.open(image, "w", driver="GTiff", count=3, height=side, width=side, dtype="uint8", **place) as file:
        file.write(pixels[:, :side, :side])
    maps = {}
    for name, model in (("bundle", bundle), ("onnx", loaded)):
        options = PredictOptions(device="cpu", tta=tta, batch=2)
        result = predict_raster(model, image, folder / name / "map.tif", options=options)
        maps[name] = [rasterio.open(path).read(1) for path in (result.path, result.confidence)]
        if result.height_map:
            maps[name].append(rasterio.open(result.height_map).read(1))
    assert np.array_equal(maps["onnx"][0], maps["bundle"][0])
    assert len(np.unique(maps["bundle"][0])) > 2
    assert np.abs(maps["onnx"][1].astype(int) - maps["bundle"][1]).max() <= 1
    for found, wanted in zip(maps["onnx"][2:], maps["bundle"][2:], strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-4)
