import sys

import pytest

from landwright.errors import UsageError
from landwright.networks import create_network


@pytest.mark.parametrize("architecture", ["unetplusplus", "deeplabv3plus", "upernet"])
def test_further_architectures_take_any_size(architecture):
    import torch

    network = create_network(f"smp:{architecture}:tu-mobilenetv2_100", classes=2).eval()
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 33, 70)).classes.shape == (1, 2, 33, 70)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("smp:unett:resnet18", "Did you mean 'unet'"),
        ("smp:unet:resnet-18", "Did you mean"),
        ("smp:unet:tu-no_such_network", "smp cannot build 'unet' on 'tu-no_such_network'"),
        ("smp:unet", "smp encoder '' is unknown"),
    ],
)
def test_mistakes_are_named(name, words):
    with pytest.raises(UsageError, match=words):
        create_network(name, classes=2)


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "segmentation_models_pytorch", None)
    with pytest.raises(UsageError, match=r"landwright\[train\]"):
        create_network("smp:unet:resnet18", classes=2)
