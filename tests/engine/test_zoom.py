from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from landwright.bundles import Bundle
from landwright.engine.options import PredictOptions
from landwright.engine.stream import Tiling
from landwright.engine.zoom import Windows, settle_windows
from landwright.errors import DataError
from landwright.rasters import open_raster


@pytest.fixture
def settle(bundle: Bundle, write: Any) -> Any:
    """Windows of an image of 100 x 160 pixels of 0.5 m for a model with windows of 64."""

    def settle(**options: Any) -> Windows:
        with open_raster(write(np.zeros((1, 100, 160), np.uint8))) as raster:
            return settle_windows(raster, bundle.card, PredictOptions(**options), "cpu", words=False)

    return settle


def test_windows_at_any_size(settle: Any) -> None:
    tiling = Tiling(64, 0.25, "cosine", 1)
    assert settle() == Windows(1.0, tiling, (100, 160), tiling)
    assert settle(at_gsd=0.25) == (2.0, Tiling(32, 0.25), (100, 160), Tiling(32, 0.25))
    assert settle(at_gsd=1.0) == (0.5, Tiling(128, 0.25), (50, 80), tiling)
    assert settle(at_gsd=1.0, tile=100) == (0.5, Tiling(100, 0.25), (50, 80), Tiling(50, 0.25))


@pytest.mark.parametrize(
    ("options", "problem", "remedy", "mended"),
    [
        ({"at_gsd": 100.0}, "1 x 1 pixels of 100 m, less than half of the model's window of 64",
         "--at-gsd 2.5 or less", {"at_gsd": 2.5}),
        ({"at_gsd": 2.6}, "31 x 19 pixels", "--at-gsd 2.5 or less", {"at_gsd": 2.5}),
        ({"at_gsd": 2.5, "tile": 70}, "tile of it would be 14 pixels of 2.5 m", "--tile 80 or more",
         {"at_gsd": 2.5, "tile": 80}),
        ({"at_gsd": 0.12}, "pixels of 0.5 m would be enlarged 4.17 times", "--at-gsd 0.125 or more",
         {"at_gsd": 0.125}),
        ({"at_gsd": 0.001, "tile": 64}, "enlarged 500 times", "--at-gsd 0.125 or more", {"at_gsd": 0.125, "tile": 64}),
        ({"at_gsd": 0.05, "tile": 500}, "shown as 5000 of 0.05 m", "--tile 409 or less", {"at_gsd": 0.05, "tile": 409}),
    ],
)  # fmt: skip
def test_sizes_beyond_use_have_a_remedy_that_works(
    settle: Any, options: dict[str, Any], problem: str, remedy: str, mended: dict[str, Any]
) -> None:
    with pytest.raises(DataError) as error:
        settle(**options)
    assert problem in error.value.problem
    assert remedy in (error.value.remedy or "")
    settle(**mended)


def test_an_image_that_is_small_already_is_not_reduced(bundle: Bundle, write: Any) -> None:
    with open_raster(write(np.zeros((1, 20, 30), np.uint8))) as raster:
        with pytest.raises(DataError) as error:
            settle_windows(raster, bundle.card, PredictOptions(at_gsd=0.6), "cpu", words=False)
        assert error.value.remedy == "Leave --at-gsd out"
        settle_windows(raster, bundle.card, PredictOptions(), "cpu", words=False)


def test_a_published_grid_is_that_of_what_is_shown(settle: Any) -> None:
    assert settle(blend="rs3dada", at_gsd=0.75).shape == (67, 107)
    with pytest.raises(DataError, match=r"80 x 50 pixels.*52 pixels or shorter") as error:
        settle(blend="rs3dada", at_gsd=1.0, tile=208, overlap=0.5)
    assert error.value.remedy
