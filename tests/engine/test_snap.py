from __future__ import annotations

import numpy as np
import pytest
import torch

from landwright.bundles import Normalization
from landwright.engine.snap import Snapper

pytest.importorskip("skimage", reason="scikit-image comes with the extra words")

SCALING = Normalization(mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))


def halves(dtype: type = np.uint8) -> np.ndarray:
    """Two windows of a dark and a bright half, the second one turned."""
    one = np.full((3, 40, 40), 30, dtype)
    one[:, :, 17:] = 220
    return np.stack([one, one.transpose(0, 2, 1)])


@pytest.mark.parametrize("provider", ["felzenszwalb", "slic"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_scores_follow_the_edges_of_the_image(provider: str, dtype: type) -> None:
    pixels = halves(dtype)
    step = torch.zeros(2, 1, 40, 40)
    step[0, 0, :, 20:], step[1, 0, 20:] = 1.0, 1.0
    found = Snapper(provider, SCALING)(pixels, np.ones((2, 40, 40), bool), step)
    assert found.shape == step.shape
    assert found.mean() == pytest.approx(float(step.mean())), "averages leave the mean as it is"
    if provider == "felzenszwalb":
        # The blur before it makes a segment of its own along the edge.
        across, down = found[0, 0], found[1, 0].T
        for scores in (across, down):
            assert (scores[:, :12] == 0).all()
            assert float(scores[:, 22:].max() - scores[:, 22:].min()) < 1e-5
            assert float(scores[:, 22:].min()) > 0.8


def test_pixels_without_a_value_take_no_part() -> None:
    pixels = halves(np.float32)[:1]
    valid = np.ones((1, 40, 40), bool)
    valid[:, :, 30:] = False
    pixels[:, :, :, 30:] = np.nan
    scores = torch.zeros(1, 2, 40, 40)
    scores[..., 30:] = 1000.0
    found = Snapper("felzenszwalb", SCALING)(pixels, valid, scores)
    assert (found[..., :30] == 0).all()
