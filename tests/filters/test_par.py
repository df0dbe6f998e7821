from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.filters import pixel_adaptive_refinement


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def plainly(image: Tensor, masks: Tensor, dilations: tuple[int, ...], rounds: int) -> Tensor:
    """The same as it reads, with all neighbours in memory."""

    def around(values: Tensor) -> Tensor:
        height, width = values.shape[-2:]
        rows, cols = torch.arange(height), torch.arange(width)
        return torch.stack(
            [
                values[:, :, (rows + dy * far).clamp(0, height - 1)][..., (cols + dx * far).clamp(0, width - 1)]
                for far in dilations
                for dy, dx in ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
            ],
            2,
        )

    seen = around(image)
    colour = -(((seen - image[:, :, None]).abs() / (seen.std(2, keepdim=True) + 1e-8) / 0.3) ** 2).mean(1, keepdim=True)
    reach = torch.tensor([far * r for far in dilations for r in (2**0.5, 1, 2**0.5, 1, 1, 2**0.5, 1, 2**0.5)])
    place = (-((reach / (reach.std() + 1e-8) / 0.3) ** 2)).softmax(0)
    weights = colour.softmax(2) + 0.01 * place[:, None, None]
    for _ in range(rounds):
        masks = (around(masks) * weights).sum(2)
    return masks


def test_it_is_what_it_says() -> None:
    image, masks = drawn(0, 2, 3, 14, 11), drawn(1, 2, 5, 14, 11)
    ours = pixel_adaptive_refinement(image, masks, (1, 2, 6), 4)
    assert ours.allclose(plainly(image, masks, (1, 2, 6), 4), atol=1e-6)
    assert pixel_adaptive_refinement(image[:, :1], masks, (1,), 2).allclose(
        plainly(image[:, :1], masks, (1,), 2), atol=1e-6
    )


def test_smaller_masks_are_enlarged_with_their_corners_aligned() -> None:
    image, masks = drawn(2, 1, 3, 12, 10), drawn(3, 1, 2, 6, 5)
    large = F.interpolate(masks, size=(12, 10), mode="bilinear", align_corners=True)
    assert torch.equal(pixel_adaptive_refinement(image, masks), pixel_adaptive_refinement(image, large))


def test_scores_stay_within_their_colour_and_grow_as_published() -> None:
    image = torch.zeros(1, 3, 40, 40)
    image[..., 20:] = 1.0
    masks = torch.zeros(1, 1, 40, 40)
    masks[..., 24:] = 1.0
    found = pixel_adaptive_refinement(image, masks)[0, 0]
    assert found[:, 21:].min() > 0.5
    assert found[:, :19].max() < 0.1
    whole = pixel_adaptive_refinement(image, torch.ones(1, 1, 40, 40))
    assert whole.allclose(torch.full_like(whole, 1.01**10), rtol=1e-4)


def test_it_runs_in_single_precision_under_autocast() -> None:
    image, masks = drawn(4, 1, 3, 16, 16), drawn(5, 1, 2, 16, 16)
    plain = pixel_adaptive_refinement(image, masks)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(pixel_adaptive_refinement(image, masks), plain)
    assert not pixel_adaptive_refinement(image.requires_grad_(), masks.requires_grad_()).requires_grad
