from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from landwright.bundles import Bundle, Normalization
from landwright.engine import ClassHead, Job, PixelScorer, PredictOptions, RunOptions, predict_job, predict_raster
from landwright.engine.blocks import begin
from landwright.engine.classmap import ClassMap
from landwright.engine.finite import FiniteReader
from landwright.engine.stream import Part, Tiling, map_windows, touching
from landwright.errors import DataError, PartialError, UsageError
from landwright.networks import Outputs
from landwright.runs import Run

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


class Blurred(nn.Module):
    """Says something of a pixel's neighbourhood that rounding would change, were it summed in another order."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, 4, 7, padding=3)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in self.layer.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))

    def forward(self, image: Tensor) -> Outputs:
        return Outputs(self.layer(image))


@pytest.fixture
def blurred(bundle: Bundle) -> Bundle:
    return replace(bundle, network=Blurred().eval())


def image(height: int = 150, width: int = 200) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(1, 3, (1, height, width), dtype=np.uint8)


def rasters(folder: Path) -> dict[str, NDArray[Any]]:
    found = {}
    for path in sorted(folder.glob("*.tif")):
        with rasterio.open(path) as file:
            found[path.name] = file.read()
    return found


def same(one: dict[str, NDArray[Any]], other: dict[str, NDArray[Any]]) -> None:
    assert one.keys() == other.keys()
    for name, pixels in one.items():
        np.testing.assert_array_equal(pixels, other[name], err_msg=name)


def test_windows_that_touch() -> None:
    starts = [0, 10, 20, 30]
    assert list(touching(starts, 16, 0, 10)) == [0]
    assert list(touching(starts, 16, 16, 20)) == [1]
    assert list(touching(starts, 16, 15, 21)) == [0, 1, 2]
    assert list(touching(starts, 16, 45, 46)) == [3]


class Rows:
    """Rows of a part, which come in order, each once."""

    def __init__(self, part: Part) -> None:
        self.next = part.row0
        self.scores: list[Tensor] = []
        self.valid: list[NDArray[np.bool_]] = []

    def write(self, row: int, scores: Tensor, valid: NDArray[np.bool_]) -> None:
        assert row == self.next
        self.next += len(valid)
        self.scores.append(scores.clone())
        self.valid.append(valid.copy())


@pytest.mark.parametrize("blend", ["cosine", "paraformer", "rs3dada", "crop"])
def test_scores_of_a_part_are_those_of_the_whole_to_the_last_bit(reader: Any, blend: Any) -> None:
    pixels = image(101, 97)
    valid = np.random.default_rng(1).random(pixels.shape[1:]) < 0.9
    valid[:60, :50] = False
    normalization = Normalization(divide=1.0, mean=(0.0,), std=(1.0,))
    scorer = PixelScorer(Blurred(), normalization, [ClassHead(4)], device=torch.device("cpu"))
    tiling = Tiling(tile=32, overlap=0.4, blend=blend, batch=3)

    def scores_of(part: Part) -> tuple[Tensor, NDArray[np.bool_], int]:
        rows = Rows(part)
        tally = map_windows(reader(pixels, valid), scorer, rows, tiling, part=part)
        assert rows.next == part.row1
        return torch.cat(rows.scores, dim=1), np.concatenate(rows.valid), tally.valid

    whole, _, _ = scores_of(Part(0, 101, 0, 97))
    for part in (Part(0, 40, 0, 97), Part(40, 101, 13, 77), Part(100, 101, 96, 97), Part(33, 34, 0, 50)):
        rows, cols = slice(part.row0, part.row1), slice(part.col0, part.col1)
        scores, known, count = scores_of(part)
        np.testing.assert_array_equal(known, valid[rows, cols])
        np.testing.assert_array_equal(scores[:, known], whole[:, rows, cols][:, known])
        assert count == known.sum()


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(200, id="1 block", marks=pytest.mark.slow),
        pytest.param(100, id="4 blocks"),
        pytest.param(68, id="9 blocks", marks=pytest.mark.slow),
    ],
)
def test_the_map_does_not_depend_on_the_cut(write: Any, blurred: Bundle, tmp_path: Path, block: int) -> None:
    pixels = image()
    pixels[:, :80, :75] = 0
    path = write(pixels, nodata=0)
    options = PredictOptions(tile=32, overlap=0.4, probabilities=True, disagreement=True)
    whole = predict_raster(blurred, path, tmp_path / "whole" / "map.tif", options=options)
    runs = RunOptions(block=block, run=tmp_path / "run")
    cut = predict_raster(blurred, path, tmp_path / "cut" / "map.tif", options=options, runs=runs)
    same(rasters(tmp_path / "whole"), rasters(tmp_path / "cut"))
    assert {p.name for p in (tmp_path / "whole").iterdir()} == {p.name for p in (tmp_path / "cut").iterdir()}
    assert (cut.valid, cut.warnings) == (whole.valid, whole.warnings)
    assert cut.windows >= whole.windows
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_large_rasters_go_through_blocks_and_go_on_after_a_failure(
    write: Any, blurred: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = write(image()), tmp_path / "out" / "map.tif"
    options = PredictOptions(tile=32)
    runs = RunOptions(block=100, retries=0)
    forward = Blurred.forward
    calls = []

    def failing(self: Blurred, pixels: Tensor) -> Outputs:
        calls.append(1)
        if len(calls) > 30:
            raise RuntimeError("out of memory")
        return forward(self, pixels)

    monkeypatch.setattr(Blurred, "forward", failing)
    with pytest.raises(PartialError, match=r"of 4 blocks .* were set aside.*out of memory") as error:
        predict_raster(blurred, path, out, options=options, runs=runs)
    assert error.value.exit_code == 4
    assert not out.exists()
    finished = {folder.name for folder in (tmp_path / "out" / "map.run" / "blocks").iterdir()}
    assert finished
    monkeypatch.setattr(Blurred, "forward", forward)
    with pytest.raises(UsageError, match=r"other settings \(settings.tile: 32 -> 48\)"):
        predict_raster(blurred, path, out, options=replace(options, tile=48), runs=runs)
    predict_raster(blurred, path, out, options=options, runs=runs)
    assert not (tmp_path / "out" / "map.run").exists()
    predict_raster(blurred, path, tmp_path / "whole" / "map.tif", options=options)
    same(rasters(tmp_path / "whole"), rasters(tmp_path / "out"))


def test_all_blocks_have_the_same_threads(
    write: Any, blurred: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New ones would each have memory of their own beside what the system keeps of those that ended."""
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    seen: set[tuple[str, int]] = set()

    def note(owner: type, name: str) -> None:
        method = getattr(owner, name)

        def noted(*arguments: Any) -> Any:
            seen.add((name, threading.get_ident()))
            return method(*arguments)

        monkeypatch.setattr(owner, name, noted)

    note(FiniteReader, "read_with_valid")
    note(ClassMap, "write")
    predict_raster(blurred, write(image()), tmp_path / "map.tif", runs=RunOptions(block=100, workers=1))
    assert len(seen) == len({thread for _, thread in seen} - {threading.get_ident()}) == 2
    assert not any(thread.name.startswith("landwright") for thread in threading.enumerate())


def test_a_worker_takes_over_what_the_run_was_begun_with(write: Any, blurred: Bundle, tmp_path: Path) -> None:
    job = Job(blurred, (str(write(image())),), PredictOptions(tile=32, batch=3))
    with job.open() as maker:
        run = begin(maker, tmp_path / "run", RunOptions(block=100))
        products = maker.products
    with replace(job, options=PredictOptions(tile=32), run=tmp_path / "run").open() as maker:
        assert maker.tiling.batch == 3
        assert maker.products == products
    settings = run.manifest.settings | {"device": "cuda"}
    other = Run.open(tmp_path / "other", run.manifest.model_copy(update={"settings": settings}))
    with job.open() as maker, pytest.raises(UsageError, match="was begun for cuda, and this worker has cpu"):
        maker.join(other)
    (tmp_path / "run" / "products.json").write_text("{")
    with job.open() as maker, pytest.raises(DataError, match=r"damaged products\.json"):
        maker.join(run)


def test_what_cannot_be_cut_is_refused(write: Any, blurred: Bundle, tmp_path: Path) -> None:
    path = write(image())
    options = PredictOptions(tile=64, at_gsd=1.0)
    with pytest.raises(UsageError, match="smaller than they are cannot be mapped in blocks"):
        predict_raster(blurred, path, tmp_path / "map.tif", options=options, runs=RunOptions(block=100))
    with pytest.raises(UsageError, match="cannot be compared pixel by pixel"):
        predict_raster(blurred, path, tmp_path / "map.tif", options=replace(options, disagreement=True))
    assert predict_raster(blurred, path, tmp_path / "map.tif", options=options).windows


def test_a_map_that_says_nothing_leaves_no_run(write: Any, blurred: Bundle, tmp_path: Path) -> None:
    path, out = write(np.zeros_like(image()), nodata=0), tmp_path / "out" / "map.tif"
    with pytest.raises(DataError, match="has no valid pixel"):
        predict_raster(blurred, path, out, options=PredictOptions(tile=32), runs=RunOptions(block=100))
    assert not list((tmp_path / "out").glob("*"))


def test_a_run_keeps_what_its_model_is(write: Any, blurred: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "mlm.json").write_text(json.dumps({"assets": {"model": {"href": "./model.safetensors"}}}))
    job = Job(replace(blurred, path=folder), (str(write(image())),), PredictOptions(tile=32))
    with job.open() as maker:
        begin(maker, tmp_path / "run", RunOptions(block=100))
    item = json.loads((tmp_path / "run" / "model.json").read_text())
    assert item["assets"]["model"]["href"] == str(folder.resolve() / "model.safetensors")


@pytest.mark.slow
def test_joining_blocks_has_a_progress_of_its_own(write: Any, blurred: Bundle, tmp_path: Path) -> None:
    mapped, joined = list[tuple[int, int]](), list[tuple[int, int]]()
    predict_job(
        Job(blurred, (str(write(image())),), PredictOptions(tile=32)),
        tmp_path / "map.tif",
        runs=RunOptions(block=100),
        progress=lambda *now: mapped.append(now),
        joining=lambda *now: joined.append(now),
    )
    assert mapped[-1] == (30_000, 30_000)
    assert joined[-1] == (60_000, 60_000), "the classes and their confidence"
    assert joined == sorted(joined)
