import pytest
import torch
from torch import nn

from landwright.errors import UsageError
from landwright.networks import create_network, load_encoder_weights, network_info


def compact(classes=3, bands=3, **options):
    torch.manual_seed(0)
    return create_network("paraformer", classes=classes, bands=bands, encoder="compact", **options)


def image(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def test_published_size():
    with torch.device("meta"):
        light = create_network("paraformer", classes=17, bands=4)
        normal = create_network("paraformer", classes=17, bands=4, width=128)
    assert sum(p.numel() for p in light.parameters()) == 142_714_253
    assert sum(p.numel() for p in normal.parameters()) == 145_401_693
    assert light.transformer.pos_embed.shape == (1, 196, 768)


def test_compact_is_small():
    assert sum(p.numel() for p in compact().parameters()) < 1_500_000


@pytest.mark.parametrize("option", [{"width": 6}, {"width": 0}, {"width": "64"}, {"width": True}, {"img_size": 100}])
def test_options_that_do_not_fit(option):
    with pytest.raises(UsageError, match="must be a multiple of"):
        compact(**option)


def test_unknown_encoder():
    with pytest.raises(UsageError, match="encoder 'vit_large' is unknown"):
        create_network("paraformer", classes=2, encoder="vit_large")


@pytest.mark.parametrize(("classes", "bands", "width", "img_size"), [(1, 1, 4, 16), (17, 7, 12, 96)])
def test_any_width_bands_classes_and_image_side(classes, bands, width, img_size):
    network = compact(classes, bands, width=width, img_size=img_size).eval()
    with torch.no_grad():
        outputs = network(image(1, bands, 33, 70))
    assert outputs.classes.shape == (1, classes, 33, 70)
    assert outputs.features.shape == (1, width, 33, 70)


def test_the_map_is_the_mean_of_both_heads():
    outputs = compact()(image(2, 3, 64, 64))
    local, wide = outputs.auxiliary
    torch.testing.assert_close(outputs.classes, (local + wide) / 2)
    assert network_info("paraformer").branches
    assert not network_info("clcformer").branches


def test_gradients_of_either_head_reach_the_first_convolution():
    for head in (0, 1):
        network = compact()
        network(image(2, 3, 64, 64)).auxiliary[head].square().mean().backward()
        assert network.cnn.stem.weight.grad.abs().max() > 0
        assert network.transformer.blocks[0].attn.qkv.weight.grad.abs().max() > 0


def test_padding_repeats_the_edge_and_is_cropped():
    network, x = compact().eval(), image(1, 3, 50, 70)
    with torch.no_grad():
        padded = network(torch.nn.functional.pad(x, (0, 10, 0, 14), mode="replicate"))
        found = network(x)
    torch.testing.assert_close(found.classes, padded.classes[..., :50, :70])
    torch.testing.assert_close(found.features, padded.features[..., :50, :70])


def test_rows_and_columns_are_not_confused():
    """With kernels and position table turned, a wide image turned on its side gives its map turned on its side."""
    network, turned = compact(img_size=64).eval(), compact(img_size=64).eval()
    x = image(1, 3, 64, 112)
    with torch.no_grad():
        network.transformer.pos_embed.normal_()
        for own, other in zip(network.parameters(), turned.parameters(), strict=True):
            other.copy_(own.transpose(2, 3) if own.ndim == 4 else own)
        grid = network.transformer.pos_embed.reshape(1, 4, 4, -1)
        turned.transformer.pos_embed.copy_(grid.transpose(1, 2).flatten(1, 2))
        plain, other = network(x).classes, turned(x.transpose(2, 3)).classes
    torch.testing.assert_close(plain, other.transpose(2, 3), atol=1e-5, rtol=1e-4)
    assert plain.std() > 1e-2


def test_dropout_is_where_it_was_published():
    with torch.device("meta"):
        network = create_network("paraformer", classes=2)
    rates = {name: module.p for name, module in network.named_modules() if isinstance(module, nn.Dropout)}
    assert {name for name, rate in rates.items() if rate == 0.1} == {"transformer.pos_drop"} | {
        f"transformer.blocks.{block}.mlp.drop{place}" for block in range(12) for place in (1, 2)
    }
    assert set(rates.values()) <= {0.0, 0.1}


@pytest.mark.slow
def test_compiles_in_one_piece():
    network, x = compact().eval(), image(1, 3, 64, 80)
    compiled = torch.compile(network, fullgraph=True, backend="eager")
    with torch.no_grad():
        torch.testing.assert_close(compiled(x).classes, network(x).classes)


@pytest.mark.parametrize("source", ["hub", "ViT-B_16.npz"])
def test_compact_takes_no_published_weights(source):
    with pytest.raises(UsageError, match="no encoder that could take weights") as caught:
        load_encoder_weights(compact(), source)
    assert "none" in caught.value.remedy
