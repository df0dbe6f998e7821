import pytest
import torch

from landwright.errors import UsageError
from landwright.legends import load_vocabulary, parse_words
from landwright.networks import create_network
from landwright.words.derive import derive, rule_options

OPTIONS = {"architecture": "compact"}


@pytest.fixture
def network():
    torch.manual_seed(0)
    return create_network("clip", classes=2, **OPTIONS).eval()


def test_rules():
    vocabulary = load_vocabulary("potsdam")
    assert rule_options(vocabulary, thresholds=False) == {"synonyms": [2, 1, 1, 1, 1, 2]}
    assert rule_options(vocabulary, thresholds=True)["background"] == 5
    assert rule_options(parse_words("a; b"), thresholds=True) == {"synonyms": [1, 1]}


def test_it_is_what_a_new_network_with_the_same_weights_is(network):
    features = torch.randn(3, 128)
    options = {**OPTIONS, "synonyms": [2, 1], "attention": "gem"}
    found = derive(network, options, features)
    other = create_network("clip", classes=2, **options).eval()
    other.encoder.load_state_dict(network.encoder.state_dict())
    other.set_queries(features, [2, 1])
    image = torch.randn(1, 3, 48, 80)
    with torch.no_grad():
        assert torch.equal(found(image).queries, other(image).queries)
    assert not any(tensor.is_meta for tensor in (*found.parameters(), *found.buffers()))
    theirs = dict(network.encoder.named_parameters())
    assert all(theirs[name] is tensor for name, tensor in found.encoder.named_parameters())
    assert network.encoder.antialias is False


def test_what_does_not_fit(network):
    with pytest.raises(UsageError, match=r"shape \(2, 128\), but \(3, 128\)"):
        derive(network, {**OPTIONS, "synonyms": [2, 1]}, torch.randn(2, 128))
    guided = {**OPTIONS, "synonyms": [1, 1], "attention": "proxy", "guide": "vit_tiny_patch16_224"}
    bare = {name: value for name, value in guided.items() if name != "guide"}
    for options in (guided, bare):
        with pytest.raises(UsageError, match="no guide") as caught:
            derive(network, options, torch.randn(2, 128))
        assert "--set guide=NAME" in caught.value.remedy


def test_a_guide_is_shared():
    options = {**OPTIONS, "attention": "proxy", "guide": "vit_tiny_patch16_224"}
    network = create_network("clip", classes=2, **options).eval()
    found = derive(network, {**options, "synonyms": [1, 1]}, torch.randn(2, 128))
    assert next(found.guide.parameters()) is next(network.guide.parameters())
    with torch.no_grad():
        assert torch.isfinite(found(torch.randn(1, 3, 64, 64)).queries).all()
