import pytest

from landwright.bundles import Bundle, load_bundle
from landwright.bundles.export import export_bundle


@pytest.fixture
def bundle(bundle_path) -> Bundle:
    return load_bundle(bundle_path)


@pytest.fixture
def onnx_file(bundle, tmp_path):
    pytest.importorskip("onnxscript", reason="onnxscript comes with the extra export")
    pytest.importorskip("onnxruntime", reason="onnxruntime comes with the extra export")
    return export_bundle(bundle, tmp_path / "model.onnx", tile=32).path
