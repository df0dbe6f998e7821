"""SAM 3 made to look for other words: which confidence and threshold hold."""

import pytest
import torch

from landwright.bundles import Bundle, Card, NetworkCard, Normalization, WordsCard, with_words
from landwright.errors import UsageError
from landwright.legends import load_vocabulary, parse_words
from landwright.networks import create_network

pytest.importorskip("open_clip", reason="open_clip comes with the extra words")
pytest.importorskip("transformers", reason="transformers comes with the extra sam")

WORDS = parse_words("roof; road; background")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return create_network("sam3", classes=3, architecture="compact").eval()


@pytest.fixture
def bundle(network):
    """A bundle that was given what is named, see :class:`WordsCard`."""

    def made(words=WORDS, *, settings=(), confidence=0.5, threshold=0.0):
        rule = {"synonyms": list(words.synonyms), "confidence": confidence}
        if threshold:
            rule |= {"thresholds": [threshold] * len(words), "background": words.background}
        own = with_words(
            Bundle(card(WORDS, {}, ()), network),
            words,
            settings={"confidence": confidence} | ({"threshold": threshold}),
        ).network
        return Bundle(card(words, rule, settings), own)

    def card(words, rule, settings):
        return Card(
            name="small sam",
            regime="imported",
            network=NetworkCard(name="sam3", options={"architecture": "compact", **rule}, classes=len(words)),
            bands=("red", "green", "blue"),
            normalization=Normalization(mean=(0.5,) * 3, std=(0.5,) * 3),
            legend=words.legend(),
            words=WordsCard(model="sam3", vocabulary=words, templates="bare", settings=settings),
        )

    return made


def scores(bundle):
    """Confidence and threshold of the network, which are those of the card."""
    options, rule = bundle.card.network.options, bundle.network.rule
    threshold = max(rule.thresholds, default=0.0)
    assert options["confidence"] == bundle.network.confidence
    assert options.get("thresholds", [0.0])[0] == threshold
    assert options.get("background") == rule.background or not threshold
    return bundle.network.confidence, threshold


def test_what_was_given_holds_for_other_words(bundle):
    before = bundle(settings=("threshold",), threshold=0.9)
    other = with_words(before, parse_words("car; tree; background"))
    assert scores(other) == (0.5, 0.9)
    assert other.card.words.settings == ("threshold",)
    assert scores(with_words(before, "loveda")) == (0.5, 0.9), "0.5 is published, 0.9 was given"
    assert scores(with_words(other, settings={"threshold": 0.0, "confidence": 0.2})) == (0.2, 0.0)
    with pytest.raises(UsageError, match=r"threshold 0\.9 sends pixels to the background class") as caught:
        with_words(before, parse_words("car; tree"))
    assert "threshold 0" in caught.value.remedy
    assert scores(with_words(before, parse_words("car; tree"), settings={"threshold": 0.0})) == (0.5, 0.0)


def test_published_scores_come_and_go_with_their_words(bundle):
    loveda = with_words(bundle(), "isaid")
    assert scores(loveda) == (0.4, 0.5)
    assert loveda.card.words.settings == ()
    assert scores(with_words(loveda, "vdd")) == (0.5, 0.3)
    assert scores(with_words(loveda, parse_words("car; tree"))) == (0.5, 0.0)
    shipped = load_vocabulary("potsdam").model_dump()
    shipped["classes"][0]["synonyms"] = ["street"]
    assert scores(with_words(bundle(), type(WORDS).model_validate(shipped))) == (0.5, 0.0), "of that name, other words"


def test_what_the_network_has_is_kept(bundle):
    assert scores(with_words(bundle(confidence=0.3, threshold=0.2), parse_words("car; background"))) == (0.3, 0.2)


def test_what_means_nothing_for_it(bundle):
    for option in ({"templates": "single"}, {"preset": "rs-ovss"}):
        with pytest.raises(UsageError, match="nothing for it") as caught:
            with_words(bundle(), **option)
        assert caught.value.remedy == f"Leave {next(iter(option))} out"
    with pytest.raises(UsageError, match="setting 'attention' is unknown"):
        with_words(bundle(), settings={"attention": "gem"})
    for value in ({"threshold": 1.5}, {"confidence": 1.0}):
        with pytest.raises(UsageError, match=r"must be in 0\.\.1") as caught:
            with_words(bundle(), settings=value)
        assert caught.value.remedy
