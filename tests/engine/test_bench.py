"""What a bundle's map takes is told, and nothing is left behind."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
import rasterio

from landwright.bundles import Bundle
from landwright.engine import bench as benches
from landwright.engine.bench import bench
from landwright.engine.options import PredictOptions
from landwright.errors import UsageError


def test_a_raster_of_the_size_is_mapped(bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # stages one after another
    result = bench(bundle, size=200, options=PredictOptions(device="cpu", batch=2))
    assert (result.model, result.size, result.bands, result.tile, result.batch) == ("nearest", 200, 1, 64, 2)
    assert result.windows == 16
    assert result.redundancy == pytest.approx(16 * 64**2 / 200**2)
    assert (result.device, result.precision, result.device_memory) == ("cpu", "32", None)
    stages = (result.wait, result.compute, result.blend, result.write)
    assert min(*stages, result.read) >= 0
    assert sum(stages) == pytest.approx(result.seconds, rel=0.05)
    told = result.to_dict()
    assert told["pixels_per_second"] == pytest.approx(200**2 / told["seconds"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("divide", "dtype"), [(255.0, "uint8"), (10000.0, "uint16")])
def test_the_raster_has_the_models_bands_values_and_ground_size(
    bundle: Bundle, tmp_path: Path, divide: float, dtype: str
) -> None:
    normalization = {"divide": divide, "mean": (0.5, 0.5), "std": (0.2, 0.2)}
    card = bundle.card.model_validate(
        bundle.card.model_dump() | {"bands": ("a", "b"), "normalization": normalization, "gsd": (1.0, 3.0)}
    )
    benches._write_noise(tmp_path / "image.tif", card, 600)
    with rasterio.open(tmp_path / "image.tif") as file:
        assert (file.count, file.shape, file.dtypes[0], file.res) == (2, (600, 600), dtype, (2.0, 2.0))
        pixels = file.read()
    assert divide / 2 < pixels.min() < pixels.max() <= divide


def test_a_raster_smaller_than_a_window_can_be_is_refused(bundle: Bundle) -> None:
    with pytest.raises(UsageError, match="size 8 is too small"):
        bench(bundle, size=8)
