from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from landwright.prepare.segments import read_params
from landwright.prepare.segments.pieces import Pieces


@pytest.mark.parametrize("provider", ["felzenszwalb", "slic"])
@pytest.mark.parametrize("bands", [1, 3])
def test_objects_keep_to_one_colour(provider: str, bands: int, picture: Callable[..., np.ndarray]) -> None:
    pixels = picture(3)[:bands].transpose(1, 2, 0)
    params = read_params(provider, {"pixels": 150} if provider == "slic" else None)
    objects, boundary = Pieces(params)(np.ascontiguousarray(pixels), np.ones((60, 80), bool))
    assert (objects.dtype, boundary.dtype, objects.shape) == (np.uint16, np.bool_, (60, 80))
    sizes = np.bincount(objects.ravel())[1:]
    assert len(sizes) >= 6 and sizes.min() > 0
    for number in range(1, len(sizes) + 1):
        inside = pixels[objects == number].astype(int)
        assert (abs(inside - np.median(inside, axis=0)) <= 25).mean() > 0.8
    assert 0.05 < boundary.mean() < 0.5


def test_settings_reach_the_provider(picture: Callable[..., np.ndarray]) -> None:
    pixels = np.ascontiguousarray(picture(3).transpose(1, 2, 0))
    valid = np.ones((60, 80), bool)

    def number(provider: str, **given: object) -> int:
        return int(Pieces(read_params(provider, {"smallest": 1, **given}))(pixels, valid)[0].max())

    assert number("felzenszwalb", min_size=3000) < number("felzenszwalb")
    assert number("felzenszwalb", scale=1e6) <= number("felzenszwalb", scale=10)
    assert number("slic", pixels=1000) < number("slic", pixels=100)
    assert number("slic", pixels=100, most=5) == 5


def test_what_has_no_data_is_no_object(picture: Callable[..., np.ndarray]) -> None:
    pixels = np.ascontiguousarray(picture(4).transpose(1, 2, 0))
    valid = np.ones((60, 80), bool)
    valid[:, :30] = False
    objects, boundary = Pieces(read_params("felzenszwalb"))(pixels, valid)
    assert not objects[:, :30].any() and not boundary[:, :30].any()
    assert objects[:, 40:].any()
