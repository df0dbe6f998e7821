import copy
import pickle

import numpy as np
import pytest
import rasterio
import torch
import yaml

from landwright.bundles import load_bundle
from landwright.bundles.export import OnnxNetwork, export, load_onnx
from landwright.bundles.export.metadata import CARD_KEY
from landwright.bundles.weights import checksum
from landwright.engine import PredictOptions, predict_raster
from landwright.engine.heads import ClassHead
from landwright.engine.score import PixelScorer
from landwright.errors import DataError, UsageError
from landwright.evaluation.tags.source import check_tagged

onnx = pytest.importorskip("onnx", reason="onnx comes with the extra export")
pytest.importorskip("onnxruntime", reason="onnxruntime comes with the extra export")
pytest.importorskip("onnxscript", reason="onnxscript comes with the extra export")


def changed(path, change):
    """A copy of a file with other content."""
    model = onnx.load(path)
    change(model)
    other = path.with_name("changed.onnx")
    onnx.save(model, other)
    return other


def test_it_says_what_the_bundle_says(onnx_file, bundle):
    found = load_bundle(onnx_file)
    assert isinstance(found.network, OnnxNetwork)
    assert found.path == onnx_file
    assert found.device == torch.device("cpu")
    assert found.legend == bundle.legend
    assert found.card.tiling.tile == 32
    assert found.card.weights_sha256 == checksum(onnx_file)
    image = torch.randn(3, 3, 32, 32)
    with torch.no_grad():
        wanted = bundle.network(image).classes
        for network in (found.network, copy.deepcopy(found.network), pickle.loads(pickle.dumps(found.network))):
            outputs = network(image)
            torch.testing.assert_close(outputs.classes.softmax(1), wanted.softmax(1), atol=1e-5, rtol=0)
            assert outputs.height is None


def test_another_size_is_refused(onnx_file):
    with pytest.raises(UsageError, match="windows of 32 x 32 pixels and 3 bands, not 64 x 32 and 3") as caught:
        load_bundle(onnx_file).network(torch.zeros(1, 3, 32, 64))
    assert "--tile" in caught.value.remedy


def test_windows_of_another_size_make_no_map(onnx_file, tmp_path):
    image = tmp_path / "image.tif"
    place = {"crs": "EPSG:32632", "transform": rasterio.Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)}
    with rasterio.open(image, "w", driver="GTiff", count=3, height=64, width=64, dtype="uint8", **place) as file:
        file.write(np.full((3, 64, 64), 100, np.uint8))
    loaded = load_bundle(onnx_file)
    for options in (PredictOptions(tile=16), PredictOptions(tta="scale")):
        with pytest.raises(UsageError, match="windows of 32 x 32 pixels"):
            predict_raster(loaded, image, tmp_path / "map.tif", options=options)
        assert not (tmp_path / "map.tif").exists()


def test_a_file_from_elsewhere_is_refused(onnx_file):
    def forget(model):
        del model.metadata_props[:]

    with pytest.raises(DataError, match="without a card of landwright"):
        load_bundle(changed(onnx_file, forget))


def entry_of(model):
    (entry,) = (entry for entry in model.metadata_props if entry.key == CARD_KEY)
    return entry


def test_a_card_of_another_file_is_refused(onnx_file):
    def swap(model):
        entry_of(model).value = entry_of(model).value.replace("tile: 32", "tile: 64")

    with pytest.raises(DataError, match="3 x 64 x 64 and 6 of probabilities, this one 3 x 32 x 32 and 6 of"):
        load_bundle(changed(onnx_file, swap))


def test_a_card_with_another_legend_is_refused(onnx_file):
    def shorten(model):
        card = yaml.safe_load(entry_of(model).value)
        card["legend"]["classes"].pop()
        card["network"]["classes"] -= 1
        entry_of(model).value = yaml.safe_dump(card)

    with pytest.raises(DataError, match=r"and 5 of probabilities, this one .* 6 of") as caught:
        load_bundle(changed(onnx_file, shorten))
    assert caught.value.remedy == "Export the bundle again"


def test_a_damaged_card_is_refused(onnx_file):
    def tear(model):
        entry_of(model).value = entry_of(model).value[:100]

    with pytest.raises(DataError) as caught:
        load_bundle(changed(onnx_file, tear))
    assert caught.value.path == str(onnx_file.with_name("changed.onnx"))


def test_half_a_file_is_refused(onnx_file):
    half = onnx_file.with_name("half.onnx")
    half.write_bytes(onnx_file.read_bytes()[: onnx_file.stat().st_size // 2])
    with pytest.raises(DataError, match="is not an ONNX file that onnxruntime can run") as caught:
        load_bundle(half)
    assert len(str(caught.value).splitlines()) == 1


def test_it_computes_in_32_bit_wherever_it_runs(onnx_file):
    found = load_bundle(onnx_file)
    heads = [ClassHead(len(found.legend))]
    for wanted in ("auto", "32"):
        scorer = PixelScorer(
            found.network, found.card.normalization, heads, device=torch.device("cpu"), precision=wanted
        )
        assert scorer.precision == "32"
    with pytest.raises(UsageError, match="an exported file, which computes with 32 bits"):
        PixelScorer(found.network, found.card.normalization, heads, device=torch.device("cpu"), precision="bf16")


def test_it_has_no_activation_maps(onnx_file):
    with pytest.raises(UsageError, match="exported file, which has no class activation maps") as caught:
        check_tagged(load_bundle(onnx_file))
    assert "Leave --tags out" in caught.value.remedy


def test_what_is_no_onnx_is_refused(tmp_path):
    path = tmp_path / "text.onnx"
    path.write_text("no model")
    with pytest.raises(DataError, match="is not an ONNX file that onnxruntime can run"):
        load_bundle(path)
    with pytest.raises(DataError, match="there is no such file"):
        load_onnx(tmp_path / "nothing.onnx")


def test_the_package_is_named_where_it_is_missing(onnx_file, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(UsageError, match="onnxruntime") as caught:
        load_bundle(onnx_file)
    assert "pip install 'landwright[export]'" in caught.value.remedy


def test_it_is_no_bundle_again(onnx_file, tmp_path):
    with pytest.raises(UsageError, match="cannot be made a bundle again"):
        load_bundle(onnx_file).save(tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_it_is_not_exported_again(onnx_file, tmp_path):
    with pytest.raises(UsageError, match="exported file already"):
        export.export_bundle(load_bundle(onnx_file), tmp_path / "again.onnx")
