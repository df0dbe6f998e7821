import pytest
import torch
from safetensors.torch import save_file

from landwright.errors import DataError, UsageError
from landwright.networks import dino
from landwright.networks.dino import DinoHead, DinoTokens, load_dino, load_dino_head


@pytest.fixture(autouse=True)
def shallow(monkeypatch):
    monkeypatch.setattr(dino, "DEPTH", 2)


def test_tokens_are_frozen_and_need_no_size():
    tokens = DinoTokens("vit_tiny").train()
    assert not tokens.training
    assert not tokens.vit.training
    assert not any(parameter.requires_grad for parameter in tokens.parameters())
    assert tokens(torch.randn(2, 3, 40, 50)).shape == (2, tokens.dim, 3, 4)


def test_a_file_in_its_own_names_is_loaded(tmp_path):
    source = DinoTokens("vit_tiny")
    head = {"head.weight": torch.zeros(2, 2)}
    save_file(source.vit.state_dict() | head, tmp_path / "dino.safetensors")
    x = torch.randn(1, 3, 32, 32)
    assert torch.equal(load_dino("vit_tiny", tmp_path / "dino.safetensors")(x), source(x))


def test_the_hub_is_asked_for_the_right_repository(monkeypatch):
    asked = []
    monkeypatch.setattr(dino, "timm_weights", lambda name: asked.append(name) or {})
    with pytest.raises(DataError, match="missing"):
        load_dino("vit_small", "hub")
    assert asked == ["timm/vit_small_patch16_224.dino"]


def test_what_is_not_published(tmp_path):
    with pytest.raises(UsageError, match="no weights of DINO are published for vit_tiny"):
        load_dino("vit_tiny", "hub")
    with pytest.raises(UsageError, match="dino 'resnet' is unknown"):
        DinoTokens("resnet")
    with pytest.raises(DataError, match="does not exist"):
        load_dino("vit_tiny", tmp_path / "none.safetensors")


def test_a_head_adds_a_linear_and_a_nonlinear_code(tmp_path):
    torch.manual_seed(0)
    trained = DinoHead(12, code=5).eval()
    save_file(trained.state_dict(), tmp_path / "head.safetensors")
    head = load_dino_head(tmp_path / "head.safetensors", dim=12)
    tokens = torch.randn(2, 12, 3, 4)
    codes = head(tokens)
    assert codes.shape == (2, 5, 3, 4)
    assert torch.equal(codes, trained.cluster1(tokens) + trained.cluster2(tokens))
    assert not head.training
    assert not codes.requires_grad
    assert not torch.equal(trained.train()(tokens), codes)  # channels are dropped while it learns


def test_heads_that_do_not_fit(tmp_path):
    save_file(DinoHead(12).state_dict(), tmp_path / "head.safetensors")
    with pytest.raises(DataError, match="not a link head for tokens of 24"):
        load_dino_head(tmp_path / "head.safetensors", dim=24)
    save_file({"norm.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(DataError, match="not a link head"):
        load_dino_head(tmp_path / "other.safetensors", dim=12)
    (tmp_path / "damaged.safetensors").write_bytes(b"no")
    with pytest.raises(DataError, match="not a readable safetensors file"):
        load_dino_head(tmp_path / "damaged.safetensors", dim=12)
