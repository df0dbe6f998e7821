"""Label rasters made on the fly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from landwright.legends import Legend

PLACE = Affine(10.0, 0.0, 500000.0, 0.0, -10.0, 5000000.0)


@pytest.fixture
def make_labels(tmp_path: Path) -> Callable[..., Path]:
    """Return `make(name, codes, ...)`, which writes codes on a 10 m UTM grid."""

    def make(name: str, codes: Any, **options: Any) -> Path:
        array = np.asarray(codes, np.uint8)
        path = tmp_path / name
        palette = options.pop("palette", None)
        profile = {"driver": "GTiff", "count": 1, "height": array.shape[0], "width": array.shape[1], "dtype": "uint8"}
        with rasterio.open(path, "w", **{**profile, "crs": "EPSG:32631", "transform": PLACE, **options}) as file:
            file.write(array, 1)
            if palette:
                file.write_colormap(1, palette)
        return path

    return make


@pytest.fixture
def three() -> Legend:
    """Classes 1, 2 and 5; nodata 0."""
    classes = [{"code": code, "name": f"class {code}", "colour": [code, 9, 9]} for code in (1, 2, 5)]
    return Legend.model_validate({"name": "three", "nodata": 0, "classes": classes})
