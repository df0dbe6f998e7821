"""FLAIR: a plain CLIP with one more layer for images and one for texts."""

import pytest
import torch

from landwright.networks.clip.flair import build_flair, convert_flair


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return build_flair("compact", activation="gelu", context=8, bands=3).eval()


@torch.no_grad()
def test_features_pass_the_last_layers(encoder):
    image, ids = torch.randn(2, 3, 64, 64), torch.randint(0, 49408, (2, 8))
    torch.testing.assert_close(encoder.pooled(image), encoder.image_post(encoder.clip.encode_image(image)))
    torch.testing.assert_close(encoder.encode_text(ids), encoder.text_post(encoder.clip.encode_text(ids)))


@pytest.mark.parametrize("text", ["", "text."])
def test_published_names(encoder, text):
    own = {name.removeprefix("clip."): tensor for name, tensor in encoder.state_dict().items()}
    plain = ("visual.", "image_post.", "text_post.", "logit_scale")
    published = {name if name.startswith(plain) else text + name: tensor for name, tensor in own.items()}
    extra = {"visual_proj.attn.in_proj_weight": torch.ones(1), "logit_bias": torch.ones(())}
    encoder.load_state_dict(convert_flair(published | extra))
