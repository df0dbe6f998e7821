"""Towers by name."""

import builtins

import pytest
import torch

from landwright.errors import UsageError
from landwright.networks.clip.towers import COMPACT, build_clip, list_architectures

# What the dense protocol reads of a model of open_clip: a release that renames any of it must fail here first.
VISUAL = ("conv1", "class_embedding", "positional_embedding", "ln_pre", "transformer", "ln_post", "proj", "grid_size")
BLOCK = ("ln_1", "attn", "ln_2", "mlp")
TEXT = ("token_embedding", "positional_embedding", "transformer", "attn_mask", "ln_final", "text_projection")


def test_open_clip_still_has_the_names_that_we_read():
    model = build_clip(COMPACT)
    assert [
        name for name in (*VISUAL, "patch_size", "image_size", "output_dim") if not hasattr(model.visual, name)
    ] == []
    assert [name for name in (*TEXT, "context_length", "logit_scale") if not hasattr(model, name)] == []
    block = model.visual.transformer.resblocks[-1]
    assert [name for name in BLOCK if not hasattr(block, name)] == []
    assert isinstance(block.attn, torch.nn.MultiheadAttention)
    assert block.attn.batch_first
    assert block.attn.in_proj_weight.shape == (3 * 128, 128)
    assert block.attn.num_heads == 4


def test_entries_have_the_published_names():
    names = set(build_clip(COMPACT).state_dict())
    assert {"visual.transformer.resblocks.3.attn.in_proj_weight", "visual.proj", "logit_scale"} <= names
    assert {"transformer.resblocks.2.mlp.c_proj.bias", "token_embedding.weight", "text_projection"} <= names
    assert "attn_mask" not in names


def test_options_change_what_they_name():
    model = build_clip(COMPACT, activation="gelu", context=248, bands=4)
    assert isinstance(model.visual.transformer.resblocks[0].mlp.gelu, torch.nn.GELU)
    assert isinstance(model.transformer.resblocks[0].mlp.gelu, torch.nn.GELU)
    assert model.positional_embedding.shape == (248, 128)
    assert model.visual.conv1.weight.shape == (128, 4, 8, 8)
    quick = build_clip(COMPACT, activation="quick_gelu")
    assert type(quick.visual.transformer.resblocks[0].mlp.gelu).__name__ == "QuickGELU"
    assert quick.positional_embedding.shape == (77, 128)


def test_only_plain_towers_are_listed():
    names = list_architectures()
    assert names[0] == COMPACT
    assert {"ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-L-14-336", "ViT-H-14"} <= set(names)
    others = {"RN50", "ViT-B-16-quickgelu", "ViT-B-16-SigLIP", "coca_ViT-B-32", "ViT-H-14-CLIPA", "roberta-ViT-B-32"}
    assert not others & set(names)


@pytest.mark.parametrize("name", ["ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-L-14-336", "ViT-H-14"])
def test_large_towers_have_their_published_sizes(name):
    with torch.device("meta"):
        model = build_clip(name)
    patch = int(name.split("-")[2])
    tokens = (model.visual.image_size[0] // patch) ** 2 + 1
    assert model.visual.conv1.weight.shape[2:] == (patch, patch)
    assert model.visual.positional_embedding.shape[0] == tokens


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("ViT-B-16-quickgelu", "activation 'quick_gelu'"),
        ("ViT-B-17", "'ViT-B-16'"),
        ("RN50", "Known|mean"),
        ("ViT-B-16-SigLIP", "'ViT-B-16"),
        ("", "Known"),
    ],
)
def test_other_towers_are_refused(name, remedy):
    with pytest.raises(UsageError) as caught:
        build_clip(name)
    assert any(words in (caught.value.remedy or "") for words in remedy.split("|"))


@pytest.mark.parametrize("options", [{"activation": "relu"}, {"context": 1}])
def test_other_options_are_refused(options):
    with pytest.raises(UsageError):
        build_clip(COMPACT, **options)


def test_the_missing_package_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "open_clip":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError) as caught:
        build_clip("ViT-B-16")
    assert "landwright[words]" in (caught.value.remedy or "")
