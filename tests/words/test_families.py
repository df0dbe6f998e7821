"""Files of other families, from small towers of each."""

import numpy as np
import pytest
import torch

from landwright.errors import DataError
from landwright.networks.clip.families import build_encoder
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


@pytest.mark.parametrize("family", ["siglip", "flair"])
def test_something_else(tmp_path, state, family):
    torch.save(state, tmp_path / "a.pt")
    with pytest.raises(DataError, match=f"not the weights of {MODELS[family]}"):
        read_clip(tmp_path / "a.pt", model_info(MODELS[family]))


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


def test_tips_with_one_file_missing_or_damaged(tips):
    (tips / "tips_text.npz").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"not a readable \.npz"):
        read_clip(tips / "tips_vision.npz", model_info("tips-b14"))
    (tips / "tips_text.npz").unlink()
    with pytest.raises(DataError, match="no such file"):
        read_clip(tips / "tips_vision.npz", model_info("tips-b14"))
    (tips / "else.npz").write_bytes(b"")
    with pytest.raises(DataError, match="not one of TIPS's two files"):
        read_clip(tips / "else.npz", model_info("tips-b14"))
