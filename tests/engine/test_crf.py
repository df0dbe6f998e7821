from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from torch import Tensor, nn

from landwright.bundles import Bundle, Card, Normalization
from landwright.engine import PredictOptions, predict_raster
from landwright.engine.crf import CrfRefiner, check_crf
from landwright.errors import UsageError
from landwright.filters import dense_crf
from landwright.networks import Outputs


def card_of(bundle: Bundle, bands: int, dates: int = 1) -> Card:
    scaling = Normalization(mean=(0.5,) * bands, std=(0.25,) * bands)
    names = tuple(f"band{number}" for number in range(bands))
    return bundle.card.model_copy(update={"bands": names, "dates": dates, "normalization": scaling})


def halves(bands: int) -> np.ndarray:
    """Two windows of a dark and a bright half, the second one turned."""
    one = np.full((bands, 32, 32), 30, np.uint8)
    one[:, :, 14:] = 220
    return np.stack([one, one.transpose(0, 2, 1)])


def shifted() -> Tensor:
    """Probabilities of both windows whose edge lies three pixels too far, and a channel more."""
    second = torch.full((2, 32, 32), 0.3)
    second[0, :, 17:], second[1, 17:] = 0.7, 0.7
    return torch.stack([1 - second, second, torch.full((2, 32, 32), 9.0)], 1)


@pytest.mark.parametrize("bands", [1, 2, 3, 6])
def test_probabilities_follow_the_edges_of_the_image(bundle: Bundle, bands: int) -> None:
    scores = shifted()
    found = CrfRefiner(card_of(bundle, bands), 2)(halves(bands), np.ones((2, 32, 32), bool), scores)
    expected = (torch.arange(32) >= 14).long().expand(32, 32)
    assert torch.equal(found[:, :2].argmax(1), torch.stack([expected, expected.T]))
    assert found[:, :2].sum(1).allclose(torch.ones(2, 32, 32))
    assert torch.equal(found[:, 2], scores[:, 2]), "other channels stay as they are"


def scaled(bundle: Bundle, **scaling: Any) -> Card:
    return card_of(bundle, 3).model_copy(update={"normalization": Normalization(**scaling)})


def test_values_of_eight_bits_are_the_colours_and_others_by_their_deviation(bundle: Bundle) -> None:
    imagenet = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
    valid, scores, pixels = np.ones((2, 32, 32), bool), shifted()[:, :2], halves(3) // 2 + 60
    picture = torch.from_numpy(pixels).movedim(1, -1)
    wanted = torch.stack([dense_crf(*window) for window in zip(scores, picture, strict=True)])
    for divide, given in ((255.0, pixels), (255.0, pixels + 0.3), (1.0, pixels), (1000.0, pixels)):
        mean, std = ([value * 255 / divide for value in values] for values in imagenet.values())
        card = scaled(bundle, divide=divide, mean=mean, std=std)
        assert torch.equal(CrfRefiner(card, 2)(given, valid, scores), wanted)
    # Reflectances have no colours of their own; those outside of 0..255 are cut.
    card = scaled(bundle, divide=1.0, **imagenet)
    assert not CrfRefiner(card, 2)(pixels / 255, valid, scores).allclose(wanted)
    card = scaled(bundle, divide=255.0, **imagenet)
    cut = CrfRefiner(card, 2)(np.where(pixels > 100, 900.0, -5.0), valid, scores)
    assert torch.equal(cut, CrfRefiner(card, 2)(np.where(pixels > 100, 255, 0), valid, scores))


def test_colours_are_those_of_the_last_date(bundle: Bundle) -> None:
    valid, scores = np.ones((2, 32, 32), bool), shifted()[:, :2]
    last = np.concatenate([np.zeros((2, 3, 32, 32), np.uint8), halves(3)], 1)
    first = last[:, [3, 4, 5, 0, 1, 2]]
    refiner = CrfRefiner(card_of(bundle, 6, dates=2), 2)
    one = CrfRefiner(card_of(bundle, 3), 2)
    assert torch.equal(refiner(last, valid, scores), one(halves(3), valid, scores))
    assert torch.equal(refiner(first, valid, scores), one(np.zeros_like(halves(3)), valid, scores))


def test_what_a_merge_leaves_out_counts_as_a_class_more(bundle: Bundle) -> None:
    valid, pixels = np.ones((2, 32, 32), bool), halves(3)
    scores = torch.full((2, 2, 32, 32), 0.01)
    scores[:, 1] = 0.02
    kept = CrfRefiner(card_of(bundle, 3), 2, partial=True)(pixels, valid, scores)
    assert kept.sum(1).max() < 0.05
    whole = CrfRefiner(card_of(bundle, 3), 2)(pixels, valid, scores)
    assert whole.sum(1).allclose(torch.ones(2, 32, 32))


def test_pixels_without_a_value_take_no_part(bundle: Bundle) -> None:
    pixels, scores = halves(3).astype(np.float32), shifted()[:, :2]
    valid = np.ones((2, 32, 32), bool)
    valid[:, :, 28:] = False
    pixels[:, :, :, 28:] = np.nan
    refiner = CrfRefiner(card_of(bundle, 3), 2)
    found = refiner(pixels, valid, scores)
    scores[..., 28:] = torch.tensor([1.0, 0.0])[:, None, None]
    assert torch.equal(found[..., :28], refiner(pixels, valid, scores)[..., :28])


class Unsure(nn.Module):
    """Classes 0 and 1 by the first band, without being sure of either."""

    def forward(self, image: Tensor) -> Outputs:
        first = image[:, :1]
        return Outputs(torch.cat([0.5 - first, first - 0.5, torch.full_like(first.repeat(1, 2, 1, 1), -9.0)], 1))


def noisy(write: Any) -> tuple[Path, np.ndarray]:
    truth = np.zeros((1, 70, 90), np.float32)
    truth[..., 40:] = 1
    noise = np.random.default_rng(0).normal(0, 0.25, truth.shape).astype(np.float32)
    return write(np.where(truth == 0, 0.3, 0.8).astype(np.float32) + noise), truth[0]


def test_a_map_is_refined_window_by_window_and_says_so(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    path, truth = noisy(write)
    model, wrong = Bundle(bundle.card, Unsure()), {}
    for name, crf in (("plain", False), ("crf", True)):
        result = predict_raster(model, path, tmp_path / f"{name}.tif", options=PredictOptions(crf=crf))
        with rasterio.open(result.path) as file:
            wrong[name] = float((file.read(1) - 10 != truth).mean())
            assert json.loads(file.tags()["SETTINGS"]).get("crf", False) is crf
    assert wrong["crf"] < 0.7 * wrong["plain"]


def test_models_without_class_probabilities_are_refused(
    write: Any, bundle: Bundle, looking: Any, tmp_path: Path
) -> None:
    path, _ = noisy(write)
    heights = Bundle(bundle.card.model_copy(update={"outputs": ("height",)}), bundle.network)
    crf = PredictOptions(crf=True)
    for model, options, problem in (
        (heights, crf, "no classes to refine"),
        (looking(), crf, "model of words.*--snap"),
        (bundle, replace(crf, blend="rs3dada"), "rs3dada logits are averaged.*--blend cosine"),
    ):
        with pytest.raises(UsageError, match=problem):
            predict_raster(model, path, tmp_path / "map.tif", options=options)
    assert not (tmp_path / "map.tif").exists()
    with pytest.raises(UsageError, match="a single one"):
        check_crf(bundle.card, 1, "cosine")
