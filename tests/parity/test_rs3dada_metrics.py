"""Height and land cover scores against those of the published evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from landwright.evaluation.heights import create_height_protocol
from landwright.evaluation.protocols import create_protocol

IMAGES = ((220, 221, 1.0), (222, 223, 1.0), (224, 225, 0.02))
NAMES = {"log": "log10", "OA": "oa", "f1_score": "f1", "Kappa": "kappa"}
WIDTHS = ["iou", "f1", "precision", "recall"]


def entry(system: Any, name: str) -> dict[str, Any]:
    return next(case for case in system.losses["entries"] if case["name"] == name)


def pair(system: Any, place: int) -> tuple[np.ndarray, np.ndarray]:
    one, other, factor = IMAGES[place]
    prediction = (3 * system.fill.image(one, (56, 70)) + 1) * factor
    target = 0.7 * np.maximum(6 * system.fill.image(other, (56, 70)), 0) * factor + 0.3 * np.maximum(prediction, 0)
    return prediction, target


def flat(metrics: dict[str, Any]) -> dict[str, float]:
    """The stored figures by our names."""
    found = {}
    for category, figures in metrics.items():
        for stored, value in figures.items():
            name = NAMES.get(stored, stored)
            if not isinstance(value, list):
                found[f"{name}_{category}"] = value
            for place, one in enumerate(value if isinstance(value, list) else (), start=1):
                found[f"delta{place}_{category}" if name == "delta" else f"{name}_{place}"] = one
    return found


@pytest.mark.parametrize("tiles", [1, 2])
def test_published_height_metrics(parity: Any, tiles: int) -> None:
    """Per image and on average; an image may come in pieces."""
    system = parity("rs3dada")
    expected = entry(system, "height_metrics")["expected"]
    together = create_height_protocol("synrs3d-height")
    for place, stored in enumerate(expected["per_image"]):
        alone = create_height_protocol("synrs3d-height")
        for counter in (alone, together):
            for found, wanted in zip(*(np.array_split(side, tiles) for side in pair(system, place)), strict=True):
                counter.update(found, wanted, name=str(place))
        result = alone.compute()
        (only,) = result.sets
        assert {name: bool(count) for name, count in only.images.items()} == stored["valid"]
        for name, value in flat(stored["metrics"]).items():
            if stored["valid"].get(name.rpartition("_")[2], True):
                assert result.values[name] == pytest.approx(value, abs=1e-5), name
            else:
                assert result.values[name] is None, name
    result = together.compute()
    assert result.sets[0].images == expected["images_counted"]
    average = flat(expected["dataset_average"])
    assert result.values == {name: pytest.approx(value, abs=1e-5) for name, value in average.items()}


def test_published_land_cover_metrics(parity: Any) -> None:
    """``synrs3d-classes`` is what was published; where every class occurs ``pixel-pooled`` is the same but rounded."""
    system = parity("rs3dada")
    shape = tuple(system.losses["shape (B,1,H,W)"])
    batch, _, height, width = shape
    fill = system.fill

    def labels(seed: int) -> np.ndarray:
        return np.clip(np.floor((fill.image(seed, (batch, height, width)) + 2) * 2), 0, 7).astype(np.uint8)

    target = labels(230)
    target[fill.image(231, target.shape) > 1.0] = 255
    right = np.where(target == 255, 0, target)
    prediction = np.where(fill.image(233, target.shape) > 0, right, labels(232)).astype(np.uint8)
    expected = entry(system, "land_cover_metrics")["expected"]
    rows = {row[0]: row[1:] for row in expected["rows"]}
    classes = [f"class {place}" for place in range(8)]
    for name in ("synrs3d-classes", "pixel-pooled"):
        counter = create_protocol(name, classes)
        counter.update(target, torch.from_numpy(prediction), name="all")
        result = counter.compute()
        assert np.array(result.matrix).tolist() == expected["confusion"]
        for place, row in enumerate(result.per_class):
            assert [getattr(row, column) for column in WIDTHS] == pytest.approx(rows[str(place)], abs=6e-6)
        figures = {"miou": rows["mean"][0], "mf1": rows["mean"][1], "oa": rows["OA"][0], "kappa": rows["Kappa"][0]}
        if name == "synrs3d-classes":
            figures |= {"mprecision": rows["mean"][2], "mrecall": rows["mean"][3]}
        tolerance = 1e-7 if name == "synrs3d-classes" else 1e-5
        assert result.values == {key: pytest.approx(value, abs=tolerance) for key, value in figures.items()}
