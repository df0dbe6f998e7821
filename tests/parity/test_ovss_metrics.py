"""Scores of a suite against those of the published evaluation: counts pooled over images, classes that do not occur."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from landwright.evaluation.confusion import confusion
from landwright.evaluation.suite import pair_scores


def test_published_miou(parity: Any) -> None:
    system = parity("ovss")
    case = next(case for case in system.losses["cases"] if case["name"] == "miou")
    fill, shape, classes = system.fill, (96, 128), case["inputs"]["n_classes"]

    def labels(seed: int) -> np.ndarray:
        return fill.image(seed, (classes, *shape)).argmax(0).astype(np.uint8)

    counts = torch.zeros(classes, classes, dtype=torch.int64)
    for place in range(case["inputs"]["images"]):
        prediction, target = labels(300 + 2 * place), labels(301 + 2 * place)
        for mask in (prediction, target):
            mask[mask == 4] = 0
        right = fill.image(350 + place, shape) > -0.5
        prediction[right] = target[right]
        target[fill.image(370 + place, shape) > 1.2] = 255
        counts += confusion(target, prediction, classes)[:, :classes]
    found = pair_scores(counts, [f"class {place}" for place in range(classes)], background=0)
    assert int(counts.sum()) == case["total_valid_pixels"]
    assert [row.iou for row in found.classes] == pytest.approx(case["per_class_iou"], abs=1e-6, nan_ok=True)
    assert [row.f1 for row in found.classes] == pytest.approx(case["per_class_f1"], abs=1e-6, nan_ok=True)
    # The published means are rounded to two decimals of a percent.
    for value, name in ((found.miou, "mIoU"), (found.aacc, "aAcc"), (found.macc, "mAcc")):
        assert value is not None
        assert 100 * value == pytest.approx(case[name], abs=5.1e-3), name
    kept = [value for value in case["per_class_iou"][1:] if value is not None]
    assert found.foreground == pytest.approx(sum(kept) / len(kept), abs=1e-6)
