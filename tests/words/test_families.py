"""Files of other families, from small towers of each."""

import numpy as np
import pytest
import torch

from landwright.errors import DataError, UsageError
from landwright.networks.clip.families import build_encoder
from landwright.networks.clip.tips import convert_tips
from landwright.tensors import StateMismatchError, fill
from landwright.words.checkpoints import read_clip
from landwright.words.registry import model_info

MODELS = {"siglip": "siglip-b16", "eva": "clipself-b16", "flair": "flair-b16"}


def small(family):
    activation = "quick_gelu" if family == "flair" else "gelu"
    torch.manual_seed(0)
    return build_encoder(family, "compact", activation=activation, context=16)


def published(family):
    """The tensors of a small model by published names."""
    state = small(family).state_dict()
    return {name.removeprefix("clip."): tensor for name, tensor in state.items()}


@pytest.mark.parametrize("family", MODELS)
def test_families(tmp_path, family):
    torch.save({"state_dict": published(family)}, tmp_path / "a.pt")
    info = model_info(MODELS[family])
    found = read_clip(tmp_path / "a.pt", info)
    assert found.options["family"] == family
    assert found.options["architecture"] == info.architecture
    small(family).load_state_dict(found.state, strict=True)


@pytest.mark.parametrize("family", MODELS)
def test_a_plain_clip_is_called_one(tmp_path, state, family):
    torch.save(state, tmp_path / "a.pt")
    with pytest.raises(DataError, match=f"is a plain CLIP, both towers, not the weights of {MODELS[family]}") as caught:
        read_clip(tmp_path / "a.pt", model_info(MODELS[family]))
    assert "own" in caught.value.remedy


@pytest.mark.parametrize(("family", "other"), [("siglip", "eva"), ("eva", "siglip"), ("flair", "siglip")])
def test_one_family_is_not_another(tmp_path, family, other):
    torch.save(published(family), tmp_path / "a.pt")
    with pytest.raises(DataError, match=f"not the weights of {MODELS[other]}") as caught:
        read_clip(tmp_path / "a.pt", model_info(MODELS[other]))
    assert MODELS[family] in caught.value.remedy


def test_a_family_has_one_context(tmp_path):
    with pytest.raises(UsageError, match="siglip-b16 reads 64 tokens, not 77"):
        read_clip(tmp_path / "a.pt", model_info("siglip-b16"), context=77)


def refusal(tmp_path, family, content):
    torch.save(content, tmp_path / "a.pt")
    found = read_clip(tmp_path / "a.pt", model_info(MODELS[family]))
    encoder = small(family)
    with pytest.raises(StateMismatchError) as caught:
        fill(
            encoder,
            found.state,
            name=family,
            path=tmp_path / "a.pt",
            remedy="",
            own=found.published,
            theirs={name: found.published(name) for name in found.state},
        )
    return caught.value


EVA_NAMES = (
    (".mlp.fc1_g.", ".mlp.w1."),
    (".mlp.norm.", ".mlp.ffn_ln."),
    (".attn.q_proj.bias", ".attn.q_bias"),
    ("visual.trunk.", "visual."),
)


def eva_published(name):
    for ours, theirs in EVA_NAMES:
        name = name.replace(ours, theirs)
    return name


@pytest.mark.parametrize(
    ("family", "rename", "missing"),
    [
        ("siglip", str, "visual.trunk.norm.weight"),
        ("eva", str, "visual.trunk.norm.weight"),
        ("eva", eva_published, "visual.blocks.1.mlp.w1.weight"),
        ("eva", eva_published, "visual.blocks.1.attn.q_bias"),
        ("eva", eva_published, "text.ln_final.weight"),
        ("flair", str, "ln_final.weight"),
        (
            "flair",
            lambda name: (
                name if name.startswith(("visual.", "image_post.", "text_post.", "logit_")) else f"text.{name}"
            ),
            "text.ln_final.weight",
        ),
        ("flair", str, "text_post.bias"),
    ],
)
def test_messages_use_the_names_of_the_file(tmp_path, family, rename, missing):
    content = {rename(name): tensor for name, tensor in published(family).items()}
    del content[missing]
    more = "visual.trunk.extra.weight" if rename is str else "visual.extra.weight"
    found = refusal(tmp_path, family, content | {more: torch.zeros(1)})
    assert (found.missing, found.unexpected) == ((missing,), (more,))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite(tmp_path, value):
    content = {eva_published(name): tensor.clone() for name, tensor in published("eva").items()}
    content["visual.blocks.1.mlp.w1.weight"][0, 0] = value
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(DataError, match=r"tensor visual\.blocks\.1\.mlp\.w1\.weight holds values"):
        read_clip(tmp_path / "a.pt", model_info("clipself-b16"))


@pytest.fixture
def tips(tmp_path):
    vision = {"cls_token": (1, 1, 4), "pos_embed": (1, 17, 4), "register_tokens": (1, 1, 4)}
    np.savez(tmp_path / "tips_vision.npz", **{name: np.ones(shape, np.float32) for name, shape in vision.items()})
    np.savez(tmp_path / "tips_text.npz", **{"token_embedding.weight": np.zeros((5, 4), np.float32)})
    return tmp_path


@pytest.mark.parametrize("tower", ["vision", "text"])
def test_tips_has_two_files(tips, tower):
    found = read_clip(tips / f"tips_{tower}.npz", model_info("tips-b14"))
    assert found.options["family"] == "tips"
    assert torch.equal(found.state["visual.cls_token"], torch.full((1, 1, 4), 2.0))
    assert any(name.startswith("text.") for name in found.state)
    names = {
        "visual.reg_token": "vision/register_tokens",
        "visual.blocks.0.attn.qkv.weight": "vision/blocks.0.attn.qkv.weight",
        "text.transformer.layers.3.self_attn.in_proj_weight": "text/transformer.resblocks.3.attn.in_proj_weight",
        "text.transformer.layers.3.linear1.bias": "text/transformer.resblocks.3.mlp.c_fc.bias",
        "text.transformer.layers.3.norm2.bias": "text/transformer.resblocks.3.ln_2.bias",
        "text.token_embedding.weight": "text/token_embedding.weight",
    }
    assert {name: found.published(name) for name in names} == names
    assert set(convert_tips(dict.fromkeys(names.values()))) == set(names)


def test_tips_with_one_file_missing_or_damaged(tips):
    (tips / "tips_text.npz").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"not a readable \.npz"):
        read_clip(tips / "tips_vision.npz", model_info("tips-b14"))
    (tips / "tips_text.npz").unlink()
    with pytest.raises(DataError, match="no such file"):
        read_clip(tips / "tips_vision.npz", model_info("tips-b14"))
    with pytest.raises(DataError, match="file for each tower"):
        read_clip(tips / "tips_vision.npz", model_info("tips-b14"))
    (tips / "else.npz").write_bytes(b"")
    with pytest.raises(DataError, match="not one of TIPS's two files"):
        read_clip(tips / "else.npz", model_info("tips-b14"))
