from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio

from landwright.data import Region, Split
from landwright.engine import PredictOptions
from landwright.errors import DataError, UsageError
from landwright.evaluation import Merge, evaluate_bundle
from landwright.legends import Crosswalk
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


@pytest.fixture
def merge(bundle, tmp_path):
    """The first two of the three classes become one, the third is left out of "building"."""
    (tmp_path / "three.yaml").write_text(json.dumps(bundle.legend.to_dict()))
    return Crosswalk(
        name="three-to-building", source=str(tmp_path / "three.yaml"), target="building", rules={0: 0, 1: 1, 2: 1}
    )


@pytest.mark.parametrize("by", ["map", "probability"])
def test_merged_classes(bundle, scenes, merge, tmp_path, save_codes, by):
    made = []
    for scene in scenes:
        with rasterio.open(scene.label) as label:
            made.append(save_codes(tmp_path / f"{scene.name}_two.tif", np.minimum(label.read(1), 1).tolist()))
    two = {replace(scene, label=label): () for scene, label in zip(scenes, made, strict=True)}
    found = evaluate_bundle(bundle, two, tmp_path / "report", merge=Merge(merge, by), keep=tmp_path / "maps")
    result = found.evaluation.results[0]
    assert [row.name for row in result.per_class] == ["background", "building"]
    assert result.values["oa"] > 0.8
    if by == "probability":
        same = evaluate_bundle(bundle, two, options=PredictOptions(merge=merge)).evaluation
        assert (same.merged_by, same.results) == ("probability", found.evaluation.results)
    assert (found.evaluation.merge, found.evaluation.merged_by) == ("three-to-building", by)
    with rasterio.open(tmp_path / "maps" / "s0.tif") as file:
        assert file.read(1).max() == (1 if by == "probability" else 2)
    figures = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert (figures["legend"], figures["merge"]) == ("building", "three-to-building")
    assert figures["mapping"]["Merged by"] == f"three-to-building, {by}"
    assert "three-to-building" in (tmp_path / "report" / "index.html").read_text()


def test_what_the_run_was_trained_on_is_told(bundle, scenes, run):
    Split((Region(scenes[0], "train"), Region(scenes[1], "val"))).save(run / "split.csv")
    alone = evaluate_bundle(bundle, everything(scenes)).evaluation
    assert alone.trained_on.kind == "unknown"
    assert "has no run folder" in alone.results[0].notes[-1]
    placed = evaluate_bundle(replace(bundle, path=run / "bundle"), everything(scenes)).evaluation
    assert (placed.trained_on.kind, placed.trained_on.seen) == ("seen", 1)
    assert "Seen in training: 1 of 3 images" in placed.results[0].notes[-1]
    named = evaluate_bundle(bundle, everything(scenes[1:]), run=run).evaluation
    assert named.trained_on.kind == "inductive"


def test_agreement_with_coarse_labels_is_in_the_report(bundle, scenes, run, tmp_path):
    Split((Region(scenes[0], "train"), Region(scenes[1], "val"))).save(run / "split.csv")
    coarse = replace(bundle, card=bundle.card.model_copy(update={"regime": "coarse"}))
    evaluate_bundle(coarse, everything(scenes[1:]), tmp_path / "report", run=run)
    figures = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert (figures["trained_on"]["kind"], figures["trained_on"]["agreement"]) == ("inductive", 1)
    said = "1 of 2 images were scored against the coarse labels that the model learned from"
    assert said in figures["scores"]["pixel-pooled"]["notes"][-1]
    assert said in (tmp_path / "report" / "index.html").read_text()


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
