from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio

from landwright.engine import PredictOptions
from landwright.errors import DataError, UsageError
from landwright.evaluation.findings import LabelOptions, Merge
from landwright.evaluation.tags import maker
from landwright.evaluation.tags.compare import TagComparison
from landwright.evaluation.tags.source import TagSource
from landwright.evaluation.tags.stages import StageRules
from landwright.legends import Crosswalk
from landwright.rasters import Window

MASKS = TagSource(None, "the reference masks")
NAMED = TagSource(
    {"s0": frozenset({"pool", "roof"}), "s1": frozenset({"roof", "tree"}), "s2": frozenset({"pool"})}, "tags.csv"
)


def compared(bundle, scenes, folder, tags=NAMED, regions=None, **options):
    comparison = TagComparison(bundle, tags, PredictOptions(device="cpu"), ("pixel-pooled",), LabelOptions(), **options)
    folder.mkdir(exist_ok=True)
    for scene in scenes:
        comparison.add(scene, regions, folder)
    return comparison


@pytest.mark.parametrize("tags", [MASKS, NAMED], ids=["masks", "file"])
def test_both_stages_are_scored(make_bundle, scenes, tmp_path, tags):
    comparison = compared(make_bundle(), scenes, tmp_path / "made", tags, previews=2)
    found = comparison.finish()
    assert found.cam[0].values["oa"] > 0.8
    assert found.pseudo[0].values["oa"] > 0.8
    assert found.cam[0].pixels == 3 * 48 * 48
    assert [(row.name, row.images) for row in found.precision] == [("pool", 2), ("roof", 2), ("tree", 1)]
    assert found.tag_ap == 1
    assert (found.images, found.background_score) == (3, 0.5)
    assert found.notes == ()
    assert tags.origin in found.rules[-1]
    with rasterio.open(tmp_path / "made" / "s1_cam.tif") as file:
        assert set(np.unique(file.read(1))) <= {10, 12, 13}
        assert file.nodata == 255
        assert file.crs is not None
    assert [preview.pseudo.name for preview in comparison.seen] == ["s0", "s1"]
    assert comparison.seen[0].activation.strength.shape == (48, 48)
    assert comparison.seen[0].objects is None


@pytest.mark.parametrize(("tags", "images"), [(MASKS, 12), (NAMED, 3)], ids=["masks", "file"])
def test_large_images_are_cut(make_bundle, scenes, tmp_path, monkeypatch, tags, images):
    monkeypatch.setattr(maker, "WHOLE", 5)
    steps = []
    comparison = TagComparison(make_bundle(), tags, PredictOptions(), ("pixel-pooled",), LabelOptions())
    for scene in scenes:
        comparison.add(scene, None, tmp_path, progress=lambda *step: steps.append(step))
    found = comparison.finish()
    assert found.images == images
    assert found.cam[0].pixels == 3 * 48 * 48
    assert found.notes[0].startswith(
        "Images of more than 40 pixels a side (3 of them): the stages were made in windows"
    )
    assert steps[:4] == [(1024, 2304), (1536, 2304), (2048, 2304), (2304, 2304)]


@pytest.mark.parametrize(("tile", "whole"), [(32, 256), (300, 300)])
def test_tokens_bound_what_is_seen_as_a_whole(make_bundle, tile, whole):
    comparison = compared(make_bundle(tile=tile), [], Path("."))
    assert comparison._maker.whole == whole


def test_small_patches_of_a_class_are_no_tag(make_bundle, scenes, tmp_path):
    found = compared(make_bundle(), scenes, tmp_path, MASKS, rules=StageRules(min_pixels=48 * 48)).finish()
    assert [row.images for row in found.precision] == [0, 0, 0]


@pytest.mark.parametrize(("official", "scales"), [(False, (1.0, 0.5, 1.5)), (True, (1.0, 0.5, 1.5)), (False, (1.0,))])
def test_what_is_called_published_is_so(make_bundle, scenes, tmp_path, official, scales):
    rules = StageRules(scales=scales, official=official)
    cam, pseudo, _ = compared(make_bundle(), scenes, tmp_path, rules=rules).finish().rules
    assert ("0.5, 1.5 (as published)" in cam) == (len(scales) == 3)
    assert cam.count("as published") == (len(scales) == 3) + official
    assert ("as published" in pseudo) == official


def test_only_regions_count(make_bundle, scenes, tmp_path):
    comparison = compared(make_bundle(), scenes[:1], tmp_path, regions=(Window(0, 0, 24, 48),))
    found = comparison.finish()
    assert found.cam[0].pixels == found.pseudo[0].pixels == 24 * 48
    assert found.notes == ("In every image, so that its average precision says nothing: pool, roof.",)


def test_without_a_background_every_class_is_a_tag(make_bundle, scenes, tmp_path):
    found = compared(make_bundle(background=False), scenes, tmp_path, MASKS).finish()
    assert found.precision[0].name == "background"
    assert found.background_score is None
    assert found.cam[0].values["oa"] > 0.8


def test_merged_classes_need_a_file_of_tags(make_bundle, scenes, tmp_path, save):
    (tmp_path / "garden.yaml").write_text(json.dumps(make_bundle().legend.to_dict()))
    rules = {10: 0, 11: 0, 12: 1, 13: 0}
    merge = Merge(
        Crosswalk(name="roofs", source=str(tmp_path / "garden.yaml"), target="building", rules=rules), "probability"
    )
    with pytest.raises(UsageError, match="merged classes"):
        compared(make_bundle(), scenes, tmp_path, MASKS, merge=merge)
    with rasterio.open(scenes[0].label) as label:
        two = save(tmp_path / "two.tif", (label.read(1) == 12).astype(np.uint8))
    found = compared(make_bundle(), [replace(scenes[0], label=two)], tmp_path, NAMED, merge=merge).finish()
    assert [row.name for row in found.cam[0].per_class] == ["background", "building"]
    assert found.cam[0].values["oa"] > 0.8


def test_a_scene_needs_a_mask(make_bundle, scenes, tmp_path):
    with pytest.raises(ValueError, match="has no label"):
        compared(make_bundle(), [replace(scenes[0], label=None)], tmp_path)


def test_files_that_are_there(make_bundle, scenes, tmp_path):
    comparison = compared(make_bundle(), scenes[:1], tmp_path)
    comparison.refuse_existing(tmp_path, scenes[0], overwrite=True)
    with pytest.raises(UsageError, match="is there already"):
        comparison.refuse_existing(tmp_path, scenes[0], overwrite=False)


def test_a_damaged_image(make_bundle, scenes, tmp_path):
    scenes[0].image.write_bytes(scenes[0].image.read_bytes()[:200])
    with pytest.raises(DataError, match=r"s0\.tif"):
        compared(make_bundle(), scenes, tmp_path)
