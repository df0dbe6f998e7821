"""CTFA's and ATSG's filters, their dense energy, and the label maps of all cases, against stored outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from landwright.filters import (
    Lattice,
    bilateral_features,
    cam_labels,
    dense_crf,
    pixel_adaptive_refinement,
    refined_labels,
    roi_map,
    token_labels,
)
from landwright.losses.dense_energy import dense_energy
from landwright.networks import create_network
from landwright.networks.ctfa import multi_scale_cams

SYSTEMS = ["ctfa", "atsg"]
MEAN, STD = (torch.tensor(values)[:, None, None] for values in ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)))
AGREE = 0.999


def pixels(stored: Any, seed: int, shape: list[int]) -> Tensor:
    return stored.image(seed, shape).clip(-1.75, 2)


def inside(boxes: list[list[int]], height: int, width: int) -> Tensor:
    """Turn boxes (first and last row and column) into a mask (B, H, W)."""
    valid = torch.zeros(len(boxes), height, width, dtype=torch.bool)
    for mask, (top, bottom, left, right) in zip(valid, boxes, strict=True):
        mask[top:bottom, left:right] = True
    return valid


def filled(stored: Any, case: dict[str, Any], aux_block: Any) -> Any:
    """Build the network of a case, filled by official names."""
    config = case["config"]
    network = create_network(
        "ctfa",
        classes=config["num_classes"],
        encoder=config["backbone"].removesuffix("_patch16_224"),
        aux_block=aux_block,
    )
    official = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    tensors = {}
    for name, tensor in network.state_dict().items():
        known = name
        for ours, theirs in official.items():
            known = known.replace(ours, theirs)
        tensors[name] = torch.from_numpy(stored.fill.values(known, tuple(tensor.shape)))
    network.load_state_dict(tensors)
    return network.eval()


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
    assert (np.abs(found - wanted) / wanted).max() <= stored.manifest["tolerances"]["permutohedral_rel"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_dense_crf(parity: Callable[[str], Any], system: str) -> None:
    stored = parity(system)
    image = (stored.image(97, [3, 60, 64]) * 40 + 120).clip(0, 255).to(torch.uint8).permute(1, 2, 0)
    found = dense_crf((2 * stored.image(98, [6, 60, 64])).softmax(0), image).numpy()
    wanted = stored.arrays("filters")["crf"]
    assert np.abs(found - wanted).max() <= 2e-4, "a tenth of what the manifest allows"
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


@pytest.mark.parametrize(
    ("file", "system"),
    [
        ("isaid_deit_tiny_96", "ctfa"),
        ("isaid_deit_tiny_96", "atsg"),
        *(
            pytest.param(file, system, marks=pytest.mark.slow)
            for file in ("potsdam_deit_base_224", "isaid_deit_base_320")
            for system in SYSTEMS
        ),
    ],
)
def test_label_maps(parity: Callable[[str], Any], file: str, system: str) -> None:
    stored = parity(system)
    case, arrays = stored.case(file), stored.arrays(file)
    network = filled(stored, case, "dynamic" if system == "atsg" else None)
    image = pixels(stored, case["input_seed"], case["input_shape"])
    cam, cam_aux = multi_scale_cams(network, image)
    batch, classes, height, width = cam.shape
    tags = torch.zeros(batch, classes)
    for row, present in zip(tags, case["derived"]["tags"], strict=True):
        row[present] = 1
    valid = inside(case["derived"]["img_box"], height, width)
    thresholds = {name: case["config"]["thresholds"][name] for name in ("high", "low")}
    picture = (image * STD + MEAN) / 255
    tokens = arrays["aux_token_label"].shape[1:]
    found = {
        "cam_pseudo_label": cam_labels(cam, tags, valid, background=True, **thresholds)[:, ::2, ::2],
        "refined_pseudo_label": refined_labels(picture, cam, tags, valid, background=True, **thresholds, official=True)[
            :, ::2, ::2
        ],
        "roi_mask": roi_map(cam_aux, tags, **thresholds)[:, ::4, ::4],
        "aux_token_label": token_labels(cam_aux, tags, valid, tokens, background=True, **thresholds, official=True),
    }
    for name, labels in found.items():
        assert (labels.numpy() == arrays[name]).mean() >= AGREE, name
