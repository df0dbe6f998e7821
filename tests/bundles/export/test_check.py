import pytest
import torch

from landwright.bundles import Normalization
from landwright.bundles.export.check import TOLERANCE, differences, refuse_differing, tiles
from landwright.bundles.export.metadata import narrowed
from landwright.bundles.export.sensor import SensorNetwork
from landwright.errors import DataError


@pytest.fixture
def sensor(bundle):
    return SensorNetwork(bundle, ("classes",)).eval()


@pytest.fixture
def small(card):
    return narrowed(card, ("classes",), 16)


def test_the_largest_difference_is_found(sensor, small):
    def nearly(image):
        found = sensor(image)[0].clone()
        found[-1, 2, 3, 4] += 0.25
        return (found,)

    assert differences(sensor, sensor, small) == {"classes": 0}
    assert differences(nearly, sensor, small)["classes"] == pytest.approx(0.25)


def test_heights_are_compared_with_the_largest(small):
    class Metres(torch.nn.Module):
        outputs = ("height",)

        def forward(self, image):
            return (torch.full_like(image[:, :1], 200.0),)

    network = Metres()
    found = differences(lambda image: (network(image)[0] + 1,), network, small)
    assert found["height"] == pytest.approx(1 / 200)


def test_what_is_no_number_is_refused(sensor, small, tmp_path):
    largest = differences(lambda image: (sensor(image)[0] * torch.nan,), sensor, small)
    with pytest.raises(DataError, match="probabilities by nan"):
        refuse_differing(largest, tmp_path)


def test_tolerance(tmp_path):
    refuse_differing({"classes": TOLERANCE}, tmp_path)
    with pytest.raises(DataError, match=r"height by 0\.00011, more than 0\.0001"):
        refuse_differing({"classes": 0.0, "height": 1.1 * TOLERANCE}, tmp_path)


def test_tiles_are_of_the_models_range():
    found = tiles(Normalization(divide=255, mean=(0.4, 0.5), std=(0.1, 0.2)), 2, 32, torch.Generator().manual_seed(1))
    assert found.shape == (2, 2, 32, 32)
    for band, (low, high) in enumerate(((0.2, 0.6), (0.1, 0.9))):
        assert 255 * low <= found[:, band].min() < 255 * (low + 0.1)
        assert 255 * (high - 0.1) < found[:, band].max() <= 255 * high
