import pytest
import torch

from landwright.errors import UsageError
from landwright.networks import create_network, list_networks, network_info, register
from landwright.networks.registry import _ENTRIES


def test_names():
    assert {"clcformer", "smp:"} <= set(list_networks())


def test_metadata_follows_the_options():
    tiny, compact = network_info("clcformer"), network_info("clcformer", encoder="compact")
    assert (tiny.normalization, tiny.default_tile, tiny.stride) == ("imagenet", 512, 32)
    assert (compact.normalization, compact.default_tile) == ("half", 256)
    assert set(tiny.options) == {"encoder", "taps", "drop_rate"}
    assert network_info("smp:unet:resnet18").name == "smp:unet:resnet18"


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("clcfomer", {}, "Did you mean 'clcformer'"),
        ("nothing-like-it", {}, "Known: .*'clcformer'"),
        ("smp:", {}, "smp architecture '' is unknown"),
        ("clcformer", {"encodr": "tiny"}, "Did you mean 'encoder'"),
        ("clcformer", {"encoder": "huge"}, "Known: 'compact', 'small', 'tiny'"),
        ("clcformer", {"taps": "relesed"}, "Did you mean 'released'"),
        ("clcformer", {"encoder": "compact", "drop_rate": 1.0}, "below 1"),
        ("clcformer", {"classes": 0}, "classes must be"),
        ("clcformer", {"bands": "3"}, "bands must be"),
        ("smp:unet:resnet18", {"width": 3}, "Known: 'heads'"),
    ],
)
def test_mistakes_are_named(name, arguments, words):
    with pytest.raises(UsageError, match=words):
        create_network(name, **{"classes": 2, **arguments})


def test_register_adds_a_network(monkeypatch):
    monkeypatch.setitem(_ENTRIES, "one-by-one", None)

    @register("one-by-one", description="a linear map", stride=1)
    def build(classes, bands):
        return torch.nn.Conv2d(bands, classes, 1)

    assert create_network("one-by-one", classes=2, bands=5)(torch.zeros(1, 5, 3, 3)).shape == (1, 2, 3, 3)
    assert network_info("one-by-one").stride == 1
