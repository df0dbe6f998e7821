from __future__ import annotations

import torch
from torch import Tensor

from landwright.filters import dense_crf


def halves() -> tuple[Tensor, Tensor]:
    """A picture of a dark and a bright half, and probabilities whose edge is three pixels off, with noise."""
    image = torch.full((24, 32, 3), 40, dtype=torch.uint8)
    image[:, 16:] = 200
    second = torch.full((24, 32), 0.3)
    second[:, 19:] = 0.7
    noise = 0.15 * torch.rand((24, 32), generator=torch.Generator().manual_seed(0))
    second = second + noise
    return image, torch.stack([1 - second, second])


def test_classes_follow_the_edge_of_the_image() -> None:
    image, probabilities = halves()
    found = dense_crf(probabilities, image)
    assert found.sum(0).allclose(torch.ones(24, 32))
    assert torch.equal(found.argmax(0), (torch.arange(32) >= 16).long().expand(24, 32))


def test_without_rounds_or_weights_nothing_changes() -> None:
    image, probabilities = halves()
    assert dense_crf(probabilities, image, iterations=0).allclose(probabilities, atol=1e-6)
    assert dense_crf(probabilities, image, gaussian_weight=0, bilateral_weight=0).allclose(probabilities, atol=1e-6)


def test_pixels_without_a_value_take_no_part() -> None:
    image, probabilities = halves()
    valid = torch.ones(24, 32, dtype=torch.bool)
    valid[:, 24:] = False
    found = dense_crf(probabilities, image, valid=valid)
    assert found[..., :24].allclose(dense_crf(probabilities[..., :24], image[:, :24]), atol=1e-5)
    image[:, 24:] = torch.randint(256, (24, 8, 3), generator=torch.Generator().manual_seed(1)).to(torch.uint8)
    probabilities[:, :, 24:] = torch.tensor([1.0, 0.0])[:, None, None]
    again = dense_crf(probabilities, image, valid=valid)
    assert torch.equal(found[..., :24], again[..., :24])
    assert again[0, :, 24:].min() > 0.999


def test_an_image_without_a_single_value_stays_as_it_is() -> None:
    image, probabilities = halves()
    found = dense_crf(probabilities, image, valid=torch.zeros(24, 32, dtype=torch.bool))
    assert found.allclose(probabilities / probabilities.sum(0), atol=1e-6)


def test_one_band_is_enough_and_autocast_changes_nothing() -> None:
    image, probabilities = halves()
    plain = dense_crf(probabilities, image[..., :1])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(dense_crf(probabilities, image[..., :1]), plain)
    assert plain.dtype == torch.float32
