"""The RS3DAda importer, tried on a small network in published names."""

import pytest
import torch

from landwright.bundles import StateMismatchError
from landwright.bundles.importers import import_checkpoint
from landwright.bundles.importers.rs3dada import convert, network_options, published_names
from landwright.errors import UsageError
from landwright.networks import create_network, token_encoders

OUT_CHANNELS = [8, 10, 12, 14]
OPTIONS = {"encoder": "vits", "features": 16, "out_channels": OUT_CHANNELS}
DEAD = "refinenet4.resConfUnit1.conv1.weight"


@pytest.fixture(autouse=True)
def shallow(monkeypatch):
    """Four blocks do where the published encoder has twelve."""
    vits = token_encoders._dino("small", 384, 4, 6)
    monkeypatch.setattr(token_encoders, "_ENCODERS", {**token_encoders._ENCODERS, "vits": vits})


@pytest.fixture
def network():
    torch.manual_seed(0)
    return create_network("rs3dada", classes=8, **OPTIONS).eval()


@pytest.fixture
def state(network):
    """Published names, with what the published files carry along unused."""
    found = {name: tensor for own, tensor in network.state_dict().items() for name in published_names(own)}
    dead = {f"heads.{head}.scratch.{DEAD}": torch.zeros(16, 16, 3, 3) for head in ("regression", "segmentation")}
    return found | dead | {"pretrained.mask_token": torch.zeros(1, 384)}


def bring(tmp_path, state, **options):
    torch.save(state, tmp_path / "RS3DAda.pth")
    return import_checkpoint(tmp_path / "RS3DAda.pth", "rs3dada", **options)


@pytest.mark.parametrize(
    ("own", "theirs"),
    [
        ("encoder.pos_embed", "pretrained.pos_embed"),
        ("encoder.blocks.3.ls1.gamma", "pretrained.blocks.3.ls1.gamma"),
        ("heads.height.projects.2.bias", "heads.regression.projects.2.bias"),
        ("heads.classes.resizes.3.weight", "heads.segmentation.resize_layers.3.weight"),
        ("heads.classes.levels.0.weight", "heads.segmentation.scratch.layer1_rn.weight"),
        (
            "heads.height.fusions.0.skip.norm1.running_var",
            "heads.regression.scratch.refinenet1.resConfUnit1.bn1.running_var",
        ),
        ("heads.height.fusions.3.refine.conv2.bias", "heads.regression.scratch.refinenet4.resConfUnit2.conv2.bias"),
        ("heads.height.fusions.2.out.weight", "heads.regression.scratch.refinenet3.out_conv.weight"),
        ("heads.height.tail.reduce.weight", "heads.regression.scratch.output_conv1.weight"),
        ("heads.height.tail.layers.1.bias", "heads.regression.scratch.output_conv2.1.bias"),
        ("heads.classes.tail.layers.0.weight", "heads.segmentation.scratch.output_conv.0.weight"),
        ("something.bn1.else", "something.bn1.else"),
    ],
)
def test_names(own, theirs):
    assert published_names(own) == (theirs,)
    assert list(convert({theirs: torch.zeros(1)}, options={})) == [own]


def test_the_file_says_everything_itself(state):
    assert network_options({}, state) == ({**OPTIONS, "heads": "both"}, 8, 3)
    checks = {"classes": "8", "bands": "3", "encoder": "vits", "features": "16", "out_channels": "8, 10,12,14"}
    assert network_options(checks | {"heads": "both"}, state) == ({**OPTIONS, "heads": "both"}, 8, 3)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"classes": "6"}, "classes is 8 in the checkpoint, not 6"),
        ({"encoder": "vitl"}, "encoder is vits in the checkpoint, not vitl"),
        ({"out_channels": "8,8,8,8"}, "out_channels is 8,10,12,14 in the checkpoint, not 8,8,8,8"),
        ({"encoder": "compact"}, "no published checkpoint has the encoder 'compact'"),
        ({"features": "wide"}, "features must be a whole number"),
        ({"heads": "depth"}, "heads 'depth' is unknown"),
        ({"depth": "1"}, "no setting 'depth'"),
    ],
)
def test_settings_that_do_not_fit(state, settings, words):
    with pytest.raises(UsageError, match=words):
        network_options(settings, state)


def test_a_file_that_does_not_say_it_is_taken_as_published():
    assert network_options({}, {}) == ({"heads": "both"}, 8, 3)
    assert network_options({"encoder": "vitb", "classes": "3"}, {}) == ({"encoder": "vitb", "heads": "both"}, 3, 3)


def test_the_network_and_its_card(tmp_path, network, state):
    bundle = bring(tmp_path, {f"module.{name}": tensor for name, tensor in state.items()})
    image = torch.randn(1, 3, 30, 42)
    with torch.no_grad():
        ours, theirs = bundle.network(image), network(image)
    assert torch.equal(ours.classes, theirs.classes)
    assert torch.equal(ours.height, theirs.height)
    card = bundle.card
    assert (card.legend.name, card.gsd, card.outputs) == ("openearthmap-8", (0.05, 1.0), ("classes", "height"))
    assert (card.tiling.tile, card.tiling.overlap, card.tiling.blend) == (1022, 0.125, "cosine")
    scaling = card.normalization
    assert (scaling.divide, scaling.mean) == (1, (123.675, 116.28, 103.53))
    assert scaling.std == (58.395, 57.12, 57.375)


@pytest.mark.parametrize(("heads", "other"), [("height", "segmentation"), ("classes", "regression")])
def test_one_head_of_two_and_a_file_with_one(tmp_path, network, state, heads, other):
    alone = {name: tensor for name, tensor in state.items() if not name.startswith(f"heads.{other}.")}
    asked = bring(tmp_path, state, settings={"heads": heads})
    found = bring(tmp_path, alone)
    assert asked.card == found.card
    assert found.card.outputs == (heads,)
    assert found.card.network.options["heads"] == heads
    image = torch.randn(1, 3, 28, 28)
    with torch.no_grad():
        wanted = getattr(network(image), heads)
        assert all(torch.equal(getattr(bundle.network(image), heads), wanted) for bundle in (asked, found))
    with pytest.raises(UsageError, match=f"has the {heads} head alone, not both"):
        network_options({"heads": "both"}, alone)


def test_what_does_not_fit_is_listed_by_its_published_name(tmp_path, state):
    gone = "heads.regression.scratch.refinenet2.resConfUnit1.bn2.weight"
    del state[gone]
    state["heads.regression.scratch.extra.weight"] = torch.zeros(1)
    wrong = "heads.segmentation.resize_layers.3.bias"
    state[wrong] = torch.zeros(3)
    with pytest.raises(StateMismatchError) as caught:
        bring(tmp_path, state)
    error = caught.value
    assert error.missing == (gone,)
    assert error.unexpected == ("heads.regression.scratch.extra.weight",)
    assert [(entry.name, entry.expected, entry.found) for entry in error.misshaped] == [(wrong, (14,), (3,))]
    assert "encoder=vits, features=16" in error.remedy
