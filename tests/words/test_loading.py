import pytest
import torch

from landwright.words import loading
from landwright.words.checkpoints import read_clip
from landwright.words.loading import features_of, fingerprint_of, load_network, tokenizer_of
from landwright.words.registry import model_info


@pytest.fixture
def checkpoint(saved):
    return read_clip(saved, model_info("own"), activation="gelu")


def test_a_network_with_its_words(saved, checkpoint, tmp_path):
    options = {"synonyms": [1, 2], "attention": "naclip"}
    network = load_network("own", saved, checkpoint, options)
    assert (network.rule.synonyms, network.attention, network.training) == ((1, 2), "naclip", False)
    used = {**checkpoint.options, **options}
    assert tokenizer_of(network, used).context == 77
    key = fingerprint_of(network, used)
    assert key != fingerprint_of(network, {**used, "activation": "quick_gelu"})
    found = features_of(network, used, ["road", "dam"], "single", key=key)
    assert torch.allclose(found.norm(dim=1), torch.ones(2))
    assert len(list((tmp_path / "features").rglob("*.safetensors"))) == 2


@pytest.mark.parametrize("given", [None, "guide.pth"])
def test_a_guide_gets_its_weights(saved, checkpoint, monkeypatch, given):
    asked = []
    monkeypatch.setattr(loading, "load_encoder_weights", lambda network, source: asked.append(source))
    options = {"attention": "proxy", "guide": "vit_tiny_patch16_224"}
    assert load_network("own", saved, checkpoint, options, guide_weights=given).guide is not None
    assert asked == [given or "hub"]
