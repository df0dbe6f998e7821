import pytest
import torch
from torch import nn

from landwright.bundles import Card, NetworkCard, Normalization, ScoreCard, save_bundle
from landwright.legends import load_legend
from landwright.networks import Outputs, register


@register("tiny-bundle", description="one hidden layer", stride=1, options={"width": "channels"}, paper="none, 2026")
class Tiny(nn.Module):
    def __init__(self, classes, bands=3, *, width=4):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(bands, width, 3, padding=1), nn.BatchNorm2d(width))
        self.head = nn.Conv2d(width, classes, 1)
        self.tied = self.head  # the same parameters under two names

    def forward(self, image):
        return Outputs(classes=self.tied(self.layers(image).relu()))


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = Tiny(6, width=5)
    for _ in range(3):
        network(torch.randn(2, 3, 8, 8))  # gives the batch norm statistics of its own
    return network.eval()


@pytest.fixture
def card():
    return Card(
        name="streets of Dürnstein",
        regime="masks",
        network=NetworkCard(name="tiny-bundle", options={"width": 5}, classes=6),
        bands=("red", "green", "blue"),
        normalization=Normalization(divide=255, mean=(0.1, 0.2, 0.3), std=(1, 2, 3)),
        gsd=(0.1, 0.5),
        legend=load_legend("isprs-6"),
        recipe_hash="0" * 64,
        scores=(
            ScoreCard(
                protocol="pixel-pooled",
                data="val part, 3 images",
                values={"miou": 0.5, "iou.car": float("nan")},
                classes=("building", "car"),
            ),
        ),
        licence="CC-BY-4.0",
    )


@pytest.fixture
def bundle_path(tmp_path, card, network):
    return save_bundle(tmp_path / "bundle", card, network)
