import pytest
import timm
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors.torch import save_file

from landwright.errors import DataError, UsageError
from landwright.networks import create_network, encoders, load_encoder_weights, unfold_norms

MOBILENET = "weights/mobilenetv2_100_imagenet_int8deq_fp16.safetensors"


def compact(bands=3):
    return create_network("clcformer", classes=2, bands=bands, encoder="compact")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A safetensors file with random MobileNetV2 weights in timm's names."""
    torch.manual_seed(5)
    state = timm.create_model("mobilenetv2_100").state_dict()
    path = tmp_path_factory.mktemp("weights") / "mobilenet.safetensors"
    save_file({k: v for k, v in state.items() if "num_batches" not in k}, path)
    return path, state


def test_local_file_fills_the_cnn_branch(weights):
    path, state = weights
    network = compact()
    report = load_encoder_weights(network, path)
    assert torch.equal(network.cnn.blocks[5][0].conv_pw.weight, state["blocks.5.0.conv_pw.weight"])
    assert torch.equal(network.cnn.conv_stem.weight, state["conv_stem.weight"])
    assert report.loaded == {"cnn": len([k for k in network.cnn.state_dict() if "num_batches" not in k])}
    assert all(name.startswith(("blocks.6.", "conv_head.", "bn2.", "classifier.")) for name in report.ignored)
    assert report.normalization is None


@pytest.mark.parametrize("bands", [1, 4])
def test_first_convolution_follows_the_bands(weights, bands):
    path, state = weights
    network = compact(bands)
    load_encoder_weights(network, path)
    expected = {1: state["conv_stem.weight"].sum(1, keepdim=True)}.get(bands)
    weight = network.cnn.conv_stem.weight
    if expected is None:
        assert torch.allclose(weight[:, 3], state["conv_stem.weight"][:, 0] * 0.75)
    else:
        assert torch.allclose(weight, expected)


def test_smp_encoder_takes_the_same_file(weights):
    path, state = weights
    network = create_network("smp:unet:tu-mobilenetv2_100", classes=2)
    load_encoder_weights(network, str(path))
    assert torch.equal(network.model.encoder.model.conv_stem.weight, state["conv_stem.weight"])


def test_real_imagenet_weights_and_unfolding(shared):
    torch.manual_seed(0)
    network = compact().eval()
    report = load_encoder_weights(network, shared / "data" / MOBILENET)
    assert report.normalization == "half"
    x = torch.rand(4, 3, 96, 96) * 2 - 1
    with torch.no_grad():
        before = network.cnn(x)
        assert unfold_norms(network, x) == sum(isinstance(m, torch.nn.BatchNorm2d) for m in network.cnn.modules())
        after = network.cnn(x)
        network.train()
        network.cnn.dropout.p = 0.0
        training = network.cnn(x)
    for a, b, c in zip(before, after, training, strict=True):
        scale = a.abs().max()
        assert (a - b).abs().max() < 1e-3 * scale
        assert (a - c).abs().max() < 1e-2 * scale
    assert unfold_norms(network, x) == 0


def test_unfolding_leaves_other_networks_alone():
    assert unfold_norms(compact(), torch.zeros(1, 3, 32, 32)) == 0
    assert unfold_norms(torch.nn.Conv2d(1, 1, 1), torch.zeros(1, 1, 4, 4)) == 0


def test_a_file_that_does_not_fit_changes_nothing(tmp_path, weights):
    _, state = weights
    state = {k: v.clone() for k, v in state.items() if "num_batches" not in k and k != "bn1.weight"}
    state["blocks.1.0.conv_pw.weight"] = torch.zeros(1)
    state["surplus"] = torch.zeros(1)
    path = tmp_path / "other.safetensors"
    save_file(state, path)
    network = compact()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    with pytest.raises(DataError) as caught:
        load_encoder_weights(network, path)
    for words in ("other.safetensors", "missing: bn1.weight", "unexpected: surplus", "other shape: blocks.1.0.conv_pw"):
        assert words in str(caught.value)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_many_missing_keys_are_counted(tmp_path):
    path = tmp_path / "few.safetensors"
    save_file({"bn1.bias": torch.zeros(32)}, path)
    with pytest.raises(DataError, match=r"and \d+ more"):
        load_encoder_weights(compact(), path)


def test_pickles_are_refused(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save({"bn1.bias": torch.zeros(32)}, path)
    with pytest.raises(DataError, match="no safetensors file"):
        load_encoder_weights(compact(), path)


@pytest.mark.parametrize("source", ["missing.safetensors", "folder/missing.pth", "/a/b"])
def test_missing_file(source):
    with pytest.raises(DataError, match="does not exist"):
        load_encoder_weights(compact(), source)


def test_networks_without_encoder():
    with pytest.raises(UsageError, match="no encoder"):
        load_encoder_weights(torch.nn.Conv2d(1, 1, 1), "hub")


def test_hub(monkeypatch, weights):
    path, state = weights
    asked = []

    def download(repository, name):
        asked.append((repository, name))
        return str(path)

    monkeypatch.setattr(encoders, "hf_hub_download", download)
    network = compact()
    report = load_encoder_weights(network, "hub")
    assert report.normalization == "imagenet"
    assert load_encoder_weights(network, "someone/else").loaded == report.loaded
    assert asked == [("timm/mobilenetv2_100.ra_in1k", "model.safetensors"), ("someone/else", "model.safetensors")]
    assert torch.equal(network.cnn.conv_stem.weight, state["conv_stem.weight"])


@pytest.mark.slow
def test_hub_fills_both_published_branches(monkeypatch, tmp_path):
    files = {}
    for name in ("efficientnet_b3", "swinv2_tiny_window8_256"):
        files[name] = str(tmp_path / f"{name}.safetensors")
        state = timm.create_model(name).state_dict()
        save_file({k: v for k, v in state.items() if "num_batches" not in k}, files[name])
    monkeypatch.setattr(encoders, "hf_hub_download", lambda repository, _: files[repository[5:].split(".")[0]])
    for taps in ("released", "legacy"):
        network = create_network("clcformer", classes=1, taps=taps)
        assert set(load_encoder_weights(network, "hub").loaded) == {"cnn", "transformer"}


def test_smp_hub_weights_come_through_smp(monkeypatch):
    import segmentation_models_pytorch as smp

    network = create_network("smp:unet:resnet18", classes=2)
    twin = smp.encoders.get_encoder("resnet18", weights=None)
    asked = {}

    def get_encoder(name, **arguments):
        asked.update(arguments, name=name)
        return twin

    monkeypatch.setattr(smp.encoders, "get_encoder", get_encoder)
    load_encoder_weights(network, "hub")
    assert asked == {"name": "resnet18", "in_channels": 3, "weights": "imagenet"}
    assert torch.equal(network.model.encoder.conv1.weight, twin.conv1.weight)


def test_unreachable_hub(monkeypatch):
    def download(repository, name):
        raise LocalEntryNotFoundError("offline")

    monkeypatch.setattr(encoders, "hf_hub_download", download)
    with pytest.raises(DataError, match="cannot be fetched"):
        load_encoder_weights(compact(), "hub")
