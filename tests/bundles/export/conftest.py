import shutil

import pytest

from landwright.bundles import Bundle, load_bundle
from landwright.bundles.export import export_bundle


@pytest.fixture
def bundle(bundle_path) -> Bundle:
    return load_bundle(bundle_path)


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """Where the file that tests read is kept: they all have the same bundle, and to export it takes seconds."""
    return tmp_path_factory.mktemp("exported") / "model.onnx"


@pytest.fixture
def onnx_file(bundle, exported, tmp_path):
    """A copy of one's own, which a test may damage."""
    pytest.importorskip("onnxscript", reason="onnxscript comes with the extra export")
    pytest.importorskip("onnxruntime", reason="onnxruntime comes with the extra export")
    if not exported.exists():
        export_bundle(bundle, exported, tile=32)
    return shutil.copy(exported, tmp_path / "model.onnx")
