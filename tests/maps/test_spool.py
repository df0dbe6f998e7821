from __future__ import annotations

import sqlite3

import numpy as np
import pytest
import shapely

from landwright.maps.spool import Spool


def rows(tops: list[int]):
    bounds = np.array([[0, top, 5, top + 1] for top in tops], np.int64).reshape(-1, 4)
    shapes = np.array([shapely.box(0, top, 5, top + 1) for top in tops], object)
    return bounds, shapes, {"class": np.array(["a"] * len(tops), object), "size": np.array(tops, float)}


def test_any_order_in_one_order_out(tmp_path):
    with Spool(tmp_path / "found") as spool:
        for tops in ([5, 3], [], [1, 4], [2]):
            spool.add(*rows(tops))
        batches = list(spool.batches(2))
        assert [len(shapes) for shapes, _ in batches] == [2, 2, 1]
        assert np.concatenate([columns["size"] for _, columns in batches]).tolist() == [1, 2, 3, 4, 5]
        assert batches[0][0][0].equals(shapely.box(0, 1, 5, 2))
        assert spool.box.tolist() == [0, 1, 5, 6]


def test_unknown_values_and_no_polygons(tmp_path):
    bounds, shapes, columns = rows([1])
    with Spool(tmp_path / "one") as spool:
        spool.add(bounds, shapes, columns | {"size": np.array([np.nan])})
        ((_, found),) = spool.batches(9)
        assert np.isnan(found["size"]).all()
    with Spool(tmp_path / "none") as spool:
        spool.add(*rows([]))
        ((shapes, found),) = spool.batches(9)
        assert len(shapes) == len(found["class"]) == 0
        assert found["size"].dtype == float


def test_a_full_disk(tmp_path):
    with Spool(tmp_path / "found") as spool:
        spool.add(*rows([1]))
        spool._base.execute("PRAGMA max_page_count = 3")
        with pytest.raises(OSError, match="full") as caught:
            spool.add(*rows(list(range(2, 3000))))
        assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
