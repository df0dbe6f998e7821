from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from landwright.bundles import Card, NetworkCard, Normalization, WordsCard, load_bundle, save_bundle
from landwright.errors import DataError, UsageError
from landwright.evaluation.suite.models import BundleModel, find_models
from landwright.legends.vocabulary import Vocabulary, load_vocabulary
from landwright.networks import create_network
from landwright.networks.clip import ClipNetwork
from landwright.words import CLIP_MEAN, CLIP_STD, DenseClip, ModelInfo, load_preset, registry

CPU = torch.device("cpu")


@pytest.fixture
def words() -> Vocabulary:
    return load_vocabulary("udd5")


@pytest.fixture
def network(words: Vocabulary) -> ClipNetwork:
    torch.manual_seed(0)
    found = create_network("clip", classes=len(words), architecture="compact")
    assert isinstance(found, ClipNetwork)
    return found


@pytest.fixture
def published(tmp_path: Path, network: ClipNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry with two small models, one of which brings its own last layer, and their weights on this machine."""
    entries = {
        "small": ModelInfo(name="small", title="Small", architecture="compact", reference_activation="gelu"),
        "fixed": ModelInfo(name="fixed", title="Fixed", architecture="compact", attention="sclip", residual=True),
        "own": registry.model_info("own"),
    }
    monkeypatch.setattr(registry, "_models", lambda: entries)
    monkeypatch.setenv("LANDWRIGHT_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("LANDWRIGHT_FEATURES", str(tmp_path / "features"))
    (tmp_path / "weights").mkdir()
    state = {name.removeprefix("clip."): tensor.contiguous() for name, tensor in network.encoder.state_dict().items()}
    for name in ("small", "fixed"):
        save_file(state, tmp_path / "weights" / f"{name}.safetensors")


def bundle(folder: Path, model: ClipNetwork, vocabulary: Vocabulary, **changes: object) -> Path:
    values: dict[str, object] = {
        "name": folder.name,
        "regime": "imported",
        "network": NetworkCard(
            name="clip",
            options={"architecture": "compact", "synonyms": list(vocabulary.synonyms)},
            classes=len(vocabulary),
        ),
        "bands": ("red", "green", "blue"),
        "normalization": Normalization(mean=tuple(CLIP_MEAN), std=tuple(CLIP_STD)),
        "legend": vocabulary.legend(),
        "words": WordsCard(model="own", vocabulary=vocabulary),
    }
    return save_bundle(folder, Card.model_validate(values | changes), model)


@pytest.mark.parametrize("preset", ["rs-ovss", "landwright"])
def test_maps_are_those_of_the_facade(
    tmp_path: Path, published: None, network: ClipNetwork, words: Vocabulary, preset: str
) -> None:
    """A model of the registry, the bundle of the same weights and the facade map alike."""
    image = np.random.default_rng(0).integers(0, 256, (70, 100, 3)).astype(np.uint8)
    folder = bundle(tmp_path / "mine", network, words)
    wanted = DenseClip("small").segment(image, words, preset=preset).indices
    for opener in find_models(["small", str(folder)], preset, attention=None, device="cpu"):
        found = opener.open().classifier(words)(image)
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, wanted)
    assert len(np.unique(wanted)) > 1


def test_making(tmp_path: Path, published: None, network: ClipNetwork, words: Vocabulary) -> None:
    found = find_models(["small", "fixed"], "rs-ovss", attention="gem", device="cpu")
    small, fixed = (one.open().making for one in found)
    assert (small.attention, small.fixed, small.residual, small.published) == ("gem", False, False, "small")
    assert (fixed.attention, fixed.fixed, fixed.residual) == ("sclip", True, True)
    assert (small.preset, small.crop, small.stride, small.resize) == ("rs-ovss", 224, 112, 448)
    assert (small.window, small.thresholded, small.upsampler_weights) == ("native", False, None)
    assert small.weights == fixed.weights
    (ours,) = (one.open().making for one in find_models(["small"], "landwright", attention=None, device="auto"))
    assert (ours.crop, ours.stride, ours.resize, ours.thresholded) == (64, 32, None, True)
    found = find_models(["small", "fixed"], "rs-ovss", attention=None, device="cpu", activation="reference")
    assert [one.open().making.activation for one in found] == ["gelu", "quick_gelu"]
    assert ours.activation == "quick_gelu"
    card = WordsCard(model="small", vocabulary=words)
    tuned = bundle(tmp_path / "small-tuned", network, words, regime="words", words=card)
    (opener,) = find_models([str(tuned)], "rs-ovss", attention=None, device="cpu")
    making = opener.open().making
    assert (making.model, making.published) == ("small-tuned", None)
    assert making.weights == load_bundle(tuned).card.weights_sha256


def test_upsamplers(tmp_path: Path, published: None, network: ClipNetwork, words: Vocabulary) -> None:
    """The upsampler's weights are told apart, whether they lie beside the model or in it."""
    plain = bundle(tmp_path / "plain", network, words)
    (opener,) = find_models([str(plain)], "segearth-ov", attention=None, device="cpu")
    with pytest.raises(DataError, match="weights of the upsampler jbu-one are not here"):
        opener.open()
    torch.manual_seed(1)
    guided = create_network("clip", classes=len(words), architecture="compact", upsampler="jbu-one")
    assert isinstance(guided, ClipNetwork)
    assert guided.upsampler is not None
    save_file(guided.upsampler.state_dict(), tmp_path / "weights" / "jbu-one.safetensors")
    beside = opener.open().making
    guided.encoder.load_state_dict(network.encoder.state_dict())
    options = {"architecture": "compact", "synonyms": list(words.synonyms), "upsampler": "jbu-one"}
    own = bundle(
        tmp_path / "own",
        guided,
        words,
        network=NetworkCard(name="clip", options=options, classes=len(words)),
    )
    (other,) = find_models([str(own)], "segearth-ov", attention=None, device="cpu")
    assert beside.upsampler_weights is not None
    assert other.open().making.upsampler_weights == beside.upsampler_weights
    assert beside.bias == -0.3


def test_bundles_that_do_not_fit(tmp_path: Path, network: ClipNetwork, words: Vocabulary) -> None:
    folder = bundle(tmp_path / "four", network, words)
    four = create_network("clip", classes=len(words), bands=4, architecture="compact")
    assert isinstance(four, ClipNetwork)
    wide = bundle(
        tmp_path / "wide",
        four,
        words,
        bands=("red", "green", "blue", "nir"),
        normalization=Normalization(mean=(0.5,) * 4, std=(0.2,) * 4),
    )
    with pytest.raises(UsageError, match="takes 4 bands"):
        BundleModel(str(wide), load_preset("rs-ovss"), None, CPU).open()
    with pytest.raises(UsageError, match="no guide"):
        BundleModel(str(folder), load_preset("rs-ovss"), "proxy", CPU).open()
