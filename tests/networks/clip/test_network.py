"""The network of words: windows, queries, and what its options change."""

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from landwright.errors import UsageError
from landwright.networks import create_network, load_encoder_weights, network_info
from landwright.networks.clip.network import ATTENTIONS

PLAIN = [name for name in ATTENTIONS if name != "proxy"]


def make(classes=3, **options):
    torch.manual_seed(0)
    return create_network("clip", classes=classes, architecture="compact", **options).eval()


def image(height=64, width=64, batch=1, bands=3):
    return torch.randn(batch, bands, height, width, generator=torch.Generator().manual_seed(1))


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


@pytest.mark.parametrize("attention", PLAIN)
def test_similarities_are_cosines_of_the_dense_features(attention):
    network = make(attention=attention, synonyms=[1, 2, 1])
    whole, patches = network.dense(image(64, 48, batch=2))
    assert whole.shape == (2, 128)
    assert patches.shape == (2, 128, 8, 6)
    wanted = torch.einsum("bdhw,qd->bqhw", F.normalize(patches, dim=1), network.queries)
    wanted = F.interpolate(wanted, (64, 48), mode="bilinear")
    torch.testing.assert_close(network.similarities(image(64, 48, batch=2)), wanted)


@pytest.mark.parametrize("attention", PLAIN)
@pytest.mark.parametrize("residual", [False, True])
def test_half_precision_changes_little(attention, residual):
    network = make(attention=attention, residual=residual)
    plain = network(image(56, 72))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = network(image(56, 72))
    assert half.queries.dtype == half.classes.dtype == torch.float32
    torch.testing.assert_close(half.queries, plain.queries, atol=0.006, rtol=0)


def test_forward_gives_the_logarithm_of_shares():
    network = make(synonyms=[1, 2, 1], scale=20.0)
    outputs = network(image(50, 70))
    shares = (20 * outputs.queries).softmax(1)
    wanted = torch.stack([shares[:, 0], torch.maximum(shares[:, 1], shares[:, 2]), shares[:, 3]], 1)
    torch.testing.assert_close(outputs.classes.exp(), wanted)
    assert outputs.queries.shape == (1, 4, 50, 70)


def test_windows_are_padded_on_either_side():
    network = make()
    given = image(21, 43)
    padded = F.pad(given, (2, 3, 1, 2))
    assert torch.equal(network.similarities(given), network.similarities(padded)[..., 1:22, 2:45])


def test_native_windows_are_resized_and_enlarged_back():
    network = make(window="native")
    given = image(32, 104)
    patches = network.dense(F.interpolate(given, (64, 64), mode="bilinear"))[1]
    wanted = torch.einsum("bdhw,qd->bqhw", F.normalize(patches, dim=1), network.queries)
    torch.testing.assert_close(network.similarities(given), F.interpolate(wanted, (32, 104), mode="bilinear"))
    assert torch.equal(network.similarities(image()), make().similarities(image()))


@pytest.mark.parametrize("zoom", [2.0, 0.5, 1.3])
def test_zoom(zoom):
    given = image(40, 56)
    size = (round(40 * zoom), round(56 * zoom))
    larger = F.interpolate(given, size, mode="bilinear", antialias=zoom < 1)
    wanted = F.interpolate(make().similarities(larger), (40, 56), mode="bilinear")
    torch.testing.assert_close(make(zoom=zoom).similarities(given), wanted)


def test_bias_adds_the_whole_image():
    network, biased = make(), make(bias=-0.3)
    whole, _ = network.dense(image())
    share = F.normalize(whole, dim=1) @ network.queries.T
    wanted = network.similarities(image()) - 0.3 * share[..., None, None]
    torch.testing.assert_close(biased.similarities(image()), wanted, atol=1e-6, rtol=1e-5)


def test_an_encoder_without_a_class_token_takes_the_mean(monkeypatch):
    network = make()
    encoder = network.encoder
    tokens = encoder.tokens
    monkeypatch.setattr(encoder, "tokens", lambda image: tokens(image)[:, 1:])
    monkeypatch.setattr(encoder, "prefix", 0)
    whole, patches = network.dense(image())
    torch.testing.assert_close(whole, patches.mean((2, 3)))


def test_features_may_be_enlarged_before_they_are_compared():
    network = make(upsampler="bilinear")
    patches = network.dense(image(40, 64))[1]
    fine = F.normalize(F.interpolate(patches, (40, 64), mode="bilinear"), dim=1)
    wanted = torch.einsum("bdhw,qd->bqhw", fine, network.queries)
    torch.testing.assert_close(network.similarities(image(40, 64)), wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("upsampler", ["jbu-one", "jbu-stack"])
def test_features_may_be_enlarged_along_edges(upsampler):
    network = make(upsampler=upsampler)
    given = image(32, 24)
    fine = F.normalize(network.upsampler(network.dense(given)[1], given), dim=1)
    wanted = F.interpolate(torch.einsum("bdhw,qd->bqhw", fine, network.queries), (32, 24), mode="bilinear")
    torch.testing.assert_close(network.similarities(given), wanted, atol=1e-4, rtol=1e-4)


def test_other_words():
    network = make()
    features = 3 * torch.randn(5, 128)
    network.set_queries(features, [2, 1, 1, 1], thresholds=[0.1] * 4, background=3)
    torch.testing.assert_close(network.queries, F.normalize(features, dim=1))
    assert network.rule.synonyms == (2, 1, 1, 1)
    assert (network.rule.thresholds, network.rule.background, network.rule.scale) == ((0.1,) * 4, 3, 50.0)
    outputs = network(image())
    assert (outputs.queries.shape[1], outputs.classes.shape[1]) == (5, 4)
    network.set_queries(features[:2], [1, 1])
    assert network.rule.thresholds == ()
    with pytest.raises(UsageError, match=r"\(5, 128\), but \(3, 128\)"):
        network.set_queries(features, [2, 1])
    with pytest.raises(UsageError, match="one class alone"):
        network.set_queries(features[:2], [2])
    for wrong in (float("nan"), 0.0):
        with pytest.raises(UsageError, match="have no direction"):
            network.set_queries(torch.full((2, 128), wrong), [1, 1])
    assert network.rule.synonyms == (1, 1)


def test_options_make_the_rule():
    network = make(classes=2, synonyms=[1, 2], scale=30.0, thresholds=[0.0, 0.3], background=0)
    rule = network.rule
    assert (rule.synonyms, rule.scale, rule.thresholds, rule.background) == ((1, 2), 30.0, (0.0, 0.3), 0)
    assert network.queries.shape == (3, 128)
    torch.testing.assert_close(network.queries.norm(dim=1), torch.ones(3))
    assert "queries" in network.state_dict()


def test_the_text_tower_is_not_run_for_an_image(monkeypatch):
    network = make()
    ids = torch.tensor([[5, 6, 49407, 0]])
    assert network.encode_text(ids).shape == (1, 128)
    monkeypatch.setattr(network.encoder.clip.transformer, "forward", None)
    network(image())


def test_a_guide_lends_its_attention():
    network = make(attention="proxy", guide="test_vit", residual=True)
    given = image(64, 48, batch=2)
    alike, tokens = network.guide(given, (8, 6)), network.encoder.tokens(given)
    value = network.encoder.qkv(network.encoder.normed(tokens))[2]
    mixed = torch.cat((value[:, :, :1], alike[:, None] @ value[:, :, 1:]), 2)
    joint = network.encoder.joint(network.encoder.finish(tokens, network.encoder.project(mixed)))
    whole, patches = network.dense(given)
    torch.testing.assert_close(whole, joint[:, 0])
    torch.testing.assert_close(patches.flatten(2).transpose(1, 2), joint[:, 1:])


def test_a_guide_takes_published_weights(tmp_path):
    network, other = make(attention="proxy", guide="test_vit"), make()
    state = {name: tensor + 1 for name, tensor in network.guide.model.state_dict().items()}
    save_file(state, tmp_path / "guide.safetensors")
    report = load_encoder_weights(network, tmp_path / "guide.safetensors")
    assert report.loaded == {"guide": len(state)}
    assert torch.equal(network.guide.model.pos_embed, state["pos_embed"])
    assert "guide.factor" not in network.state_dict()
    with pytest.raises(UsageError, match="no encoder that could take weights"):
        load_encoder_weights(other, "hub")


def test_neighbourhood_width_matters_where_it_is_used():
    wide, narrow = (make(attention="naclip", sigma=sigma).similarities(image()) for sigma in (5.0, 1.0))
    assert not torch.allclose(wide, narrow, atol=1e-5)


def test_sizes_follow_the_architecture():
    found = {name: network_info("clip", architecture=name) for name in ("compact", "ViT-B-32", "ViT-L-14-336")}
    sizes = {name: (info.stride, info.default_tile) for name, info in found.items()}
    assert sizes == {"compact": (8, 64), "ViT-B-32": (32, 224), "ViT-L-14-336": (14, 336)}
    assert network_info("clip").normalization == "clip"
    assert network_info("clip", family="siglip").normalization == "half"
    assert network_info("clip", family="tips").normalization == "none"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"classes": 1}, "one class alone"),
        ({"attention": "SegEarth"}, "attention 'SegEarth'"),
        ({"window": "crop"}, "window 'crop'"),
        ({"upsampler": "jbu"}, "upsampler 'jbu'"),
        ({"family": "blip"}, "'blip'"),
        ({"sigma": 0.0}, "sigma must be above 0"),
        ({"zoom": -1.0}, "zoom must be above 0"),
        ({"upsampler": "jbu-one", "bands": 4}, "the upsampler reads 3 bands"),
        ({"attention": "proxy", "guide": "test_vit", "bands": 4}, "the guide reads 3 bands"),
        ({"attention": "proxy"}, "there is no guide.*--set guide=NAME"),
        ({"guide": "vit_small_patch16_224.dino"}, "the attention is 'segearth'.*Leave guide out"),
        ({"synonyms": [1, 1]}, "2 classes, but there are 3"),
    ],
)
def test_options_that_do_not_fit(options, words):
    with pytest.raises(UsageError, match=words):
        make(**options)
