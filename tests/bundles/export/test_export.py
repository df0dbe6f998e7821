import sys

import pytest
import torch
from torch import nn

from landwright.bundles import Bundle, NetworkCard
from landwright.bundles.export import check, export_bundle, graph
from landwright.bundles.export.metadata import CARD_KEY
from landwright.errors import DataError, UsageError
from landwright.networks import Outputs


@pytest.fixture
def onnx():
    pytest.importorskip("onnxruntime", reason="onnxruntime comes with the extra export")
    pytest.importorskip("onnxscript", reason="onnxscript comes with the extra export")
    return pytest.importorskip("onnx", reason="onnx comes with the extra export")


class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.classes, self.height = nn.Conv2d(3, 6, 1), nn.Conv2d(3, 1, 1)

    def forward(self, image):
        return Outputs(classes=self.classes(image), height=self.height(image))


class Stubborn(nn.Module):
    """What it does depends on the pixels."""

    def forward(self, image):
        return Outputs(classes=image.repeat(1, 2, 1, 1) * (1 if image.sum() > 0 else 2))


@pytest.fixture
def both(card):
    return Bundle(card.model_copy(update={"outputs": ("classes", "height")}), Both().eval())


def test_onnx_says_all_of_itself(onnx, bundle, tmp_path):
    result = export_bundle(bundle, tmp_path / "new" / "model.onnx", tile=32)
    assert result.differences["probabilities"] <= check.TOLERANCE
    assert (result.format, result.opset, result.tile) == ("ONNX", graph.OPSET, 32)
    assert result.outputs == ("probabilities",)
    assert result.deepness
    assert result.size == result.path.stat().st_size
    assert result.to_dict()["path"] == str(result.path)
    assert [file.name for file in result.path.parent.iterdir()] == ["model.onnx"]
    model = onnx.load(result.path)
    onnx.checker.check_model(model)
    assert {entry.version for entry in model.opset_import if not entry.domain} == {graph.OPSET}
    shapes = [
        [size.dim_value or size.dim_param for size in tensor.type.tensor_type.shape.dim]
        for tensor in (*model.graph.input, *model.graph.output)
    ]
    # Deepness asks for square outputs of known size; the batch has a name instead of a number.
    assert [shape[1:] for shape in shapes] == [[3, 32, 32], [6, 32, 32]]
    assert all(isinstance(shape[0], str) for shape in shapes)


def test_torch_export_keeps_the_card(bundle, tmp_path):
    result = export_bundle(bundle, tmp_path / "model.pt2", tile=32)
    assert (result.format, result.opset, result.deepness) == ("torch.export", None, False)
    files = {CARD_KEY: ""}
    program = torch.export.load(result.path, extra_files=files).module()
    assert "streets of Dürnstein" in files[CARD_KEY]
    image = torch.rand(4, 3, 32, 32) * 255
    scale, shift = map(torch.from_numpy, bundle.card.normalization.coefficients())
    with torch.no_grad():
        wanted = bundle.network(image * scale + shift).classes.softmax(1)
        torch.testing.assert_close(program(image)[0], wanted)


def test_two_outputs(onnx, both, tmp_path):
    result = export_bundle(both, tmp_path / "both.onnx", tile=16)
    assert result.outputs == ("probabilities", "height")
    assert not result.deepness
    result = export_bundle(both, tmp_path / "height.onnx", tile=16, outputs=["height"])
    assert result.outputs == ("height",)
    assert result.deepness


def test_a_file_that_differs_leaves_nothing(onnx, bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(check, "TOLERANCE", -1.0)
    for name in ("model.onnx", "model.pt2"):
        with pytest.raises(DataError, match="would differ from the bundle"):
            export_bundle(bundle, tmp_path / "new" / name, tile=32)
    assert not (tmp_path / "new").exists()


def test_weights_that_are_too_large_are_refused(onnx, bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(graph, "MOST_BYTES", 10)
    with pytest.raises(UsageError, match=r"weights take .* GiB") as caught:
        export_bundle(bundle, tmp_path / "new" / "model.onnx", tile=32)
    assert ".pt2" in caught.value.remedy
    assert not (tmp_path / "new").exists()


def test_a_network_that_is_no_graph_is_refused_in_a_sentence(card, tmp_path, capfd):
    made = card.model_copy(update={"network": NetworkCard(name="tiny-bundle", classes=6)})
    with pytest.raises(UsageError, match="the network Stubborn cannot be written as a graph: ") as caught:
        export_bundle(Bundle(made, Stubborn()), tmp_path / "model.pt2", tile=16)
    assert len(str(caught.value).splitlines()) == 1
    assert capfd.readouterr() == ("", "")


def test_what_onnx_has_no_operation_for_is_refused(onnx, bundle, tmp_path, monkeypatch):
    def fails(*args, **kwargs):
        raise RuntimeError("no such operation\nand more")

    monkeypatch.setattr(torch.onnx, "export", fails)
    with pytest.raises(UsageError, match="cannot be written as a graph: no such operation"):
        export_bundle(bundle, tmp_path / "model.onnx", tile=32)
    assert not (tmp_path / "model.onnx").exists()


def test_the_package_is_named_where_it_is_missing(bundle, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(UsageError, match="onnxscript") as caught:
        export_bundle(bundle, tmp_path / "model.onnx", tile=32)
    assert "pip install 'landwright[export]'" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("model.tflite", {}, "ends with .tflite"),
        ("model", {}, "ends with nothing"),
        ("model.pt2", {"tile": 8}, "tile 8 is too small"),
        ("model.pt2", {"outputs": ["height"]}, "does not map 'height'"),
        ("model.pt2", {"outputs": []}, "without outputs"),
        ("there.pt2", {}, "is there already"),
    ],
)
def test_options_that_do_not_fit(bundle, tmp_path, name, options, problem):
    (tmp_path / "there.pt2").write_text("something")
    with pytest.raises(UsageError, match=problem):
        export_bundle(bundle, tmp_path / name, **options)
    assert (tmp_path / "there.pt2").read_text() == "something"


def test_sam3_is_refused(card, tmp_path, monkeypatch):
    from landwright.bundles.export import export

    monkeypatch.setattr(export, "Sam3Network", Stubborn)
    with pytest.raises(UsageError, match="as many objects as it finds"):
        export_bundle(Bundle(card, Stubborn()), tmp_path / "model.onnx")
