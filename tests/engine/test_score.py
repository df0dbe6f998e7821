from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from landwright.bundles import Normalization
from landwright.engine.heads import ClassHead
from landwright.engine.score import PixelScorer, choose_device, choose_precision
from landwright.errors import UsageError
from landwright.networks import Outputs

CPU = torch.device("cpu")
SCALING = Normalization(divide=255.0, mean=(0.5, 0.4), std=(0.2, 0.1))


class Spy(nn.Module):
    """Keeps what it is given."""

    def forward(self, image: Tensor) -> Outputs:
        self.image = image
        return Outputs(torch.zeros(len(image), 1, *image.shape[2:]))


def scored(pixels: np.ndarray, valid: np.ndarray) -> Tensor:
    spy = Spy()
    PixelScorer(spy, SCALING, [ClassHead(2)], device=CPU)(pixels, valid)
    return spy.image


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_scaling_is_that_of_the_model(dtype: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 2, 8, 8)).astype(dtype)
    image = scored(pixels, np.ones((2, 8, 8), bool)).numpy()
    expected = (pixels / 255 - np.array([0.5, 0.4])[:, None, None]) / np.array([0.2, 0.1])[:, None, None]
    np.testing.assert_allclose(image, expected, atol=1e-5)


def test_dark_and_bright_windows_are_scaled_alike() -> None:
    pixels = np.stack([np.full((2, 8, 8), 1, np.uint8), np.full((2, 8, 8), 250, np.uint8)])
    together = scored(pixels, np.ones((2, 8, 8), bool))
    alone = scored(pixels[:1], np.ones((1, 8, 8), bool))
    assert torch.equal(together[:1], alone)
    difference = (together[1] - together[0])[:, 0, 0].numpy()
    np.testing.assert_allclose(difference, 249 / 255 / np.array([0.2, 0.1]), rtol=1e-5)


def test_invalid_pixels_are_zero_in_sensor_units_even_if_nan() -> None:
    pixels = np.full((1, 2, 4, 4), np.nan, np.float32)
    valid = np.zeros((1, 4, 4), bool)
    pixels[..., :2], valid[..., :2] = 100, True
    image = scored(pixels, valid)
    known = scored(np.full((1, 2, 4, 4), 0, np.uint8), np.ones((1, 4, 4), bool))
    assert torch.equal(image[..., 2:], known[..., 2:])
    assert torch.isfinite(image).all()
    assert np.isnan(pixels[..., 2:]).all(), "the reader's memory is left alone"


def test_scores_of_two_batches_are_there_at_a_time() -> None:
    class Count(nn.Module):
        calls = 0.0

        def forward(self, image: Tensor) -> Outputs:
            self.calls += 1
            return Outputs(torch.stack([torch.zeros(1, 4, 4), torch.full((1, 4, 4), self.calls)], dim=1))

    scorer = PixelScorer(Count(), SCALING, [ClassHead(2)], device=CPU)
    pixels, valid = np.zeros((1, 2, 4, 4), np.uint8), np.ones((1, 4, 4), bool)
    first, second = scorer(pixels, valid), scorer(pixels, valid)
    assert first[0, 1, 0, 0].item() == pytest.approx(torch.tensor(1.0).sigmoid().item())
    assert second[0, 1, 0, 0].item() == pytest.approx(torch.tensor(2.0).sigmoid().item())
    assert scorer(pixels, valid).data_ptr() == first.data_ptr()


def test_lower_precision_still_gives_float32_scores() -> None:
    class Convolution(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(2, 3, 1)

        def forward(self, image: Tensor) -> Outputs:
            logits = self.layer(image)
            self.dtype = logits.dtype
            return Outputs(logits)

    network = Convolution().train()
    pixels, valid = np.full((1, 2, 4, 4), 9, np.uint8), np.ones((1, 4, 4), bool)
    scores = PixelScorer(network, SCALING, [ClassHead(3)], device=CPU, precision="bf16")(pixels, valid)
    assert network.dtype == torch.bfloat16
    assert scores.dtype == torch.float32
    assert not network.training


def test_a_network_without_classes_is_refused() -> None:
    class Height(nn.Module):
        def forward(self, image: Tensor) -> Outputs:
            return Outputs(None, height=image[:, :1])

    scorer = PixelScorer(Height(), SCALING, [ClassHead(2)], device=CPU)
    with pytest.raises(UsageError, match="no class head"):
        scorer(np.zeros((1, 2, 4, 4), np.uint8), np.ones((1, 4, 4), bool))


def test_devices() -> None:
    assert choose_device("cpu") == CPU
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(UsageError):
        choose_device("abacus")


def test_precision_auto_is_exact_on_a_cpu() -> None:
    assert choose_precision("auto", CPU) == "32"
    assert choose_precision("bf16", CPU) == "bf16"
