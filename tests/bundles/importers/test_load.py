"""The door for published checkpoints, tried with a format of its own on a tiny network."""

import pytest
import torch
from torch import nn

from landwright.bundles import StateMismatchError, load_bundle
from landwright.bundles.importers import CheckpointFormat, import_checkpoint, load
from landwright.errors import UsageError
from landwright.networks import Outputs, register


@register("tiny-import", description="two layers", stride=1)
class Tiny(nn.Module):
    def __init__(self, classes, bands=3):
        super().__init__()
        self.body = nn.Conv2d(bands, 4, 1)
        self.head = nn.Conv2d(4, classes, 1)

    def forward(self, image):
        return Outputs(classes=self.head(self.body(image)))


def convert(state, *, options):
    kept = {name: tensor for name, tensor in state.items() if not name.startswith("dead.")}
    return {name.replace("conv1.", "body.").replace("out.", "head."): tensor for name, tensor in kept.items()}


@pytest.fixture(autouse=True)
def known(monkeypatch):
    known = CheckpointFormat(
        name="tiny-import",
        description="for tests",
        settings={"classes": "logits"},
        network_options=lambda settings, state: ({}, int(settings["classes"]), int(settings.get("bands", "3"))),
        convert=convert,
        published_names=lambda name: (name.replace("body.", "conv1.").replace("head.", "out."),),
        tile=64,
        legends={6: "isprs-6"},
        unlabelled=("out.weight", "out.bias"),
    )
    monkeypatch.setattr(load, "FORMATS", {"tiny-import": known})


@pytest.fixture
def state():
    torch.manual_seed(1)
    own = Tiny(6).state_dict()
    return {name.replace("body.", "conv1.").replace("head.", "out."): tensor for name, tensor in own.items()} | {
        "dead.weight": torch.zeros(3)
    }


def save(path, state):
    torch.save(state, path)
    return path


def test_the_network_has_the_weights(tmp_path, state):
    file = save(tmp_path / "epoch-49.pth", {"state_dict": {f"module.{name}": t for name, t in state.items()}})
    bundle = import_checkpoint(file, "tiny-import", settings={"classes": 6})
    reference = Tiny(6)
    reference.load_state_dict(convert(state, options={}))
    image = torch.randn(1, 3, 5, 7)
    assert torch.equal(bundle.network(image).classes, reference(image).classes)
    assert not bundle.network.training
    card = bundle.card
    assert (card.name, card.regime, card.bands) == ("epoch-49", "imported", ("red", "green", "blue"))
    assert (card.normalization.divide, card.normalization.mean) == (255, (0.485, 0.456, 0.406))
    assert (card.tiling.tile, card.legend.name) == (64, "isprs-6")
    written = load_bundle(bundle.save(tmp_path / "bundle"))
    assert torch.equal(written.network(image).classes, reference(image).classes)


def test_five_bands(tmp_path, state):
    state["conv1.weight"] = torch.zeros(4, 5, 1, 1)
    bundle = import_checkpoint(save(tmp_path / "a.pth", state), "tiny-import", settings={"classes": 6, "bands": 5})
    assert bundle.card.bands == ("band-1", "band-2", "band-3", "band-4", "band-5")
    assert bundle.card.normalization.mean == (0.485, 0.456, 0.406, 0.485, 0.456)


def test_what_does_not_fit_is_listed_by_its_published_name(tmp_path, state):
    del state["conv1.bias"]
    state["optimizer.step"] = torch.zeros(1)
    state["out.weight"] = torch.zeros(2, 4, 1, 1)
    with pytest.raises(StateMismatchError) as caught:
        import_checkpoint(save(tmp_path / "a.pth", state), "tiny-import", settings={"classes": 6})
    error = caught.value
    assert error.missing == ("conv1.bias",)
    assert error.unexpected == ("optimizer.step",)
    assert [tuple(entry) for entry in error.misshaped] == [("out.weight", (6, 4, 1, 1), (2, 4, 1, 1))]
    assert "classes=6" in error.remedy
    assert "dead" not in str(error)


def test_unknown_format(tmp_path):
    with pytest.raises(UsageError, match="checkpoint format 'unet' is unknown"):
        import_checkpoint(tmp_path / "a.pth", "unet")


def test_a_legend_that_does_not_fit(tmp_path, state):
    with pytest.raises(UsageError, match="6 classes"):
        import_checkpoint(save(tmp_path / "a.pth", state), "tiny-import", settings={"classes": 8}, legend="isprs-6")


def test_the_output_that_means_no_label_can_be_left_out(tmp_path, state):
    state["out.weight"], state["out.bias"] = torch.randn(7, 4, 1, 1), torch.randn(7)
    file = save(tmp_path / "a.pth", state)
    whole = import_checkpoint(file, "tiny-import", settings={"classes": 7})
    cut = import_checkpoint(file, "tiny-import", settings={"classes": 7}, legend="isprs-6")
    image = torch.randn(1, 3, 5, 7)
    assert cut.card.network.classes == len(cut.card.legend) == 6
    assert torch.equal(cut.network(image).classes, whole.network(image).classes[:, 1:])


def test_a_scalar_where_a_head_should_be_is_reported(tmp_path, state):
    state["out.bias"] = torch.tensor(1.0)
    with pytest.raises(StateMismatchError, match=r"out\.bias \[\] instead of \[6\]"):
        import_checkpoint(save(tmp_path / "a.pth", state), "tiny-import", settings={"classes": 7}, legend="isprs-6")
