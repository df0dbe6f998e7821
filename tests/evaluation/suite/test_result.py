from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torchmetrics.functional.classification import multiclass_jaccard_index

from landwright.evaluation.confusion import confusion
from landwright.evaluation.suite import Making, Settings, pair_scores

NAMES = ("background", "building", "road", "water")


def test_scores_are_those_of_torchmetrics() -> None:
    """A class that occurs nowhere is left out; one that is only predicted counts as 0; 255 is ignored."""
    generator = torch.Generator().manual_seed(0)
    reference = torch.randint(0, 3, (2000,), generator=generator)
    prediction = torch.where(torch.rand(2000, generator=generator) < 0.6, reference, reference.roll(1))
    reference[:200] = 255
    counts = confusion(reference, prediction, 4)[:, :4]
    found = pair_scores(counts, NAMES, background=0)
    wanted = multiclass_jaccard_index(prediction, reference, 4, average="macro", ignore_index=255)
    assert found.miou == pytest.approx(float(wanted), abs=1e-6)
    assert found.classes[3].iou is None
    prediction[500:600] = 3
    found = pair_scores(confusion(reference, prediction, 4)[:, :4], NAMES, background=0)
    assert found.classes[3].iou == 0
    assert found.classes[3].recall is None
    assert found.macc == pytest.approx(sum(row.recall or 0 for row in found.classes[:3]) / 3)


def test_background() -> None:
    matrix = torch.tensor([[8, 2], [1, 4]])
    names = ("background", "building")
    found = pair_scores(matrix, names, background=0)
    assert found.miou == pytest.approx((8 / 11 + 4 / 7) / 2)
    assert found.foreground == pytest.approx(4 / 7)
    assert found.aacc == pytest.approx(12 / 15)
    assert pair_scores(matrix, names, background=None).foreground == found.miou


def test_nothing_scored() -> None:
    found = pair_scores(torch.zeros(2, 2), ("background", "building"), background=0)
    assert (found.miou, found.foreground, found.aacc, found.macc) == (None, None, None, None)


def test_differences(settings: Callable[..., Settings]) -> None:
    now = settings(preset="landwright", images=4)
    assert now.differences(settings()) == ["images: 3, now 4", "preset: rs-ovss, now landwright"]
    assert now.differences(now) == []


def test_sentence(making: Making) -> None:
    assert making.sentence() == (
        "preset rs-ovss, attention segearth, activation quick_gelu, no thresholds, no bias, no upsampler"
    )
    other = making.model_copy(
        update={"fixed": True, "residual": True, "thresholded": True, "bias": -0.3, "upsampler": "jbu-one"}
    )
    assert other.sentence() == (
        "preset rs-ovss, attention segearth (its own) with residual, activation quick_gelu, "
        "thresholds of the vocabularies, bias -0.3, upsampler jbu-one"
    )
    unusual = making.model_copy(update={"attention": "naclip", "zoom": 2.0, "scale": 100.0, "sigma": 5.0})
    assert unusual.sentence().endswith("no upsampler, zoom 2, scale 100, sigma 5")
    assert making.model_copy(update={"sigma": 5.0}).unusual == {}
