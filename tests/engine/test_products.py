from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import MaskFlags
from rio_cogeo.cogeo import cog_validate

from landwright.engine.measures import MEANINGS
from landwright.engine.products import class_specs, height_specs
from landwright.legends import Legend
from landwright.maps import map_files
from landwright.maps.spec import ProductSpec

GRID = {"crs": CRS.from_epsg(32632), "transform": Affine(0.5, 0, 5e5, 0, -0.5, 5.3e6)}


def test_rasters_come_in_the_order_of_their_files(legend: Legend) -> None:
    specs = class_specs(legend, {}, confidence=True, probabilities=True, disagreement=True)
    specs += height_specs(1, {}, spread=True, beside=True)
    assert [spec.kind for spec in specs] == [
        "classes",
        "confidence",
        "probabilities",
        "disagreement",
        "height",
        "spread",
    ]
    files = map_files("map.tif", True, height=True, spread=True, probabilities=True, disagreement=True)
    assert [f"map{spec.suffix}" for spec in specs] == [path.stem for path in files.rasters]
    assert len({spec.stem for spec in specs}) == len(specs)


def test_only_what_is_wanted(legend: Legend) -> None:
    assert [spec.kind for spec in class_specs(legend, {}, confidence=False)] == ["classes"]
    assert [spec.kind for spec in height_specs(2, {}, spread=False, beside=False)] == ["height"]


@pytest.mark.parametrize("measure", list(MEANINGS))
def test_the_band_says_which_confidence_it_holds(legend: Legend, measure: str) -> None:
    _, beside = class_specs(legend, {}, confidence=True, measure=measure)
    assert beside.descriptions == (MEANINGS[measure],)


def test_what_a_raster_says_of_itself_survives(legend: Legend, tmp_path: Path) -> None:
    specs = class_specs(legend, {"MODEL": "m"}, confidence=True, probabilities=True, disagreement=True)
    specs = [ProductSpec.model_validate_json(spec.model_dump_json()) for spec in specs]
    rng = np.random.default_rng(0)
    for spec in specs:
        path = tmp_path / f"{spec.stem}.tif"
        values = rng.integers(0, 101, (spec.bands, 600, 700)).astype(np.uint8)
        with spec.writer(path, width=700, height=600, **GRID) as writer:
            for row in range(0, 600, 64):
                writer.write(values[:, row : row + 64])
        assert cog_validate(path, strict=True, quiet=True)[0]
        with rasterio.open(path) as file:
            np.testing.assert_array_equal(file.read(), values)
            assert file.descriptions == spec.descriptions
            assert file.nodata == 255
            assert file.tags()["MODEL"] == "m"
            assert "CLASSES" in file.tags()
            assert file.units == (spec.unit,) * spec.bands
            assert file.scales == (1.0 if spec.scale is None else spec.scale,) * spec.bands
            assert file.offsets == (0.0,) * spec.bands
            assert set(map(tuple, file.mask_flag_enums)) == {(MaskFlags.nodata,)}
    assert specs[2].bands == 4
    assert specs[2].descriptions == legend.names
    assert specs[2].scale == 0.004
