"""Tags from a mask, read in strips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from landwright.data.mask_tags import mask_tags
from landwright.legends import Legend
from landwright.rasters import open_labels, open_raster


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ({}, {"class 0", "class 1", "class 2"}),
        ({"min_pixels": 5}, {"class 0", "class 1"}),
        ({"min_share": 0.5}, {"class 0"}),
    ],
)
def test_classes_of_all_strips(
    write: Callable[..., Path], legend: Legend, limits: dict[str, float], found: set[str]
) -> None:
    mask = np.zeros((2100, 4), np.uint8)
    mask[1023:1025], mask[-1] = 1, 2
    path = write("mask.tif", mask)
    with open_raster(path) as raster, open_labels(path, legend, raster.info) as labels:
        assert mask_tags(labels, **limits) == found  # type: ignore[arg-type]
