import sys

import pytest
import torch

from landwright.errors import UsageError
from landwright.networks import create_network, load_encoder_weights, network_info, unfold_norms


@pytest.mark.parametrize("architecture", ["unetplusplus", "deeplabv3plus", "upernet"])
def test_further_architectures_take_any_size(architecture):
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


@pytest.mark.parametrize("architecture", ["fpn", "segformer", "deeplabv3plus", "upernet"])
def test_a_second_head_has_the_size_of_the_first(architecture):
    network = create_network(f"smp:{architecture}:tu-mobilenetv2_100", classes=4, heads="both").eval()
    with torch.no_grad():
        outputs = network(torch.randn(1, 3, 70, 96))
    assert outputs.classes.shape == (1, 4, 70, 96)
    assert outputs.height.shape == (1, 1, 70, 96)


def test_heads_of_the_registry():
    for heads, wanted in (("both", ("classes", "height")), ("height", ("height",)), ("classes", ("classes",))):
        assert network_info("smp:unet:resnet18", heads=heads).heads == wanted
    assert network_info("smp:unet:resnet18").heads == ("classes",)
    with pytest.raises(UsageError, match="heads 'depth' is unknown"):
        create_network("smp:unet:resnet18", classes=2, heads="depth")


def test_one_head_keeps_the_names_of_older_bundles():
    names = set(create_network("smp:unet:tu-mobilenetv2_100", classes=2).state_dict())
    both = set(create_network("smp:unet:tu-mobilenetv2_100", classes=2, heads="both").state_dict())
    height = set(create_network("smp:unet:tu-mobilenetv2_100", classes=2, heads="height").state_dict())
    assert both - names == {"height_head.0.weight", "height_head.0.bias"}
    assert both - height == {"model.segmentation_head.0.weight", "model.segmentation_head.0.bias"}


def test_a_plain_transformer_under_dpt():
    network = create_network("smp:dpt:tu-vit_tiny_patch16_224", classes=2).eval()
    x = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        outputs = network(x)
        assert torch.equal(network.encode(x), outputs.tokens)
    assert outputs.classes.shape == (1, 2, 224, 224)
    with pytest.raises(UsageError, match="'dpt' has a head of its own kind"):
        create_network("smp:dpt:tu-vit_tiny_patch16_224", classes=2, heads="both")


def test_two_heads_take_published_weights(shared):
    network = create_network("smp:unet:tu-mobilenetv2_100", classes=8, heads="both")
    file = shared / "data" / "weights" / "mobilenetv2_100_imagenet_int8deq_fp16.safetensors"
    report = load_encoder_weights(network, file)
    assert (report.loaded, report.normalization) == ({"encoder": 255}, "half")
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        before = network.eval()(x).height
        assert unfold_norms(network, x) == 51
        torch.testing.assert_close(network(x).height, before, atol=1e-3, rtol=1e-3)
