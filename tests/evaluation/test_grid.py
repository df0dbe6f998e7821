from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from landwright.evaluation.findings import Pair
from landwright.evaluation.grid import comparison_grid
from landwright.evaluation.maps import evaluate_maps
from landwright.legends import load_legend
from landwright.rasters import open_raster, write_cog

LEGEND = load_legend("openearthmap-8")


def write(path: Path, codes: np.ndarray, gsd: float) -> Path:
    place = Affine(gsd, 0, 500_000, 0, -gsd, 5_400_000)
    write_cog(path, codes.astype(np.uint8), crs="EPSG:32633", transform=place, nodata=0)
    return path


@pytest.fixture
def coarse(tmp_path: Path) -> Path:
    return write(tmp_path / "coarse.tif", np.arange(1, 7).reshape(2, 3), 20)


def test_a_coarse_map_is_compared_pixel_by_pixel_with_a_fine_reference(coarse: Path, tmp_path: Path) -> None:
    fine = np.kron(np.arange(1, 7).reshape(2, 3), np.ones((8, 8)))
    fine[:, ::8] = 8  # never under the centre of a cell
    reference = write(tmp_path / "fine.tif", fine, 2.5)
    confidence = write(tmp_path / "confidence.tif", np.full((2, 3), 70), 20)
    pair = Pair("one", coarse, reference, confidence=confidence)
    found = evaluate_maps([pair], tmp_path / "report", legend=LEGEND)
    assert found.results[0].pixels == fine.size
    assert found.results[0].values["oa"] == pytest.approx(7 / 8)
    assert found.area.total_m2 == pytest.approx(40 * 60, rel=2e-3)
    assert "the reference is finer: each pixel of the map was compared as 8 x 8" in found.scenes[0].notes
    assert json.loads((tmp_path / "report" / "metrics.json").read_text())["scenes"][0]["notes"]


@pytest.mark.parametrize("gsd", [15.0, 20.0, 60.0])
def test_a_reference_of_about_the_maps_pixels_or_coarser_leaves_the_grid(
    gsd: float, coarse: Path, tmp_path: Path
) -> None:
    with open_raster(coarse) as raster:
        info = raster.info
    assert comparison_grid(info, write(tmp_path / "reference.tif", np.ones((8, 8)), gsd)) == info


def test_without_pixel_sizes_or_with_polygons_the_maps_grid_stays(coarse: Path, tmp_path: Path) -> None:
    with open_raster(coarse) as raster:
        info = raster.info
    assert comparison_grid(info, tmp_path / "polygons.geojson") == info
    bare = replace(info, gsd=None)
    assert comparison_grid(bare, coarse) == bare
    plain = tmp_path / "plain.tif"
    write_cog(plain, np.ones((8, 8), np.uint8))
    assert comparison_grid(info, plain) == info


def test_what_map_and_reference_both_note_is_said_once(tmp_path: Path) -> None:
    for name in ("map", "reference"):
        write_cog(tmp_path / f"{name}.tif", np.ones((8, 8), np.uint8))
    found = evaluate_maps([Pair("one", tmp_path / "map.tif", tmp_path / "reference.tif")], legend=LEGEND)
    assert found.scenes[0].notes == ("no georeference: ground size unknown",)
