from __future__ import annotations

import numpy as np
import pytest

from landwright.evaluation.tags.pieces import pieces
from landwright.rasters import Window


def test_small_images_stay_whole():
    region = Window(5, 6, 100, 64)
    (only,) = pieces(region, 32, whole=100)
    assert (only.shown, only.kept) == (region, region)
    assert len(pieces(region, 32, whole=99)) > 1


@pytest.mark.parametrize("shape", [(70, 64), (20, 70), (64, 33)])
def test_pieces_cover_once_and_stay_inside(shape):
    region = Window(3, 9, *shape)
    seen = np.zeros((80, 90), int)
    found = pieces(region, 32, whole=40)
    assert len(found) > 1
    for piece in found:
        seen[piece.place] += 1
        shown = piece.shown
        assert (shown.height, shown.width) == (min(32, shape[0]), min(32, shape[1]))
        assert region.row <= shown.row
        assert shown.row + shown.height <= region.row + region.height
        assert region.col <= shown.col
        assert shown.col + shown.width <= region.col + region.width
        values = np.zeros((shown.height, shown.width))[piece.part]
        assert values.shape == (piece.kept.height, piece.kept.width)
    assert seen[piece.place].min() == 1
    assert seen.sum() == seen[3 : 3 + shape[0], 9 : 9 + shape[1]].sum() == shape[0] * shape[1]
    assert seen.max() == 1
