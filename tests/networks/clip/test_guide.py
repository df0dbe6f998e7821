"""The encoder that says which patches belong together."""

import pytest
import torch
import torch.nn.functional as F
from timm.data.constants import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD

from landwright.errors import UsageError
from landwright.networks.clip.guide import Guide
from landwright.networks.clip.proxy import proxy_attention

SIDE = 16


@pytest.fixture(scope="module")
def guide():
    torch.manual_seed(0)
    return Guide("test_vit", OPENAI_CLIP_MEAN, OPENAI_CLIP_STD).eval()


def scaled(image, mean, std):
    return (image - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]


@torch.no_grad()
def test_it_reads_the_image_in_its_own_scaling(guide):
    pixels = torch.rand(2, 3, 3 * SIDE, 5 * SIDE, generator=torch.Generator().manual_seed(0))
    config = guide.model.pretrained_cfg
    (features,) = guide.model.forward_intermediates(
        scaled(pixels, config["mean"], config["std"]), indices=1, norm=True, intermediates_only=True
    )
    found = guide(scaled(pixels, OPENAI_CLIP_MEAN, OPENAI_CLIP_STD), (4, 6))
    assert found.shape == (2, 24, 24)
    torch.testing.assert_close(found, proxy_attention(features, (4, 6)), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(found.sum(-1), torch.ones(2, 24))


@torch.no_grad()
def test_windows_of_other_patches_are_resized(guide):
    image = torch.randn(1, 3, 3 * SIDE + 7, SIDE - 5)
    fitted = F.interpolate(image, (3 * SIDE, SIDE), mode="bilinear")
    torch.testing.assert_close(guide(image, (4, 2)), guide(fitted, (4, 2)), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["resnet18", "no_such_encoder"])
def test_other_encoders_are_refused(name):
    with pytest.raises(UsageError, match=name):
        Guide(name, OPENAI_CLIP_MEAN, OPENAI_CLIP_STD)


def test_its_weights_are_those_of_the_hub(guide):
    part = guide.part()
    assert (part.name, part.module) == ("guide", guide.model)
    assert part.fetch.args == ("timm/test_vit",)
