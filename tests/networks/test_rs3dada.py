import pytest
import torch
from safetensors.torch import save_file

from landwright.errors import DataError, UsageError
from landwright.networks import create_network, encoders, load_encoder_weights, network_info, token_encoders


def small(**options):
    torch.manual_seed(0)
    return create_network("rs3dada", classes=8, encoder="vits", features=16, out_channels=[8, 8, 8, 8], **options)


# The published count, less the unit of the deepest level (in both heads) and the mask token, which nothing uses.
@pytest.mark.parametrize(
    ("encoder", "published", "dim"),
    [("vits", 80_622_665, 384), ("vitb", 147_309_257, 768), ("vitl", 366_539_209, 1024)],
)
def test_published_sizes(encoder, published, dim):
    unused = 2 * (2 * (256 * 256 * 9 + 256) + 2 * 2 * 256) + dim
    with torch.device("meta"):
        network = create_network("rs3dada", classes=8, encoder=encoder)
    assert sum(p.numel() for p in network.parameters()) == published - unused


def test_compact_is_small():
    network = create_network("rs3dada", classes=8, encoder="compact")
    assert sum(p.numel() for p in network.parameters()) < 2_500_000


def test_the_registry_knows_options():
    assert network_info("rs3dada").stride == 14
    assert network_info("rs3dada").heads == ("classes", "height")
    only = network_info("rs3dada", encoder="compact", heads="height")
    assert (only.stride, only.heads, only.tokens) == (8, ("height",), True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"encoder": "vitg"}, "encoder 'vitg' is unknown"),
        ({"heads": "depth"}, "heads 'depth' is unknown"),
        ({"features": 33}, "features must be an even number"),
        ({"features": "64"}, "features must be an even number"),
        ({"out_channels": [8, 8, 8]}, "out_channels must be 4 whole numbers"),
        ({"out_channels": [8, 8, 8, 0]}, "out_channels must be 4 whole numbers"),
    ],
)
def test_options_that_do_not_fit(options, words):
    with pytest.raises(UsageError, match=words):
        create_network("rs3dada", classes=2, **({"encoder": "compact"} | options))


def test_what_is_padded_is_cropped_and_whole_images_are_not_padded():
    network = small().eval()
    x = torch.randn(1, 3, 28, 42)
    with torch.no_grad():
        whole, cut = network(x), network(x[..., :27, :40])
    assert whole.classes.shape == (1, 8, 28, 42)
    assert cut.classes.shape == (1, 8, 27, 40)
    assert cut.height.shape == (1, 1, 27, 40)
    assert cut.tokens.shape == whole.tokens.shape == (1, 384, 2, 3)


def test_bfloat16_autocast_and_gradients_on_dinov2():
    network = small().train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = network(torch.randn(2, 3, 42, 28))
        loss = outputs.classes.float().square().mean() + outputs.height.float().square().mean()
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.slow
def test_dinov2_can_be_exported():
    network, x = small().eval(), torch.randn(1, 3, 28, 42)
    exported = torch.export.export(network, (x,)).module()
    with torch.no_grad():
        torch.testing.assert_close(exported(x).height, network(x).height)


def test_weights_come_from_a_file_in_official_names(tmp_path):
    network = small()
    state = {name: torch.randn_like(tensor) for name, tensor in network.encoder.state_dict().items()}
    save_file(state | {"mask_token": torch.zeros(1, 384)}, tmp_path / "dinov2_vits14.safetensors")
    report = load_encoder_weights(network, tmp_path / "dinov2_vits14.safetensors")
    assert report.loaded == {"encoder": len(state)}
    assert report.ignored == ("mask_token",)
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.encoder.state_dict().items())
    save_file({"cls_token": state["cls_token"]}, tmp_path / "part.safetensors")
    with pytest.raises(DataError, match="do not fit the encoder encoder; missing: pos_embed"):
        load_encoder_weights(network, tmp_path / "part.safetensors")


@pytest.mark.parametrize("name", ["rs3dada", "change"])
def test_weights_come_from_the_hub(name, monkeypatch):
    asked = []

    def fetch(repository):
        asked.append(repository)
        return dict(network.encoder.state_dict())

    monkeypatch.setattr(token_encoders, "timm_weights", fetch)
    network = create_network(name, classes=2, encoder="vits", features=16, out_channels=[8, 8, 8, 8])
    report = load_encoder_weights(network, "hub")
    assert asked == ["timm/vit_small_patch14_dinov2.lvd142m"]
    assert (set(report.loaded), report.normalization) == ({"encoder"}, "imagenet")


def test_published_weights_on_more_bands(tmp_path):
    save_file(dict(small().encoder.state_dict()), tmp_path / "rgb.safetensors")
    network = small(bands=4)
    load_encoder_weights(network, tmp_path / "rgb.safetensors")
    assert network.encoder.patch_embed.proj.weight.shape[1] == 4


def test_compact_has_no_published_weights():
    network = create_network("rs3dada", classes=2, encoder="compact")
    assert network.encoder_parts() == ()
    with pytest.raises(UsageError, match="no encoder that could take weights"):
        encoders.load_encoder_weights(network, "hub")
