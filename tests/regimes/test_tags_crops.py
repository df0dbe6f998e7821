"""Local crops for the contrast of class tokens."""

from __future__ import annotations

import torch

from landwright.regimes.tags_crops import local_crops


def image(images: int = 2, side: int = 24) -> torch.Tensor:
    """Return images whose bands hold number, row and column."""
    number, row, col = torch.meshgrid(torch.arange(images), torch.arange(side), torch.arange(side), indexing="ij")
    return torch.stack([number, row, col], 1).float()


def test_crops_lie_where_nothing_is_sure() -> None:
    torch.manual_seed(0)
    roi = torch.full((2, 24, 24), 2)
    roi[0, :, :12] = 0
    roi[1, 12:] = 1
    crops, positive = local_crops(image(), roi, count=5, size=8)
    assert crops.shape == (10, 3, 8, 8)
    assert positive.shape == (5, 2)
    by_crop = crops.view(5, 2, 3, 8, 8)
    assert (by_crop[:, 0, 0] == 0).all()
    assert (by_crop[:, 1, 0] == 1).all()
    # The middle is where the map is not sure; windows are whole.
    assert (by_crop[:, 0, 2, :, 4] < 12).all()
    assert (by_crop[:, 1, 1, 4] >= 12).all()
    assert (by_crop[..., 1, 1:, :] - by_crop[..., 1, :-1, :] == 1).all()
    centre = by_crop[:, 0, 2, 4, 4]
    assert torch.equal(positive[:, 0], (centre + 4 - 12).clamp(min=0) * 2 / 8 > 0.2)
    assert positive[:, 1].all()


def test_any_place_will_do_where_there_are_too_few() -> None:
    torch.manual_seed(0)
    roi = torch.full((1, 24, 24), 2)
    valid = torch.zeros(1, 24, 24, dtype=torch.bool)
    valid[:, :, :13] = True
    crops, positive = local_crops(image(1), roi, count=4, size=8, valid=valid)
    assert (crops[:, 2, 4, 4] < 13).all()
    assert positive.all()
    everywhere, _ = local_crops(image(1), roi, count=4, size=8, valid=torch.zeros_like(valid))
    assert everywhere.shape == (4, 3, 8, 8)
    whole, _ = local_crops(image(1), roi, count=4, size=24)
    assert (whole == image(1)).all()


def test_the_same_seed_draws_the_same_crops() -> None:
    roi = torch.zeros(2, 24, 24, dtype=torch.long)
    draws = []
    for _ in range(2):
        torch.manual_seed(5)
        draws.append(local_crops(image(), roi, count=3, size=8)[0])
    assert torch.equal(*draws)
