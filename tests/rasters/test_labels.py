from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from landwright.errors import DataError, UsageError
from landwright.legends import load_crosswalk, load_legend
from landwright.rasters import open_labels, open_raster


@pytest.fixture
def like(make_raster):
    with open_raster(make_raster("image.tif", np.zeros((3, 4, 5), np.uint8))) as raster:
        return raster.info


@pytest.mark.parametrize("options", [{"field": "k"}, {"burn": "building"}, {"outside": "ignore", "burn": "building"}])
def test_options_of_polygons_do_not_fit_rasters(make_raster, like, options: dict[str, str]) -> None:
    path = make_raster("label.tif", np.zeros((4, 5), np.uint8))
    with pytest.raises(UsageError, match="apply to polygons, but"):
        open_labels(path, load_legend("building"), like, **options)


def test_crosswalk_to_another_legend(make_raster, like) -> None:
    walk = load_crosswalk("isprs-6-torchgeo-to-isprs-6")
    with pytest.raises(UsageError, match="leads to legend isprs-6, not to building"):
        open_labels(make_raster("label.tif", np.zeros((4, 5), np.uint8)), load_legend("building"), like, crosswalk=walk)


@pytest.mark.parametrize("name", ["none.tif", "none.geojson"])
def test_missing(tmp_path: Path, like, name: str) -> None:
    with pytest.raises(DataError, match="no such file"):
        open_labels(tmp_path / name, load_legend("building"), like)
