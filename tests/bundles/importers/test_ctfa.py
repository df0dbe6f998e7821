"""The CTFA importer, tried on a small network in published names."""

import pytest
import torch

from landwright.bundles import StateMismatchError
from landwright.bundles.importers import import_checkpoint
from landwright.bundles.importers.ctfa import convert, network_options, published_names
from landwright.errors import UsageError
from landwright.networks import create_network
from landwright.networks.ctfa import encoder as encoders

HEAD = {"encoder.head.weight": torch.zeros(1000, 192), "encoder.head.bias": torch.zeros(1000)}


@pytest.fixture(autouse=True)
def shallow(monkeypatch):
    """Four blocks do where the published encoder has twelve."""
    monkeypatch.setattr(encoders, "DEPTH", 4)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return create_network("ctfa", classes=5, encoder="deit_tiny", background=False).eval()


@pytest.fixture
def state(network):
    """Published names, with the head that the published files carry along unused."""
    return HEAD | {name: tensor for own, tensor in network.state_dict().items() for name in published_names(own)}


def bring(tmp_path, state, **options):
    torch.save(state, tmp_path / "model_iter_20000.pth")
    return import_checkpoint(tmp_path / "model_iter_20000.pth", "ctfa", **options)


@pytest.mark.parametrize(
    ("own", "theirs"),
    [
        ("encoder.pos_embed", "encoder.pos_embed"),
        ("decoder.conv6.weight", "decoder.conv6.weight"),
        ("proj_head.last_layer.parametrizations.weight.original0", "proj_head.last_layer.weight_g"),
        ("proj_head_t.last_layer.parametrizations.weight.original1", "proj_head_t.last_layer.weight_v"),
        ("something.else", "something.else"),
    ],
)
def test_names(own, theirs):
    assert published_names(own) == (theirs,)
    assert list(convert({theirs: torch.zeros(1)}, options={})) == [own]


def test_new_names_of_normalised_weights_are_taken_too(network, state):
    today = {name: state.get(name, tensor) for name, tensor in network.state_dict().items()}
    assert convert(today, options={}).keys() == convert(state, options={}).keys()


def test_the_file_says_everything_but_the_block(state):
    options = {"encoder": "deit_tiny", "background": False}
    assert network_options({}, state) == (options, 5, 3)
    checks = {"classes": "5", "bands": "3", "encoder": "deit_tiny", "background": "false"}
    assert network_options({**checks, "aux_block": "dynamic"}, state) == ({**options, "aux_block": "dynamic"}, 5, 3)
    assert network_options({"aux_block": "2"}, state)[0]["aux_block"] == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"classes": "6"}, "classes is 5 in the checkpoint, not 6"),
        ({"encoder": "deit_base"}, "encoder is deit_tiny in the checkpoint, not deit_base"),
        ({"encoder": "compact"}, "no published checkpoint has the encoder 'compact'"),
        ({"background": "true"}, "background is false in the checkpoint, not true"),
        ({"background": "maybe"}, "background must be true or false"),
        ({"aux_block": "-3"}, "aux_block must be dynamic or a block from 0"),
        ({"taps": "released"}, "no setting 'taps'"),
    ],
)
def test_settings_that_do_not_fit(state, settings, words):
    with pytest.raises(UsageError, match=words):
        network_options(settings, state)


def test_a_file_that_does_not_say_it_is_taken_as_published():
    assert network_options({}, {}) == ({}, 16, 3)
    assert network_options({"encoder": "deit_small", "classes": "6"}, {}) == ({"encoder": "deit_small"}, 6, 3)


def test_the_network_and_its_card(tmp_path, network, state):
    bundle = bring(tmp_path, {f"module.{name}": tensor for name, tensor in state.items()})
    image = torch.randn(1, 3, 40, 56)
    with torch.no_grad():
        ours, theirs = bundle.network(image), network(image)
    assert torch.equal(ours.classes, theirs.classes)
    assert all(torch.equal(one, other) for one, other in zip(ours.tags, theirs.tags, strict=True))
    card = bundle.card
    assert (card.legend.name, card.outputs, card.tiling.tile) == ("classes-5", ("classes",), 320)
    assert (card.normalization.divide, card.normalization.mean) == (255, (0.485, 0.456, 0.406))


def test_messages_speak_of_published_names(tmp_path, state):
    del state["proj_head.last_layer.weight_g"]
    state["neck.weight"] = torch.zeros(1)
    with pytest.raises(StateMismatchError) as caught:
        bring(tmp_path, state)
    assert "proj_head.last_layer.weight_g" in str(caught.value)
    assert "neck.weight" in str(caught.value)
