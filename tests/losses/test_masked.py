import pytest
import torch
import torch.nn.functional as F

from landwright.losses import soft_cross_entropy, squared_dice_loss, structure_loss, structure_target


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def labels(classes, *shape, ignored=0.2, seed=1):
    generator = torch.Generator().manual_seed(seed)
    mask = torch.randint(0, classes, shape, generator=generator)
    return mask.masked_fill(torch.rand(shape, generator=generator) < ignored, 255)


def structure(logits, mask):
    return structure_loss(logits, structure_target(mask, dtype=logits.dtype))


def published_structure_loss(logits, mask):
    """The formula of the paper, with one pooling over the square."""
    target = mask[:, None].to(logits.dtype)
    weight = 1 + 5 * (F.avg_pool2d(target, 31, stride=1, padding=15) - target).abs()
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    entropy = (weight * entropy).sum((2, 3)) / weight.sum((2, 3))
    probability = logits.sigmoid()
    both = (weight * probability * target).sum((2, 3))
    either = (weight * (probability + target)).sum((2, 3))
    return (entropy + 1 - (both + 1) / (either - both + 1)).mean()


def test_structure_loss_is_the_published_one_when_all_is_known():
    logits, mask = random(3, 1, 40, 57), labels(2, 3, 40, 57, ignored=0)
    torch.testing.assert_close(structure(logits, mask), published_structure_loss(logits, mask))


LOSSES = {
    "structure": (1, structure),
    "soft_ce": (4, soft_cross_entropy),
    "bce": (1, soft_cross_entropy),
    "dice": (4, squared_dice_loss),
    "binary_dice": (1, squared_dice_loss),
}
every_loss = pytest.mark.parametrize("name", LOSSES)


@every_loss
def test_ignored_pixels_say_nothing(name):
    classes, loss = LOSSES[name]
    logits, mask = random(2, classes, 33, 20), labels(max(classes, 2), 2, 33, 20)
    other = torch.where((mask == 255)[:, None], logits + 7, logits).requires_grad_()
    value = loss(other, mask)
    torch.testing.assert_close(value, loss(logits, mask))
    value.backward()
    assert other.grad.masked_fill((mask != 255)[:, None], 0).abs().max() == 0


@every_loss
def test_an_empty_batch_is_zero(name):
    classes, loss = LOSSES[name]
    logits = random(2, classes, 8, 8).requires_grad_()
    value = loss(logits, torch.full((2, 8, 8), 255))
    assert value == 0
    value.backward()
    assert logits.grad.abs().max() == 0


@every_loss
def test_perfect_is_better_than_random(name):
    classes, loss = LOSSES[name]
    mask = labels(max(classes, 2), 2, 24, 24)
    truth = (mask == 1)[:, None] if classes == 1 else F.one_hot(mask.clamp(max=classes), classes + 1).movedim(3, 1)
    perfect = 20.0 * truth[:, :classes].float() - 10
    assert loss(perfect, mask) < 0.5 * loss(random(2, classes, 24, 24), mask)


@every_loss
def test_gradients(name):
    classes, loss = LOSSES[name]
    mask = labels(max(classes, 2), 2, 5, 4)
    logits = random(2, classes, 5, 4).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, mask), (logits,))


@every_loss
def test_half_precision_is_summed_in_single(name):
    classes, loss = LOSSES[name]
    logits = random(1, classes, 64, 64).bfloat16()
    mask = labels(max(classes, 2), 1, 64, 64)
    value = structure_loss(logits, structure_target(mask)) if name == "structure" else loss(logits, mask)
    assert value.dtype == torch.float32


def test_an_image_without_known_pixels_does_not_dilute_the_others():
    logits, mask = random(2, 1, 16, 16), labels(2, 2, 16, 16)
    mask[1] = 255
    torch.testing.assert_close(structure(logits, mask), structure(logits[:1], mask[:1]))


def test_ignored_neighbours_do_not_make_an_edge():
    mask = torch.ones(1, 64, 64, dtype=torch.long)
    weight = structure_target(mask).weight
    mask[:, :, 32:] = 255
    half = structure_target(mask).weight
    assert half[..., 32:].abs().max() == 0
    torch.testing.assert_close(half[..., 20:44, 17:32], weight[..., 20:44, 17:32])


def test_soft_cross_entropy_denominators():
    logits, mask = random(2, 5, 16, 16), labels(5, 2, 16, 16)
    mean = F.cross_entropy(logits, mask, ignore_index=255, label_smoothing=0.05)
    torch.testing.assert_close(soft_cross_entropy(logits, mask), mean)
    share = (mask != 255).float().mean()
    torch.testing.assert_close(soft_cross_entropy(logits, mask, paper=True), mean * share)


def test_soft_cross_entropy_is_smp_s_in_paper_mode():
    smp = pytest.importorskip("segmentation_models_pytorch", reason="smp comes with the extra train")
    logits, mask = random(2, 5, 16, 16), labels(5, 2, 16, 16)
    expected = smp.losses.SoftCrossEntropyLoss(smooth_factor=0.05, ignore_index=255)(logits, mask)
    torch.testing.assert_close(soft_cross_entropy(logits, mask, paper=True), expected)


def test_dice_by_hand():
    logits, mask = random(2, 3, 9, 7), labels(3, 2, 9, 7)
    known = (mask != 255)[:, None]
    truth = F.one_hot(mask.masked_fill(mask == 255, 3), 4)[..., :3].movedim(3, 1).float()
    probability = logits.softmax(1)
    for paper in (False, True):
        square = (probability**2 if paper else probability**2 * known).sum((0, 2, 3))
        both = (probability * truth).sum((0, 2, 3))
        expected = 1 - (2 * both + 1e-5) / (square + truth.sum((0, 2, 3)) + 1e-5)
        torch.testing.assert_close(squared_dice_loss(logits, mask, paper=paper), expected.mean())
