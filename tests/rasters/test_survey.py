from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from landwright.errors import DataError
from landwright.rasters import survey


def test_survey(make_raster: Callable[..., Path], host: Any) -> None:
    paths = [make_raster(f"{n}.tif", np.ones((n, 4, 5), np.uint8), descriptions=list("xyz")[:n]) for n in (2, 3)]
    images = survey([str(path) for path in paths], bands=["y", 1])
    assert [image.source for image in images] == [str(path) for path in paths]
    assert [image.bands for image in images] == [(2, 1), (2, 1)]
    host.files["/a.tif"] = paths[0].read_bytes()
    there = survey([str(paths[0]), host.url("/a.tif?sig=1")])
    assert there[1].info.path == host.url("/a.tif")
    assert there[1].info.crs == there[0].info.crs
    with pytest.raises(DataError, match=r"3\.tif: has 3 bands to read, .*2\.tif has 2"):
        survey([str(path) for path in paths])
    with pytest.raises(DataError, match=r"b\.tif.*404"):
        survey([str(paths[0]), host.url("/b.tif")])
