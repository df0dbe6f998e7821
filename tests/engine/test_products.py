from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import MaskFlags
from rio_cogeo.cogeo import cog_validate

from landwright.bundles import Bundle
from landwright.engine import PredictOptions, predict_raster
from landwright.engine.measures import MEANINGS
from landwright.engine.products import class_specs, height_specs
from landwright.legends import Legend
from landwright.maps import map_files
from landwright.maps.spec import ProductSpec
from landwright.networks import Outputs

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


class Unsure(torch.nn.Module):
    """Soft classes; the last one is the more probable the further right a pixel is in its window."""

    def forward(self, image: torch.Tensor) -> Outputs:
        logits = torch.cat([image.mul(scale).sin().mul(2) for scale in (1.0, 2.0, 3.0)], 1)
        place = torch.linspace(-2, 2, image.shape[3]).expand_as(image)
        return Outputs(torch.cat([logits, place], 1))


def test_the_rasters_of_a_map_tell_of_the_same_probabilities(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(1, 4, (1, 60, 150)).astype(np.uint8)
    pixels[:, :9] = 0
    image = write(pixels, nodata=0)

    def mapped(**options: Any) -> dict[str, np.ndarray]:
        chosen = PredictOptions(tile=64, overlap=0.1, overwrite=True, **options)
        predict_raster(Bundle(bundle.card, Unsure()), image, tmp_path / "map.tif", options=chosen)
        found = {}
        for word in ("", "_confidence", "_probabilities", "_disagreement"):
            if (tmp_path / f"map{word}.tif").exists():
                assert (tmp_path / f"map{word}.qml").exists()
                with rasterio.open(tmp_path / f"map{word}.tif") as file:
                    found[word] = file.read().astype(int)
        return found

    made = mapped(probabilities=True, disagreement=True)
    shares, codes = made["_probabilities"][:, 9:] / 250, made[""][0, 9:] - 10
    assert all((values[:, :9] == 255).all() for values in made.values())
    np.testing.assert_allclose(shares.sum(0), 1, atol=0.009)
    np.testing.assert_allclose(made["_confidence"][0, 9:] / 100, shares.max(0), atol=0.0071)
    ordered = np.sort(shares, axis=0)
    clear = ordered[-1] > ordered[-2]
    np.testing.assert_array_equal(codes[clear], shares.argmax(0)[clear])
    margin = mapped(measure="margin")["_confidence"][0, 9:] / 100
    np.testing.assert_allclose(margin, ordered[-1] - ordered[-2], atol=0.0091)
    disagreement = made["_disagreement"][0, 9:]
    # Windows of 64 pixels begin at 0, 43 and 86.
    alone = np.zeros(150, bool)
    alone[:43] = alone[64:86] = alone[107:] = True
    assert not disagreement[:, alone].any()
    assert disagreement[:, ~alone].mean() > 5
