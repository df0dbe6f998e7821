"""The facade: features, similarities and maps of a small model, against a plain computation."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from landwright.errors import DataError, UsageError
from landwright.legends import load_vocabulary, parse_words
from landwright.networks.clip import slide
from landwright.rasters.blend import partition
from landwright.rasters.starts import starts
from landwright.words import DenseClip
from landwright.words.preprocess import resize_long_side

WORDS = "building, roof; road; tree; background"


def make(saved, **options):
    return DenseClip("own", saved, activation="gelu", **options)


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (90, 130, 3), dtype=np.uint8)


def test_features_of_images_and_texts(saved, state):
    dense = make(saved)
    images = torch.randn(2, 3, 64, 80)
    whole, patches = dense.encode_image(images)
    assert (whole.shape, patches.shape) == ((2, 128), (2, 80, 128))
    text = dense.encode_text(["a road", "a tree"])
    assert text.shape == (2, 128)
    found = dense.similarities(images, text)
    assert found.shape == (2, 2, 8, 10)
    expected = F.normalize(patches, dim=-1) @ F.normalize(text, dim=-1).T
    assert torch.allclose(found.flatten(2).transpose(1, 2), expected, atol=1e-6)
    biased = make(saved, bias=-0.3).similarities(images, text)
    added = -0.3 * F.normalize(whole, dim=-1) @ F.normalize(text, dim=-1).T
    assert torch.allclose(biased, found + added[..., None, None], atol=1e-6)


def test_settings_and_what_a_preset_changes(saved):
    dense = make(saved, attention="maskclip", residual=True)
    vocabulary = parse_words(WORDS)
    network = dense.words_network(vocabulary, "rs-ovss")
    assert (network.attention, network.residual, network.window) == ("maskclip", True, "native")
    assert dense.words_network(vocabulary).window == "as-is"
    assert make(saved, window="as-is").words_network(vocabulary, "rs-ovss").window == "as-is"
    assert network.encoder.clip.visual.proj is dense.network.encoder.clip.visual.proj
    assert dense.words_network(vocabulary) is dense.words_network(vocabulary)


def test_thresholds_belong_to_presets(saved):
    vocabulary = load_vocabulary("potsdam")
    assert make(saved).words_network(vocabulary, "rs-ovss").rule.thresholds == ()
    rule = make(saved).words_network(vocabulary, "landwright").rule
    assert (rule.thresholds[0], rule.background) == (0.1, 5)


def by_weights(network, pixels):
    """Sum windows of 64 pixels, evenly spread, one by one with their cosine weights."""
    rows, columns = (starts(side, 64, 0.5) for side in pixels.shape[-2:])
    down, across = partition(64, rows, "cosine"), partition(64, columns, "cosine")
    total = torch.zeros(1, len(network.queries), *pixels.shape[-2:])
    for i, y in enumerate(rows):
        for j, x in enumerate(columns):
            scores = network.similarities(pixels[..., y : y + 64, x : x + 64])
            total[..., y : y + 64, x : x + 64] += scores * torch.from_numpy(np.outer(down[i], across[j]))
    return total


@pytest.mark.parametrize("preset", ["landwright", "rs-ovss"])
def test_maps(saved, image, preset):
    dense, vocabulary = make(saved), parse_words(WORDS)
    found = dense.segment(image, vocabulary, preset=preset)
    network = dense.words_network(vocabulary, preset)
    small = image if preset == "landwright" else resize_long_side(image, 448)
    with torch.no_grad():
        pixels = dense.normalize(small)[None]
        scores = by_weights(network, pixels) if preset == "landwright" else slide(network, pixels)
        large = F.interpolate(scores, image.shape[:2], mode="bilinear")[0]
        shares = (large * 50).softmax(0)
        expected = torch.stack([shares[:2].amax(0), shares[2], shares[3], shares[4]])
    assert found.indices.shape == image.shape[:2]
    assert found.indices.dtype == np.uint8
    np.testing.assert_allclose(found.probabilities, expected.numpy(), atol=1e-5)
    assert (found.indices != expected.argmax(0).numpy()).mean() < 1e-3
    bare = dense.segment(image, vocabulary, preset=preset, probabilities=False)
    assert bare.probabilities is None
    np.testing.assert_array_equal(bare.indices, found.indices)


def test_a_vocabulary_by_name_and_the_cache(saved, image, monkeypatch, tmp_path):
    dense = make(saved)
    first = dense.segment(image, "loveda", templates="single")
    assert first.probabilities.shape[0] == 7
    assert list((tmp_path / "features").rglob("*.safetensors"))
    again = make(saved)
    monkeypatch.setattr(type(again.network), "encode_text", lambda *_: pytest.fail("it is kept already"))
    np.testing.assert_array_equal(again.segment(image, "loveda", templates="single").indices, first.indices)


def test_other_activations_do_not_share_features(saved):
    gelu, quick = make(saved), DenseClip("own", saved, activation="quick_gelu")
    assert gelu.fingerprint != quick.fingerprint
    assert not torch.allclose(gelu.word_features(["road"]), quick.word_features(["road"]))


def test_words_of_another_language(saved, image):
    with pytest.warns(UserWarning, match="'wald' does not look English"):
        make(saved).segment(image, parse_words("wald; road"), templates="single")


def test_bad_images(saved, image):
    for bad in (image[..., :2], image.astype(np.float32), image[..., 0]):
        with pytest.raises(UsageError, match="must be uint8"):
            make(saved).segment(bad, "loveda")


def test_bad_options(saved, tmp_path):
    with pytest.raises(UsageError, match="attention 'sgearth' is unknown"):
        make(saved, attention="sgearth")
    with pytest.raises(UsageError, match="go together"):
        make(saved, attention="proxy")
    with pytest.raises(DataError, match="jbu-one are not here"):
        make(saved, upsampler="jbu-one")
    with pytest.raises(DataError, match="no file of the hub"):
        DenseClip("farslip2-vc-b16")


def test_an_upsampler_of_a_preset(saved, image, tmp_path):
    from landwright.networks.clip.jbu import make_upsampler

    dense = make(saved)
    with pytest.raises(DataError, match="jbu-one are not here"):
        dense.segment(image, "loveda", preset="segearth-ov", templates="single")
    (tmp_path / "weights").mkdir()
    torch.save(make_upsampler("jbu-one", 128).state_dict(), tmp_path / "weights" / "jbu-one.pt")
    network = dense.words_network(load_vocabulary("loveda"), "segearth-ov", "single")
    assert network.bias == -0.3
    own = make(saved, upsampler="jbu-one")
    shared = own.words_network(load_vocabulary("loveda"), "segearth-ov", "single")
    assert next(shared.upsampler.parameters()) is next(own.network.upsampler.parameters())


def test_the_sizes_of_weights_that_fit_by_name_only(tmp_path, state):
    from landwright.bundles import StateMismatchError

    torch.save(state | {"ln_final.bias": torch.zeros(5)}, tmp_path / "a.pt")
    with pytest.raises(StateMismatchError, match=r" ln_final\.bias \[5\] instead of \[128\]"):
        DenseClip("own", tmp_path / "a.pt", activation="gelu")


def test_no_windows_at_a_time(saved, image):
    for preset in ("landwright", "rs-ovss"):
        with pytest.raises(UsageError, match="0 at a time"):
            make(saved).segment(image, parse_words(WORDS), preset=preset, batch=0)


def test_another_context(saved, tmp_path, state):
    shorter = state | {"positional_embedding": state["positional_embedding"][:50]}
    torch.save(shorter, tmp_path / "short.pt")
    assert DenseClip("own", tmp_path / "short.pt", activation="gelu", context=50).network.encoder.context == 50
    with pytest.raises(DataError, match="have 77 positions of plain CLIP, not the 248"):
        make(saved, context=248)
