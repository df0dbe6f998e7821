from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from landwright.bundles import Bundle, Card
from landwright.engine.disagreement import Disagreeing, DisagreementMap, SpareHead, SquareSum, check_disagreement
from landwright.engine.heads import ClassHead, HeightHead
from landwright.engine.score import PixelScorer
from landwright.engine.stream import Tiling, map_windows
from landwright.engine.weights import window_weights
from landwright.errors import UsageError
from landwright.networks import Outputs


class Rows(list[NDArray[Any]]):
    def write(self, rows: NDArray[np.uint8]) -> None:
        self.append(rows)


class Windows:
    """Probabilities that every window draws anew, with the square sums behind them; it keeps what it said."""

    device = torch.device("cpu")

    def __init__(self, classes: int, sharpness: float, *, agree: bool = False) -> None:
        self.channels, self._sharpness, self._agree = classes + 1, sharpness, agree
        self._random, self._sum = torch.Generator().manual_seed(0), SquareSum(classes)

    def __call__(self, pixels: NDArray[Any], valid: NDArray[np.bool_]) -> torch.Tensor:
        size = (len(pixels), self.channels, *pixels.shape[2:])
        logits = torch.randn(size, generator=self._random)
        if self._agree:
            # What is said depends on the pixel alone.
            logits = torch.from_numpy(pixels[:, :1]).float() * torch.arange(1.0, self.channels + 1)[:, None, None]
            logits = logits.sin()
        scores = torch.empty(size)
        scores[:, :-1] = (logits[:, :-1] * self._sharpness).softmax(1)
        scores[:, -1] = torch.nan
        return self._sum(pixels, valid, scores)


class Kept:
    """Takes disagreements as percent, and puts the rows together again."""

    def __init__(self, classes: int) -> None:
        self._classes, self.rows = classes, Rows()
        self._map = DisagreementMap(self.rows)

    def write(self, row: int, scores: torch.Tensor, valid: NDArray[np.bool_]) -> None:
        self._map.write(row, scores[self._classes :], valid)


class Exact:
    """Sums in double precision what windows say: the definition, written down."""

    def __init__(self, scorer: Windows, tiling: Tiling, height: int, width: int) -> None:
        self._scorer, self.device, self.channels = scorer, scorer.device, scorer.channels
        self._rows, self._cols = tiling.starts(height), tiling.starts(width)
        shape = (self._rows[-1] + tiling.tile, self._cols[-1] + tiling.tile)
        self._mean, self._square = np.zeros((scorer.channels - 1, *shape)), np.zeros(shape)
        self._places = [(row, col) for row in range(len(self._rows)) for col in range(len(self._cols))]
        self._tile, self._blend, self._size = tiling.tile, tiling.blend, (height, width)

    def __call__(self, pixels: NDArray[Any], valid: NDArray[np.bool_]) -> torch.Tensor:
        scores = self._scorer(pixels, valid)
        weights = window_weights(self._tile, self._rows, self._cols, self._blend)
        for said in scores.double().numpy():
            down, across = self._places.pop(0)
            row, col = self._rows[down], self._cols[across]
            part = (slice(row, row + self._tile), slice(col, col + self._tile))
            weight = weights(down, across).double().numpy()
            self._mean[:, *part] += weight * said[:-1]
            self._square[part] += weight * (said[:-1] ** 2).sum(0)
        return scores

    def disagreement(self) -> NDArray[np.float64]:
        found = np.sqrt(np.maximum(0, self._square - (self._mean**2).sum(0)))
        return found[: self._size[0], : self._size[1]]


Reader = Callable[..., Any]


@pytest.mark.parametrize("blend", ["cosine", "gaussian", "uniform", "paraformer"])
@pytest.mark.parametrize(("classes", "sharpness"), [(2, 50.0), (8, 1.0), (8, 0.01), (254, 3.0)])
def test_it_is_the_spread_of_the_windows(reader: Reader, blend: Any, classes: int, sharpness: float) -> None:
    tiling = Tiling(tile=16, overlap=0.6, blend=blend, batch=1)
    exact = Exact(Windows(classes, sharpness), tiling, 41, 50)
    kept = Kept(classes)
    map_windows(reader(np.zeros((1, 41, 50), np.uint8)), exact, Disagreeing(classes, kept), tiling)
    wanted = exact.disagreement()
    found = np.concatenate(kept.rows)
    assert found.dtype == np.uint8
    assert wanted.max() > 0.5 or sharpness < 50
    # Half a percent of rounding to whole ones, and what single precision adds.
    assert np.abs(found - 100 * wanted).max() < 0.52


@pytest.mark.parametrize(("classes", "sharpness"), [(2, 50.0), (2, 0.0), (8, 1.0), (8, 20.0), (254, 1.0), (254, 50.0)])
def test_windows_that_agree_never_disagree_by_rounding(reader: Reader, classes: int, sharpness: float) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (1, 90, 100)).astype(np.uint8)
    for overlap in (0.0, 0.25, 0.8):
        kept = Kept(classes)
        scorer = Windows(classes, sharpness, agree=True)
        map_windows(reader(pixels), scorer, Disagreeing(classes, kept), Tiling(tile=32, overlap=overlap))
        assert not np.concatenate(kept.rows).any()


def test_what_is_not_valid_or_no_number_is_nodata() -> None:
    rows = Rows()
    scores = torch.tensor([[[0.301, np.nan, 0.5]]])
    DisagreementMap(rows).write(0, scores, np.array([[True, True, False]]))
    np.testing.assert_array_equal(rows[0], [[30, 255, 255]])


class Both(torch.nn.Module):
    """Classes that depend on how a window is turned, and heights."""

    def forward(self, image: torch.Tensor) -> Outputs:
        ramp = torch.linspace(-3, 3, image.shape[3]).expand_as(image[:, :1])
        return Outputs(torch.cat([ramp, image[:, :1]], 1), height=image[:, :1])


@pytest.mark.parametrize("augmentation", ["none", "flip"])
def test_squared_is_what_is_averaged_after_augmentation_and_refinement(augmentation: Any, bundle: Bundle) -> None:
    def refiner(pixels: NDArray[Any], valid: NDArray[np.bool_], scores: torch.Tensor) -> torch.Tensor:
        return scores.roll(1, 3)

    scorer = PixelScorer(
        Both(),
        bundle.card.normalization,
        [ClassHead(2), SpareHead(), HeightHead()],
        device=torch.device("cpu"),
        augmentation=augmentation,
        refiner=SquareSum(2, refiner),
    )
    pixels = np.random.default_rng(0).random((2, 1, 16, 16)).astype(np.float32)
    scores = scorer(pixels, np.ones((2, 16, 16), bool))
    assert scorer.channels == scores.shape[1] == (4 if augmentation == "none" else 5)
    torch.testing.assert_close(scores[:, :2].sum(1), torch.ones(2, 16, 16))
    torch.testing.assert_close(scores[:, 2], scores[:, :2].square().sum(1))
    torch.testing.assert_close(scores[:, 3], torch.from_numpy(pixels[:, 0]).roll(1, 2))


def test_what_has_no_disagreement_is_refused(bundle: Bundle) -> None:
    check_disagreement(bundle.card, 4, "cosine")
    words = Card.model_construct(**{**dict(bundle.card), "words": object()})
    for card, classes, blend, problem in (
        (words, 4, "cosine", "model of words"),
        (bundle.card, 1, "cosine", "single class"),
        (bundle.card, 4, "rs3dada", "logits are averaged"),
        (bundle.card, 4, "crop", "of one window"),
    ):
        with pytest.raises(UsageError, match=problem) as error:
            check_disagreement(card, classes, blend)
        assert "leave the disagreement out" in str(error.value.remedy).lower()
