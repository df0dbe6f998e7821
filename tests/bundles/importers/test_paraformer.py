"""The Paraformer importer, tried on a network of compact size in published names."""

from functools import partial

import pytest
import torch

from landwright.bundles import StateMismatchError
from landwright.bundles.importers import import_checkpoint, load
from landwright.bundles.importers.paraformer import convert, network_options, published_names
from landwright.errors import UsageError
from landwright.legends import load_legend
from landwright.networks import create_network

QUERY = "transformer.encoder.layer.1.attn.query.weight"
KEY, VALUE = QUERY.replace("query", "key"), QUERY.replace("query", "value")


def compact(classes=5, bands=4, width=8, img_size=64):
    torch.manual_seed(classes)
    return create_network(
        "paraformer", classes=classes, bands=bands, width=width, img_size=img_size, encoder="compact"
    ).eval()


def published(network):
    return {
        name: piece.clone()
        for own, tensor in network.state_dict().items()
        for names in (published_names(own),)
        for name, piece in zip(names, tensor.chunk(len(names)) if len(names) > 1 else (tensor,), strict=True)
    }


@pytest.fixture
def brought_in(monkeypatch, tmp_path):
    """Import a state dict as if the published network were of compact size."""
    monkeypatch.setattr(load, "create_network", partial(create_network, encoder="compact"))

    def bring(state, **options):
        torch.save(state, tmp_path / "epoch_99.pth")
        return import_checkpoint(tmp_path / "epoch_99.pth", "paraformer", **options)

    return bring


@pytest.mark.parametrize(
    ("own", "theirs"),
    [
        ("cnn.stem.bias", "transformer.embeddings.hybrid_model.startconv.bias"),
        ("cnn.blocks.3.branches.2.1.weight", "transformer.embeddings.hybrid_model.rpblocks.3.branches.2.1.weight"),
        ("cnn.blocks.0.fuse.0.weight", "transformer.embeddings.hybrid_model.rpblocks.0.fuse_conv.0.weight"),
        ("cnn.downs.2.0.weight", "transformer.embeddings.hybrid_model.out_conv3.0.weight"),
        ("patch_embed.bias", "transformer.embeddings.patch_embeddings.bias"),
        ("transformer.pos_embed", "transformer.embeddings.position_embeddings"),
        ("transformer.blocks.11.norm1.weight", "transformer.encoder.layer.11.attention_norm.weight"),
        ("transformer.blocks.2.mlp.fc2.bias", "transformer.encoder.layer.2.ffn.fc2.bias"),
        ("transformer.blocks.2.attn.proj.bias", "transformer.encoder.layer.2.attn.out.bias"),
        ("transformer.norm.weight", "transformer.encoder.encoder_norm.weight"),
        ("reduce.1.running_var", "decoder.conv_more.1.running_var"),
        ("guide.0.weight", "decoder.conv3.0.weight"),
        ("cnn_head.weight", "segmentation_head1.0.weight"),
        ("vit_head.bias", "segmentation_head2.0.bias"),
        ("something.else", "something.else"),
    ],
)
def test_names(own, theirs):
    assert published_names(own) == (theirs,)
    assert list(convert({theirs: torch.zeros(1)}, options={})) == [own]


def test_query_key_and_value_are_stacked_in_this_order():
    state = {VALUE: torch.full((2, 2), 3.0), QUERY: torch.full((2, 2), 1.0), KEY: torch.full((2, 2), 2.0)}
    (joined,) = convert(state, options={}).items()
    assert joined[0] == "transformer.blocks.1.attn.qkv.weight"
    assert joined[1][:, 0].tolist() == [1, 1, 2, 2, 3, 3]
    assert published_names(joined[0]) == (QUERY, KEY, VALUE)


@pytest.mark.parametrize("settings", [{}, {"classes": "5", "bands": "4", "width": "8"}])
def test_the_file_says_everything_itself(settings):
    found = network_options(settings, published(compact()))
    assert found == ({"width": 8, "img_size": 64}, 5, 4)


@pytest.mark.parametrize(("key", "words"), [("classes", "is 5"), ("bands", "is 4"), ("width", "is 8")])
def test_settings_that_contradict_the_file(key, words):
    with pytest.raises(UsageError, match=f"{key} {words} in the checkpoint, not 6") as caught:
        network_options({key: "6"}, published(compact()))
    assert f"Leave {key} out" in caught.value.remedy


def test_other_mistakes_in_settings():
    with pytest.raises(UsageError, match="no setting 'encoder'"):
        network_options({"encoder": "compact"}, {})
    with pytest.raises(UsageError, match="width must be a whole number"):
        network_options({"width": "wide"}, {})


def test_a_file_that_does_not_say_it_is_taken_as_published():
    assert network_options({}, {}) == ({"width": 64}, 17, 4)
    assert network_options({"classes": "12", "bands": "3"}, {}) == ({"width": 64}, 12, 3)
    odd = {"transformer.embeddings.position_embeddings": torch.zeros(1, 12, 96)}
    assert network_options({}, odd) == ({"width": 64}, 17, 4)


@pytest.mark.parametrize(("bands", "scale"), [(4, 39.25), (3, 45.93), (2, 127.0)])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_the_network_and_its_card(brought_in, bands, scale, prefix):
    network = compact(bands=bands)
    bundle = brought_in({f"{prefix}{name}": tensor for name, tensor in published(network).items()})
    image = torch.randn(3, bands, 64, 80)
    with torch.no_grad():
        ours, theirs = bundle.network(image), network(image)
    assert torch.equal(ours.classes, theirs.classes)
    assert all(torch.equal(a, b) for a, b in zip(ours.auxiliary, theirs.auxiliary, strict=True))
    card = bundle.card
    assert (card.name, card.legend.name, card.normalization.divide) == ("epoch_99", "classes-5", 1)
    assert card.normalization.std[0] == scale
    assert card.network.options == {"width": 8, "img_size": 64}
    assert (card.tiling.tile, card.tiling.overlap, card.tiling.blend) == (64, 0.5, "cosine")


def test_seventeen_classes_are_those_of_nlcd(brought_in):
    assert brought_in(published(compact(17))).card.legend == load_legend("nlcd-paraformer")


def test_a_legend_without_no_label(brought_in):
    network = compact(17)
    bundle = brought_in(published(network), legend="nlcd")
    assert bundle.card.legend.codes[0] == 11
    assert bundle.card.network.classes == 16
    image = torch.randn(1, 4, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(bundle.network(image).classes, network(image).classes[:, 1:])


def test_what_does_not_fit_is_listed_by_its_published_name(brought_in):
    state = published(compact())
    bias = KEY.replace("layer.1", "layer.2").replace("weight", "bias")
    stacked, crooked = QUERY.replace("layer.1", "layer.0"), KEY.replace("layer.1", "layer.2")
    del state[KEY], state[bias], state["decoder.conv4.1.bias"]
    state["optimizer.step"] = torch.zeros(1)
    state[stacked] = torch.zeros(90, 96)
    state[crooked] = torch.zeros(96)
    state["segmentation_head1.0.weight"] = torch.zeros(9, 9, 3, 3)
    with pytest.raises(StateMismatchError) as caught:
        brought_in(state)
    error = caught.value
    assert set(error.missing) == {KEY, bias, "decoder.conv4.1.bias"}
    assert error.unexpected == ("optimizer.step",)
    wrong = {entry.name: (entry.expected, entry.found) for entry in error.misshaped}
    assert wrong["segmentation_head1.0.weight"] == ((5, 9, 3, 3), (9, 9, 3, 3))
    assert [found for name, (_, found) in wrong.items() if stacked in name] == [(90 + 2 * 96, 96)]
    assert [found for name, (_, found) in wrong.items() if crooked in name] == [(2 * 96 * 96 + 96,)]
    assert "classes=5, bands=4, width=8, img_size=64" in error.remedy


def test_missing_attention_is_named_in_full(brought_in):
    state = published(compact())
    del state[QUERY], state[KEY], state[VALUE]
    with pytest.raises(StateMismatchError) as caught:
        brought_in(state)
    assert caught.value.missing == (f"{QUERY}, {KEY}, {VALUE}",)
