"""CTFA's and ATSG's filters and their dense energy against stored outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from landwright.filters import Lattice, bilateral_features, dense_crf, pixel_adaptive_refinement
from landwright.losses.dense_energy import dense_energy

SYSTEMS = ["ctfa", "atsg"]
MEAN, STD = (torch.tensor(values)[:, None, None] for values in ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)))


def pixels(stored: Any, seed: int, shape: list[int]) -> Tensor:
    return stored.image(seed, shape).clip(-1.75, 2)


def inside(boxes: list[list[int]], height: int, width: int) -> Tensor:
    """Turn boxes (first and last row and column) into a mask (B, H, W)."""
    valid = torch.zeros(len(boxes), height, width, dtype=torch.bool)
    for mask, (top, bottom, left, right) in zip(valid, boxes, strict=True):
        mask[top:bottom, left:right] = True
    return valid


@pytest.mark.parametrize("system", SYSTEMS)
def test_pixel_adaptive_refinement(parity: Callable[[str], Any], system: str) -> None:
    stored = parity(system)
    arrays, allowed = stored.arrays("filters"), stored.manifest["tolerances"]["par"]
    image = (pixels(stored, 91, [1, 3, 64, 80]) * 0.2 + 0.5).clip(0, 1)
    masks = (2 * stored.image(92, [1, 4, 64, 80])).softmax(1)
    for name, found in (
        ("par", pixel_adaptive_refinement(image, masks)),
        ("par_rect_mask", pixel_adaptive_refinement(image[:, :, :40, :48], masks[:, :, ::2, ::2])),
    ):
        np.testing.assert_allclose(found.numpy(), arrays[name], atol=allowed, rtol=0)


@pytest.mark.parametrize("system", SYSTEMS)
def test_lattice(parity: Callable[[str], Any], system: str) -> None:
    stored = parity(system)
    image = (stored.image(95, [1, 3, 40, 48])[0] * 40 + 120).clip(0, 255)
    values = stored.image(96, [1, 4, 40, 48]).softmax(1)[0].flatten(1).T
    found = Lattice(bilateral_features(image, 50, 15)).filter(values).T.view(4, 40, 48).numpy()
    wanted = stored.arrays("filters")["permutohedral"]
    assert np.abs(found - wanted).max() / np.abs(wanted).max() <= 1e-6
    # Of single pixels, down to those with a 600th of the largest sum.
    assert (np.abs(found - wanted) / wanted).max() <= 1e-6, "a tenth of what the manifest allows"


@pytest.mark.parametrize("system", SYSTEMS)
def test_dense_crf(parity: Callable[[str], Any], system: str) -> None:
    stored = parity(system)
    image = (stored.image(97, [3, 60, 64]) * 40 + 120).clip(0, 255).to(torch.uint8).permute(1, 2, 0)
    found = dense_crf((2 * stored.image(98, [6, 60, 64])).softmax(0), image).numpy()
    wanted = stored.arrays("filters")["crf"]
    assert np.abs(found - wanted).max() <= 2e-5, "a fiftieth of what the manifest allows"
    assert (found.argmax(0) == wanted.argmax(0)).all()


@pytest.mark.parametrize("system", SYSTEMS)
def test_dense_energy(parity: Callable[[str], Any], system: str) -> None:
    stored = parity(system)
    entries = [entry for entry in stored.losses["entries"] if entry["name"] == "dense_energy"]
    assert len(entries) == 2
    for entry in entries:
        given = entry["inputs"]
        _, seed, shape, classes = given["labels"]
        labels = (stored.image(seed, shape) * 1.5 + (classes - 1) / 2).round().clip(0, classes - 1).long()
        labels[stored.image(seed + 1000, shape) > 1.0] = 255
        logits = (2 * stored.image(*given["logits"][1:])).requires_grad_()
        image = pixels(stored, *given["image"][1:]) * STD + MEAN
        valid = inside(given["img_box"], *shape[1:])
        sizes = {"sigma_rgb": given["sigma_rgb"], "sigma_xy": given["sigma_xy"], "scale": given["scale_factor"]}
        loss = given["weight"] * dense_energy(image, logits.softmax(1), valid, labels, **sizes)
        (gradient,) = torch.autograd.grad(loss, logits)
        assert loss.item() == pytest.approx(entry["value"], rel=1e-5)
        assert gradient.norm().item() == pytest.approx(entry["grad_norm"][0], rel=1e-5)
