from __future__ import annotations

import sys

import numpy as np
import pytest
import shapely

from landwright.errors import UsageError
from landwright.maps.zonal import zonal

VALUES = np.arange(24.0).reshape(4, 6)


def measured(polygons, quantile=0.5, values=VALUES):
    def read(window):
        row, col, height, width = window
        return values[row : row + height, col : col + width]

    return zonal(read, values.shape, np.array(polygons, dtype=object), quantile)


def test_pixels_count_with_the_share_that_lies_inside():
    zones = measured([shapely.box(1, 1, 3, 3), shapely.box(0, 0, 1.5, 1)])
    assert zones.mean == pytest.approx([np.mean([7, 8, 13, 14]), 0.5 / 1.5])
    assert zones.known == pytest.approx([4, 1.5])


def test_quantiles_are_those_of_numpy():
    zones = measured([shapely.box(0, 0, 6, 4)], 0.923)
    assert zones.quantile[0] == pytest.approx(np.quantile(VALUES, 0.923))


def test_unknown_pixels_and_ground_outside_are_left_out():
    values = VALUES.copy()
    values[:2] = np.nan
    zones = measured([shapely.box(-2, 1, 1, 3), shapely.box(0, 0, 2, 2)], values=values)
    assert zones.mean[0] == 12
    assert zones.known.tolist() == [1, 0]
    assert np.isnan(zones.mean[1])
    assert np.isnan(zones.quantile[1])


def test_strips_do_not_show():
    tall = np.random.default_rng(0).random((1600, 8))
    boxes = [shapely.box(1, top, 4, top + 300) for top in (900, 0, 505, 513, 1300)]
    zones = measured(boxes, 0.9, tall)
    for place, top in enumerate((900, 0, 505, 513, 1300)):
        assert zones.quantile[place] == pytest.approx(np.quantile(tall[top : top + 300, 1:4], 0.9))


def test_no_polygons():
    assert len(measured([]).mean) == 0


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "exactextract", None)
    with pytest.raises(UsageError, match="landwright\\[vector\\]"):
        measured([shapely.box(0, 0, 1, 1)])
