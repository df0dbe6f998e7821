"""Height rasters made on the fly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine

from landwright.rasters import write_cog

Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write a georeferenced raster below the test's folder: heights as float32, classes as they are."""

    def write(name: str, values: Any, *, pixel: float = 0.5, dtype: Any = np.float32, **options: Any) -> Path:
        path = tmp_path / name
        place = Affine(pixel, 0, 500_000, 0, -pixel, 5_300_000)
        write_cog(path, np.asarray(values, dtype), crs="EPSG:32632", transform=place, **options)
        return path

    return write
