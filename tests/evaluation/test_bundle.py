from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio

from landwright.engine import PredictOptions
from landwright.errors import DataError, UsageError
from landwright.evaluation import evaluate_bundle
from landwright.rasters import Window


def everything(scenes):
    return dict.fromkeys(scenes, ())


def test_scores_are_those_of_the_maps(bundle, scenes, tmp_path):
    steps = []
    found = evaluate_bundle(
        bundle,
        everything(scenes),
        tmp_path / "report",
        keep=tmp_path / "maps",
        options=PredictOptions(tta="flip"),
        progress=lambda name, done, total: steps.append((name, done, total)),
    )
    right = []
    for scene in scenes:
        with rasterio.open(tmp_path / "maps" / f"{scene.name}.tif") as made, rasterio.open(scene.label) as label:
            right.append((made.read(1) == label.read(1)).ravel())
    result = found.evaluation.results[0]
    assert result.values["oa"] == pytest.approx(np.concatenate(right).mean())
    assert result.images == 3
    assert {name for name, _, _ in steps} == {"s0", "s1", "s2"}
    assert steps[-1][1:] == (2000, 2000)
    page = (tmp_path / "report" / "index.html").read_text()
    assert page.count("data:image/png;base64,") == 15
    assert "flip" in page
    figures = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert figures["scores"]["pixel-pooled"]["values"]["oa"] == pytest.approx(result.values["oa"])
    assert figures["mapping"]["Window"] == "32 pixels"


def test_maps_are_kept_only_on_request(bundle, scenes, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    before = set(tmp_path.rglob("*"))
    found = evaluate_bundle(bundle, everything(scenes))
    assert set(tmp_path.rglob("*")) == before
    assert len(found.evaluation.scenes) == 3
    assert found.seconds > 0


def test_only_the_windows_of_a_part_count(bundle, scenes):
    found = evaluate_bundle(bundle, {scenes[0]: (Window(0, 0, 10, 50), Window(20, 0, 5, 50))})
    assert found.evaluation.results[0].pixels == 750


def test_maps_that_are_there_are_not_replaced(bundle, scenes, tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "s2.tif").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        evaluate_bundle(bundle, everything(scenes), keep=tmp_path / "maps")
    assert (tmp_path / "maps" / "s2.tif").read_text() == "mine"
    assert not (tmp_path / "maps" / "s0.tif").exists()


def test_one_damaged_scene_ends_it_and_leaves_no_report(bundle, scenes, tmp_path):
    scenes[1].image.write_bytes(scenes[1].image.read_bytes()[:300])
    with pytest.raises(DataError, match=r"s1\.tif"):
        evaluate_bundle(bundle, everything(scenes), tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_no_scene_is_an_error(bundle):
    with pytest.raises(DataError, match="no scene"):
        evaluate_bundle(bundle, {})


def test_a_folder_with_other_files_is_refused_before_the_work(bundle, scenes, tmp_path):
    with pytest.raises(UsageError, match="holds no report"):
        evaluate_bundle(bundle, everything(scenes), scenes[0].image.parent)
