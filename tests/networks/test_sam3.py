from __future__ import annotations

import copy
import io
import sys

import pytest
import torch
import torch.nn.functional as F

from landwright.errors import UsageError
from landwright.networks import create_network, network_info
from landwright.networks import sam3 as module
from landwright.networks.sam3 import COMPACT, Sam3Network

CONTEXT = 32


def ids(*lengths: int) -> torch.Tensor:
    """Words of so many made-up tokens."""
    generator = torch.Generator().manual_seed(5)
    found = torch.zeros(len(lengths), CONTEXT, dtype=torch.int64)
    for row, length in zip(found, lengths, strict=True):
        row[0], row[length + 1] = 49406, 49407
        row[1 : length + 1] = torch.randint(300, 40000, (length,), generator=generator)
    return found


@pytest.fixture(scope="module")
def network() -> Sam3Network:
    torch.manual_seed(0)
    found = Sam3Network(3, architecture="compact", synonyms=[1, 2, 3], confidence=0.2)
    for parameter in found.parameters():
        if parameter.ndim > 1:
            # Twice the published spread of random weights: scores then differ from place to place and word to word.
            parameter.data.mul_(2)
    # A faint semantic map, so that instances show through it.
    found.model.mask_decoder.semantic_projection.bias.data.fill_(-2.0)
    found.set_queries(ids(1, 2, 3, 1, 2, 5), [1, 2, 3])
    return found.eval()


def image(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def one_by_one(network: Sam3Network, pixels: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
    """SegEarth-OV3's sentence for one image, each word on its own and each instance on its own."""
    size = pixels.shape[-2:]
    native = F.interpolate(pixels, (network.side, network.side), mode="bilinear", antialias=True)
    maps = []
    for word in words:
        length = int(word.argmax()) + 1
        found = network.model(native, input_ids=word[None, :length], attention_mask=torch.ones(1, length))
        presence = found.presence_logits.sigmoid().item()
        best = F.interpolate(found.semantic_seg, size, mode="bilinear").sigmoid()[0, 0]
        for logit, mask in zip(found.pred_logits[0], found.pred_masks[0], strict=True):
            score = logit.sigmoid().item() * presence
            if score > network.confidence:
                enlarged = F.interpolate(mask[None, None], size, mode="bilinear").sigmoid()[0, 0]
                best = torch.maximum(best, enlarged * score)
        maps.append(best * presence)
    return torch.stack(maps)


@pytest.mark.parametrize("confidence", [0.0, 0.2, 0.9])
def test_scores_are_those_of_each_word_asked_alone(network: Sam3Network, confidence: float) -> None:
    pixels = image(2, 3, 61, 90)
    other = copy.copy(network)
    other.confidence = confidence
    with torch.no_grad():
        found = other.similarities(pixels)
        expected = torch.stack([one_by_one(other, one[None], other.queries) for one in pixels])
    assert (found.shape, found.dtype) == ((2, 6, 61, 90), torch.float32)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_instances_matter(network: Sam3Network) -> None:
    pixels, eager, silent = image(1, 3, 56, 56), copy.copy(network), copy.copy(network)
    eager.confidence, silent.confidence = 0.0, 0.99
    with torch.no_grad():
        found, without = eager.similarities(pixels), silent.similarities(pixels)
    assert (found >= without).all()
    assert 0.05 < (found > without).float().mean() < 1
    assert found.min() >= 0
    assert found.max() <= 1


def test_classes_are_the_best_words(network: Sam3Network) -> None:
    with torch.no_grad():
        outputs = network(image(1, 3, 40, 70))
    assert outputs.classes.shape == (1, 3, 40, 70)
    scores = outputs.queries
    torch.testing.assert_close(outputs.classes[:, 2].exp(), scores[:, 3:].amax(1))
    best, _ = network.rule.decide(scores[0])
    assert torch.equal(best, outputs.classes[0].argmax(0).byte())
    info = network_info("sam3", architecture="compact")
    assert (info.queries, info.normalization, info.default_tile) == (True, "half", 56)
    assert network_info("sam3").default_tile == 1008


def test_the_image_is_encoded_once_and_the_words_are_remembered(
    network: Sam3Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = {"get_vision_features": 0, "get_text_features": 0}
    for name in calls:
        kept = getattr(network.model, name)

        def counted(*arguments, name=name, kept=kept, **options):
            calls[name] += 1
            return kept(*arguments, **options)

        monkeypatch.setattr(network.model, name, counted)
    network.set_queries(ids(1, 2, 3, 1, 2, 5), [1, 2, 3])
    with torch.no_grad():
        first, again = network.similarities(image(2, 3, 56, 56)), network.similarities(image(2, 3, 56, 56))
        assert calls == {"get_vision_features": 2, "get_text_features": 1}
        assert torch.equal(first, again)
        network.set_queries(ids(2, 2, 2, 2, 2, 2), [1, 2, 3])
        assert not torch.equal(network.similarities(image(2, 3, 56, 56)), first)
        assert calls["get_text_features"] == 2
        network.load_state_dict(network.state_dict())
        network.similarities(image(1, 3, 56, 56))
        assert calls["get_text_features"] == 3
        network.eval().similarities(image(1, 3, 56, 56))
        assert calls["get_text_features"] == 4
    network.set_queries(ids(1, 2, 3, 1, 2, 5), [1, 2, 3])


def test_other_words_and_another_number_of_classes(network: Sam3Network) -> None:
    other = copy.deepcopy(network)
    other.set_queries(ids(1, 1), [1, 1], thresholds=(0.0, 1.0), background=0)
    with torch.no_grad():
        outputs = other(image(1, 3, 30, 30))
        assert outputs.classes.shape == (1, 2, 30, 30)
        assert other.rule.decide(outputs.queries[0])[0].max() == 0
        torch.testing.assert_close(outputs.queries[:, 0], other.similarities(image(1, 3, 30, 30))[:, 0])


def test_state_comes_back(network: Sam3Network) -> None:
    torch.manual_seed(9)
    options = {"architecture": "compact", "synonyms": [1, 2, 3], "confidence": network.confidence}
    other = create_network("sam3", classes=3, **options).eval()
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    assert state["queries"].dtype == torch.int64
    other.load_state_dict(state)
    with torch.no_grad():
        assert torch.equal(other.similarities(image(1, 3, 56, 56)), network.similarities(image(1, 3, 56, 56)))


def test_bands_half_precision_and_gradients() -> None:
    torch.manual_seed(0)
    found = Sam3Network(2, 5, architecture="compact", confidence=0.0)
    found(image(1, 5, 30, 33)).classes.mean().backward()
    assert found.model.vision_encoder.backbone.embeddings.patch_embeddings.projection.weight.grad.abs().sum() > 0
    found.eval()
    with torch.no_grad():
        whole = found.similarities(image(1, 5, 30, 33))
        with torch.autocast("cpu", torch.bfloat16):
            rough = found.eval().similarities(image(1, 5, 30, 33))
        assert rough.dtype == torch.float32
        torch.testing.assert_close(rough, whole, atol=0.02, rtol=0.05)
        double = found.double().similarities(image(1, 5, 30, 33).double())
    torch.testing.assert_close(double, whole, atol=1e-5, rtol=1e-4)


def test_a_configuration_on_top() -> None:
    found = Sam3Network(2, architecture="compact", config={"detr_decoder_config": {"num_queries": 7}})
    assert found.model.config.detr_decoder_config.num_queries == 7
    assert found.model.config.detr_decoder_config.hidden_size == COMPACT["detr_decoder_config"]["hidden_size"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"classes": 1}, "one class alone"),
        ({"confidence": 1.0}, "confidence must be in 0..1"),
        ({"architecture": "large"}, "architecture 'large' is unknown"),
        ({"config": {"text_config": {"hidden_size": 33}}}, "the configuration is none of SAM 3"),
        ({"config": {"vision_config": {"scale_factors": [3.0]}}}, "the configuration is none of SAM 3"),
        ({"thresholds": [0.5, 0.5]}, "thresholds need a background class"),
    ],
)
def test_mistakes_are_named(options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        create_network("sam3", **{"classes": 2, "architecture": "compact", **options})


def test_words_that_do_not_fit(network: Sam3Network) -> None:
    with pytest.raises(UsageError, match=r"shape \(2, 32\), but \(3, 32\) is needed"):
        network.set_queries(ids(1, 1), [1, 2])


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UsageError, match=r"landwright\[sam\]"):
        module._transformers()
