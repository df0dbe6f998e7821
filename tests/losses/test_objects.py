"""The object loss, against loops over objects."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from landwright.losses import consecutive_objects, object_loss


def case(size: int = 8) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, size, size, generator=generator, dtype=torch.float64)
    return logits.requires_grad_(), torch.randint(0, 6, (2, size, size), generator=generator)


def published(logits: Tensor, objects: Tensor, most: int) -> Tensor:
    total = logits.new_zeros(())
    for number in range(1, min(int(objects.max()) + 1, most)):
        mask = (objects == number)[:, None].to(logits.dtype)
        count = mask.sum((1, 2, 3), keepdim=True)
        scaled = logits * mask / (count + 1)
        mean = scaled.sum((2, 3), keepdim=True) * mask
        total = total + (count * scaled - mean).square().mean()
    return total


@pytest.mark.parametrize("most", [50, 4])
def test_published_loop(most: int) -> None:
    logits, objects = case()
    ours, loop = object_loss(logits, objects, mode="official", most=most), published(logits, objects, most)
    torch.testing.assert_close(ours, loop)
    torch.testing.assert_close(*(torch.autograd.grad(loss, logits)[0] for loss in (ours, loop)))


def test_mean_over_objects() -> None:
    logits, objects = case()
    objects[1][objects[1] > 2] = 0
    probabilities, images = logits.softmax(1), []
    for image, numbers in zip(probabilities, objects, strict=True):
        each = [
            (pixels - pixels.mean(1, keepdim=True)).square().sum(0).mean()
            for number in numbers.unique().tolist()
            if number > 0
            for pixels in [image[:, numbers == number]]
        ]
        images.append(torch.stack(each).mean())
    torch.testing.assert_close(object_loss(logits, objects), torch.stack(images).mean())
    assert torch.autograd.gradcheck(lambda values: object_loss(values, objects[:, :4, :4]), logits[..., :4, :4])


def test_a_large_object_weighs_as_much_as_a_small_one() -> None:
    logits = torch.zeros(1, 2, 4, 5)
    logits[:, 0, :, ::2] = 50
    objects = torch.zeros(1, 4, 5, dtype=torch.int32)
    objects[0, :3], objects[0, 3, :2] = 1, 2
    small = object_loss(logits, objects * (objects == 2))
    large = object_loss(logits, objects * (objects == 1))
    torch.testing.assert_close(object_loss(logits, objects), (small + large) / 2)


def test_padding_and_later_objects_are_none() -> None:
    logits, objects = case()
    valid = torch.ones_like(objects, dtype=torch.bool)
    valid[:, :, 4:] = False
    torch.testing.assert_close(object_loss(logits, objects, valid=valid), object_loss(logits, objects * valid))
    official = {"mode": "official", "most": 3}
    assert torch.equal(
        object_loss(logits, objects, **official), object_loss(logits, objects * (objects <= 2), **official)
    )


def test_every_object_counts_whatever_its_number() -> None:
    logits, objects = case()
    # Two images number their objects each for itself, as crops of images with many objects do.
    high = torch.where(objects > 0, 997 * objects, 0)
    high[1] += (objects[1] > 0) * 60000
    torch.testing.assert_close(object_loss(logits, high), object_loss(logits, objects))
    without_gaps = torch.arange(64).view(1, 8, 8) // 2 + 300
    assert object_loss(logits[:1], without_gaps) > 0


@pytest.mark.parametrize("mode", ["official", "per_object_mean"])
def test_no_object_is_no_loss(mode: str) -> None:
    logits, objects = case()
    loss = object_loss(logits, torch.zeros_like(objects), mode=mode)
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


def test_consecutive_numbers() -> None:
    objects = torch.tensor([[[0, 3, 3], [7, 255, 7]], [[5, 5, 2], [9, 2, 9]]], dtype=torch.uint8)
    assert consecutive_objects(objects).tolist() == [[[0, 1, 1], [2, 3, 2]], [[1, 1, 2], [2, 2, 2]]]
    assert consecutive_objects(torch.tensor([[[0, 60000, 300]]])).tolist() == [[[0, 2, 1]]]
