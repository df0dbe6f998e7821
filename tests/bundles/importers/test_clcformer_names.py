import json

import pytest
import torch

from landwright.bundles.importers import FORMATS
from landwright.bundles.importers.clcformer_names import published_names


@pytest.mark.parametrize(
    ("own", "published"),
    [
        ("cnn.conv_stem.weight", "efficienet.conv_stem.weight"),
        ("transformer.patch_embed.proj.bias", "transformer.swin_unet.patch_embed.proj.bias"),
        ("transformer.layers.1.downsample.norm.bias", "transformer.swin_unet.layers.0.downsample.norm.bias"),
        ("fusions.3.channel.mean.scale", "up_c.dw1.depth_conv.weight"),
        ("fusions.0.channel.gate.shift", "up_c_3_1.dw3.depth_conv.bias"),
        ("fusions.1.channel.peak.point.weight", "up_c_2_1.dw2.point_conv.weight"),
        ("heads.0.1.conv.weight", "final_3.1.conv.weight"),
        ("something.else", "something.else"),
    ],
)
def test_names(own, published):
    assert published_names(own) == (published,)


def test_every_published_name_comes_back(shared):
    listed = json.loads((shared / "parity/clcformer/manifest.json").read_text())["state_dict"]
    convert = FORMATS["clcformer"].convert
    kept = 0
    for name, (_, shape) in listed.items():
        for own in convert({name: torch.empty(shape, device="meta")}, options={}):
            assert published_names(own) == (name,)
            kept += 1
    assert kept > 1000
