"""Scores of maps from tags against those of the published evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from landwright.evaluation.protocols import create_protocol

SHAPE, CLASSES = (3, 32, 40), 6
FIGURES = {"pAcc": "oa", "mAcc": "mean_recall", "miou": "miou", "F1": "mf1"}


def labels(system: Any, seed: int) -> np.ndarray:
    """Draw labels as the notes with the entries say."""
    found = np.clip(np.rint(system.fill.image(seed, SHAPE) * 1.5 + (CLASSES - 1) / 2), 0, CLASSES - 1).astype(np.uint8)
    found[system.fill.image(seed + 1000, SHAPE) > 1] = 255
    return found


@pytest.mark.parametrize("folder", ["ctfa", "atsg"])
@pytest.mark.parametrize("protocol", ["ctfa-classes", "ctfa-table"])
def test_published_scores(parity: Any, folder: str, protocol: str) -> None:
    """Every class occurs, so that both ways to take the mean agree."""
    system = parity(folder)
    entry = next(entry for entry in system.losses["entries"] if entry["name"] == "metrics.scores")
    counter = create_protocol(protocol, [f"class {place}" for place in range(CLASSES)])
    for place, (wanted, found) in enumerate(zip(labels(system, 71), labels(system, 72) % CLASSES, strict=True)):
        counter.update(wanted, found, name=str(place))
    result = counter.compute()
    for stored, name in FIGURES.items():
        assert result.values[name] == pytest.approx(entry["value"][stored], rel=1e-9), stored
    assert [row.iou for row in result.per_class] == pytest.approx(entry["value"]["iou"], rel=1e-9)
