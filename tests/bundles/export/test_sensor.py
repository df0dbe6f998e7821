import pytest
import torch
from torch import nn

from landwright.bundles import Bundle, Card, NetworkCard, Normalization, WordsCard
from landwright.bundles.export.sensor import SensorNetwork
from landwright.errors import UsageError
from landwright.legends.vocabulary import parse_words
from landwright.networks import Outputs
from landwright.networks.clip.rule import QueryRule


class Says(nn.Module):
    """Returns what it is told to, and keeps what it was shown."""

    def __init__(self, *, rule=None, **outputs):
        super().__init__()
        self.outputs, self.shown = Outputs(**{"classes": None, **outputs}), None
        if rule is not None:
            self.rule = rule

    def forward(self, image):
        self.shown = image
        return self.outputs


def card_for(classes="building; road; rest", **fields):
    vocabulary = parse_words(classes)
    return Card(
        name="says",
        regime="imported",
        bands=("red",),
        normalization=Normalization(divide=10, mean=(0.5,), std=(0.25,)),
        legend=vocabulary.legend(),
        **{"network": NetworkCard(name="clip", classes=len(vocabulary)), **fields},
    )


def test_images_are_scaled_and_logits_become_probabilities():
    logits = torch.randn(1, 3, 4, 4)
    network = Says(classes=logits, height=torch.ones(1, 1, 4, 4))
    (found,) = SensorNetwork(Bundle(card_for(), network), ("classes",))(torch.full((1, 1, 4, 4), 10.0))
    torch.testing.assert_close(found, logits.softmax(1))
    torch.testing.assert_close(network.shown, torch.full((1, 1, 4, 4), 2.0))


def test_one_logit_is_that_of_the_second_of_two_classes():
    logits = torch.randn(1, 1, 4, 4)
    card = card_for("rest; road", network=NetworkCard(name="clip", classes=1))
    (found,) = SensorNetwork(Bundle(card, Says(classes=logits)), ("classes",))(torch.zeros(1, 1, 4, 4))
    torch.testing.assert_close(found, torch.cat([1 - logits.sigmoid(), logits.sigmoid()], dim=1))


def test_heights_are_handed_on():
    height = torch.randn(1, 1, 4, 4)
    outputs = ("classes", "height")
    network = SensorNetwork(
        Bundle(card_for(outputs=outputs), Says(classes=torch.zeros(1, 3, 4, 4), height=height)), outputs
    )
    probabilities, metres = network(torch.zeros(1, 1, 4, 4))
    assert torch.equal(metres, height)
    assert probabilities.shape == (1, 3, 4, 4)


def test_shares_of_words_stay_what_they_are():
    shares = torch.tensor([0.5, 0.2, 0.1])[None, :, None, None]
    network = Says(classes=shares.log(), rule=QueryRule((2, 1, 1)))
    (found,) = SensorNetwork(Bundle(card_for(), network), ("classes",))(torch.zeros(1, 1, 1, 1))
    torch.testing.assert_close(found, shares)


def test_thresholds_of_words_are_refused():
    network = Says(classes=torch.zeros(1, 3, 1, 1), rule=QueryRule((1, 1, 1), thresholds=(0.3, 0, 0), background=2))
    with pytest.raises(UsageError, match="threshold"):
        SensorNetwork(Bundle(card_for(), network), ("classes",))


def test_whole_images_that_are_resized_are_refused():
    words = WordsCard(model="own", vocabulary=parse_words("building; road; rest"), resize=448)
    network = Says(classes=torch.zeros(1, 3, 1, 1), rule=QueryRule((1, 1, 1)))
    with pytest.raises(UsageError, match="448 pixels"):
        SensorNetwork(Bundle(card_for(words=words), network), ("classes",))
