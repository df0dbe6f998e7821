from types import SimpleNamespace

import pytest
import torch

from landwright.errors import UsageError
from landwright.losses import LOSSES, build_loss, soft_cross_entropy, squared_dice_loss


def outputs(classes, auxiliary=0, size=16):
    generator = torch.Generator().manual_seed(classes)
    maps = [torch.randn(2, classes, size, size, generator=generator).requires_grad_() for _ in range(auxiliary + 1)]
    return SimpleNamespace(classes=maps[-1], auxiliary=tuple(maps[:-1]))


def labels(classes, size=16):
    mask = torch.randint(0, max(classes, 2), (2, size, size), generator=torch.Generator().manual_seed(9))
    mask[0, 0] = 255
    return mask


@pytest.mark.parametrize("classes", [1, 4])
@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_trains_and_survives_an_empty_batch(name, classes):
    loss, out = build_loss(name, classes), outputs(classes)
    terms = loss(out, labels(classes))
    terms["loss"].backward()
    assert out.classes.grad.abs().max() > 0
    assert not any(term.requires_grad for key, term in terms.items() if key != "loss")
    torch.testing.assert_close(sum(term for key, term in terms.items() if key != "loss"), terms["loss"].detach())
    assert loss(out, torch.full((2, 16, 16), 255))["loss"] == 0


def test_deep_supervision_weighs_the_finest_most():
    out, mask = outputs(3, auxiliary=3), labels(3)
    total = build_loss("clcformer", 3)(out, mask)
    one = [soft_cross_entropy(m, mask) + squared_dice_loss(m, mask) for m in (*out.auxiliary, out.classes)]
    torch.testing.assert_close(total["loss"], 0.15 * one[0] + 0.15 * one[1] + 0.3 * one[2] + 0.4 * one[3])


def test_branches_are_judged_alike_and_their_mean_is_not():
    out, mask = outputs(3, auxiliary=2), labels(3)
    total = build_loss("ce", 3, branches=True)(out, mask)["loss"]
    each = [build_loss("ce", 3)(SimpleNamespace(classes=m, auxiliary=()), mask)["loss"] for m in out.auxiliary]
    torch.testing.assert_close(total, sum(each) / 2)


def test_names_decide_the_terms():
    out, mask = outputs(3), labels(3)
    assert set(build_loss("ce", 3)(out, mask)) == {"loss", "cross_entropy"}
    assert set(build_loss("ce-dice", 3)(out, mask)) == {"loss", "cross_entropy", "dice"}
    assert set(build_loss("clcformer", 1)(outputs(1), mask.clamp(max=1))) == {"loss", "structure"}
    torch.testing.assert_close(
        build_loss("ce", 3)(out, mask)["loss"], soft_cross_entropy(out.classes, mask, smoothing=0)
    )


@pytest.mark.parametrize(
    ("out", "words"),
    [(outputs(2, auxiliary=1), "2 maps"), (SimpleNamespace(classes=None, auxiliary=()), "no class logits")],
)
def test_networks_that_do_not_fit(out, words):
    with pytest.raises(UsageError, match=words):
        build_loss("ce", 2)(out, labels(2))


def test_unknown_name():
    with pytest.raises(UsageError, match="'ce-dice'"):
        build_loss("ce-dise", 2)
    with pytest.raises(UsageError, match="'clcformer'"):
        build_loss("?", 2)
