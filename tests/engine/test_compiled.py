"""Compiled networks say what the network says, whoever maps, and what cannot be compiled is refused in time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from torch import Tensor, nn
from torch._dynamo.utils import counters
from torch._inductor import config

from landwright.bundles import Bundle, Normalization
from landwright.engine import ClassHead, Job, PixelScorer, PredictOptions, RunOptions, predict_raster
from landwright.engine.blocks import begin
from landwright.engine.compiled import check_compile
from landwright.errors import UsageError
from landwright.networks import Outputs

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

CPU = torch.device("cpu")
REPOSITORY = str(Path(__file__).parents[2])
COMPILED = PredictOptions(device="cpu", compile=True)


class Deep(nn.Module):
    """A convolution with what a compiler melts together after it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, 4, 5, padding=2)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in self.layer.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))

    def forward(self, image: Tensor) -> Outputs:
        found = nn.functional.gelu(self.layer(image))
        return Outputs(found * torch.sigmoid(found) - found.mean(1, keepdim=True))


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    torch._dynamo.reset()
    counters.clear()
    yield
    torch._dynamo.reset()


@pytest.fixture
def deep(bundle: Bundle) -> Bundle:
    return replace(bundle, network=Deep().eval())


def image(height: int = 150, width: int = 200) -> np.ndarray:
    return np.random.default_rng(0).integers(1, 3, (1, height, width), dtype=np.uint8)


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("augmentation", ["none", "d4", "scale"])
def test_scores_are_those_of_the_network(augmentation: Any) -> None:
    def scorer() -> PixelScorer:
        scaling = Normalization(divide=1.0, mean=(1.5,), std=(1.0,))
        return PixelScorer(Deep(), scaling, [ClassHead(4)], device=CPU, augmentation=augmentation)

    pixels, valid = image(32, 96).reshape(1, 3, 32, 32).transpose(1, 0, 2, 3), np.ones((3, 32, 32), bool)
    expected = scorer()(pixels, valid)
    compiled = scorer()
    compiled.compile()
    torch.testing.assert_close(compiled(pixels, valid), expected, rtol=0, atol=1e-6)


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
def test_every_shape_is_compiled_once(deep: Bundle, write: Any, tmp_path: Path) -> None:
    scene = write(image())
    options = replace(COMPILED, tta="d4", batch=2, max_memory=2 * 10**9)
    predict_raster(deep, scene, tmp_path / "map.tif", options=options)
    predict_raster(deep, scene, tmp_path / "again.tif", options=options)
    assert counters["stats"]["unique_graphs"] == 1, "neither for sizes that were tried, nor for turned copies"
    with rasterio.open(tmp_path / "map.tif") as file, rasterio.open(tmp_path / "again.tif") as again:
        assert json.loads(file.tags()["SETTINGS"])["compile"] is True
        np.testing.assert_array_equal(file.read(), again.read())


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
def test_the_map_does_not_depend_on_who_maps(
    deep: Bundle, write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = write(image())
    monkeypatch.syspath_prepend(REPOSITORY)  # the workers find the network of this file
    for name, runs in {"whole": RunOptions(), "two": RunOptions(block=100, workers=2)}.items():
        (tmp_path / name).mkdir()
        predict_raster(deep, scene, tmp_path / name / "map.tif", options=COMPILED, runs=runs)
    for name in ("map.tif", "map_confidence.tif"):
        with rasterio.open(tmp_path / "whole" / name) as whole, rasterio.open(tmp_path / "two" / name) as two:
            np.testing.assert_array_equal(whole.read(), two.read())


def test_a_run_is_compiled_for_all_workers_or_for_none(deep: Bundle, write: Any, tmp_path: Path) -> None:
    job = Job(deep, (str(write(image())),), PredictOptions(device="cpu"))
    with job.open() as maker:
        begin(maker, tmp_path / "run", RunOptions(block=100))
    with replace(job, options=COMPILED).open() as maker, pytest.raises(UsageError, match=r"compile: false -> true"):
        begin(maker, tmp_path / "run", RunOptions(block=100))


@pytest.mark.slow
@pytest.mark.parametrize("block", [None, 100])
def test_without_a_compiler_nothing_is_left(deep: Bundle, write: Any, tmp_path: Path, block: int | None) -> None:
    scene, runs = write(image()), RunOptions(block=block)
    with config.patch({"cpp.cxx": (None, "no-such-compiler")}), pytest.raises(UsageError) as refused:
        predict_raster(deep, scene, tmp_path / "map.tif", options=COMPILED, runs=runs)
    assert "cannot be compiled here" in refused.value.problem and "no-such-compiler" in refused.value.problem
    assert "leave --compile out" in refused.value.remedy.lower()
    assert list(tmp_path.iterdir()) == [scene]


def test_exported_files_and_whole_images_are_not_compiled() -> None:
    exported = nn.Identity()
    exported.precision = "32"
    with pytest.raises(UsageError, match="exported file"):
        check_compile(exported, 0)
    with pytest.raises(UsageError, match="brought to 448 pixels"):
        check_compile(nn.Identity(), 448)
    check_compile(nn.Identity(), 0)
