import copy
import pickle

import pytest
import torch

from landwright.bundles import load_bundle
from landwright.bundles.export import OnnxNetwork, export, load_onnx
from landwright.bundles.export.metadata import CARD_KEY
from landwright.bundles.weights import checksum
from landwright.errors import DataError, UsageError

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")


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


def test_a_file_from_elsewhere_is_refused(onnx_file):
    def forget(model):
        del model.metadata_props[:]

    with pytest.raises(DataError, match="without a card of landwright"):
        load_bundle(changed(onnx_file, forget))


def test_a_card_of_another_file_is_refused(onnx_file):
    def swap(model):
        (entry,) = (entry for entry in model.metadata_props if entry.key == CARD_KEY)
        entry.value = entry.value.replace("tile: 32", "tile: 64")

    with pytest.raises(DataError, match="holds a card of a file that takes"):
        load_bundle(changed(onnx_file, swap))


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
