import pytest
import torch

from landwright.words.kinds import _KINDS, PLAIN, kind_of


def test_kinds():
    assert kind_of({"cls_token": torch.zeros(1), "blocks.0.norm1.weight": 0, "patch_embed.proj.weight": 0})[0] == (
        "a DINO encoder, which knows no words"
    )
    kind, remedy = kind_of({"detector_model.a": torch.zeros(1)})
    assert kind == "a SAM 3 model"
    assert "--as sam3" in remedy
    assert kind_of({f"layer{number}": 0 for number in range(9)})[0].endswith("layer0, layer1, layer2, layer3")


def test_every_kind_has_a_remedy():
    for kind, beginnings, _ in _KINDS:
        found, remedy = kind_of(dict.fromkeys(beginnings))
        assert (found, bool(remedy)) == (kind, True)
        assert "{" not in remedy
    assert kind_of({"a": 0})[1]


@pytest.mark.parametrize(
    ("names", "kind", "remedy"),
    [
        (("visual.layer1.0.conv1.weight", "token_embedding.weight"), "ResNet", "vision transformer"),
        (("image_encoder.a", "mask_decoder.a"), "Segment Anything", "--as sam3"),
        (("visual.conv1.weight", "visual.transformer.a"), "image tower of a CLIP alone", "both towers"),
        (("visual.trunk.attn_pool.q",), "SigLIP", "siglip-b16 or siglip2-b16"),
        (("image_post.weight", "text_post.weight"), "FLAIR", "flair-b16"),
        (("visual.trunk.blocks.0.attn.q_proj.weight",), "EVA-CLIP", "clipself-b16"),
    ],
)
def test_remedies(names, kind, remedy):
    found = kind_of(dict.fromkeys(names))
    assert kind in found[0]
    assert remedy in found[1]


def test_a_plain_clip(state):
    kind, remedy = kind_of(state)
    assert kind == PLAIN
    assert "clip-b16" in remedy
