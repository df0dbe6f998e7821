import pytest
import torch

from landwright.bundles.importers.clcformer import convert, network_options
from landwright.errors import UsageError


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"classes": "1"}, ({}, 1, 3)),
        ({"classes": "6", "bands": "4"}, ({}, 6, 4)),
        ({"classes": "2", "encoder": "small", "taps": "legacy"}, ({"encoder": "small", "taps": "legacy"}, 2, 3)),
    ],
)
def test_settings(settings, expected):
    assert network_options(settings, {}) == expected


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "--set classes=1"),
        ({"classes": "1", "width": "64"}, "no setting 'width'"),
        ({"classes": "one"}, "classes must be"),
        ({"classes": "1", "bands": "0"}, "bands must be"),
        ({"classes": "1", "encoder": "compact"}, "no published checkpoint"),
    ],
)
def test_mistakes_in_settings(settings, words):
    with pytest.raises(UsageError, match=words):
        network_options(settings, {})


def renamed(name, shape=(1,), **options):
    (new,) = convert({name: torch.zeros(shape)}, options=options) or (None,)
    return new


@pytest.mark.parametrize(
    ("official", "ours"),
    [
        ("efficienet.blocks.5.0.conv_pw.weight", "cnn.blocks.5.0.conv_pw.weight"),
        ("transformer.swin_unet.layers.0.downsample.norm.bias", "transformer.layers.1.downsample.norm.bias"),
        ("transformer.swin_unet.layers.2.blocks.1.attn.q_bias", "transformer.layers.2.blocks.1.attn.q_bias"),
        ("up_c.df_conv.p_conv.bias", "fusions.3.df_conv.p_conv.bias"),
        ("up_c_1_2.attn_block.psi.1.weight", "ups.2.attn_block.psi.1.weight"),
        ("final_3.1.conv.weight", "heads.0.1.conv.weight"),
        ("efficienet.blocks.6.0.conv_pw.weight", None),
        ("up2.conv.se.linear1.weight", None),
        ("transformer.swin_unet.norm_up.weight", None),
        ("transformer.swin_unet.layers.0.blocks.1.attn_mask", None),
        ("head.weight", "head.weight"),
    ],
)
def test_names(official, ours):
    assert renamed(official) == ours


def test_legacy_leaves_the_idle_blocks_out():
    name = "transformer.swin_unet.layers.3.blocks.0.attn.q_bias"
    assert renamed(name) == "transformer.layers.3.blocks.0.attn.q_bias"
    assert renamed(name, taps="legacy") is None


def test_only_the_centre_of_kernels_on_single_pixels_is_kept():
    kernel = torch.arange(18.0).view(2, 1, 3, 3)
    state = {"up_c.dw1.depth_conv.weight": kernel, "up_c.dw3.point_conv.weight": torch.ones(5, 2, 1, 1)}
    new = convert(state, options={})
    assert new["fusions.3.channel.mean.scale"].tolist() == [4.0, 13.0]
    assert new["fusions.3.channel.gate.point.weight"].shape == (5, 2)
    assert renamed("up_c.dw2.depth_conv.bias") == "fusions.3.channel.peak.shift"
    assert renamed("up_c.dw4.depth_conv.bias") == "fusions.3.dw4.depth_conv.bias"


def test_wrong_shapes_pass_for_the_caller_to_report():
    assert convert({"up_c.dw1.depth_conv.weight": torch.zeros(2, 1, 5, 5)}, options={})[
        "fusions.3.channel.mean.scale"
    ].shape == (2, 1, 5, 5)
