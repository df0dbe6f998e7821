"""The stages from tags to a map beside the map, with the network that has them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from landwright.bundles import Bundle, Card, NetworkCard, Normalization, TilingCard
from landwright.data import Scene
from landwright.errors import UsageError
from landwright.evaluation import evaluate_bundle
from landwright.evaluation.tags.source import tag_source
from landwright.legends import load_legend
from landwright.networks import create_network
from landwright.prepare.segments import make_segments
from landwright.rasters import write_cog

LEGEND = load_legend("isaid-16")
OPTIONS = {"encoder": "compact"}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return create_network("ctfa", classes=len(LEGEND), bands=3, **OPTIONS).eval()


@pytest.fixture
def bundle(network):
    card = Card(
        name="from tags",
        regime="tags",
        network=NetworkCard(name="ctfa", classes=len(LEGEND), options=OPTIONS),
        bands=("red", "green", "blue"),
        normalization=Normalization(divide=255.0, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
        legend=LEGEND,
        tiling=TilingCard(tile=64),
    )
    return Bundle(card, network)


@pytest.fixture
def scenes(tmp_path):
    found = []
    for seed in range(2):
        random = np.random.default_rng(seed)
        classes = np.kron(random.choice([0, 1, 14], (4, 4)), np.ones((12, 12))).astype(np.uint8)
        image = np.stack([classes * 15, 200 - classes * 10, random.integers(0, 255, classes.shape)]).astype(np.uint8)
        write_cog(tmp_path / f"s{seed}.tif", image)
        write_cog(tmp_path / f"s{seed}_mask.tif", classes)
        found.append(Scene(f"s{seed}", tmp_path / f"s{seed}.tif", tmp_path / f"s{seed}_mask.tif"))
    return found


def test_three_scores_side_by_side(bundle, scenes, tmp_path):
    make_segments([scene.image for scene in scenes], tmp_path / "segments", "felzenszwalb", jobs=1)
    tags = tag_source("from-masks", scenes, bundle, segments=tmp_path / "segments")
    found = evaluate_bundle(
        bundle,
        dict.fromkeys(scenes, ()),
        tmp_path / "report",
        tags=tags,
        protocols=("ctfa-classes", "pixel-pooled"),
        keep=tmp_path / "maps",
    ).evaluation
    assert found.tags is not None
    for results in (found.tags.cam, found.tags.pseudo, found.results):
        assert [result.protocol for result in results] == ["ctfa-classes", "pixel-pooled"]
        assert results[0].pixels == 2 * 48 * 48
    ship, plane = (found.tags.precision[place] for place in (0, 13))
    assert (ship.images, plane.images) == (2, 2)
    assert found.tags.tag_ap == 1
    assert "In every image" in found.tags.notes[0]
    made = {path.name for path in (tmp_path / "maps").glob("*.tif")}
    assert made == {f"s{n}{word}.tif" for n in range(2) for word in ("", "_confidence", "_cam", "_pseudo")}

    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    for text in ("From tags to a map", "CAM (strongest tag", "Segments", "Pseudo label", "AP of the tag"):
        assert text in page
    figures = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert set(figures["tags"]["scores"]) == {"cam", "pseudo", "map"}
    stored = figures["tags"]["scores"]["pseudo"]["ctfa-classes"]["values"]["miou"]
    assert stored == pytest.approx(found.tags.pseudo[0].values["miou"])
    assert figures["tags"]["background_score"] == 0.5
    assert "scores" in figures
    assert figures["tags"]["tag_ap"] == 1


def test_stages_leave_nothing_behind(bundle, scenes, tmp_path):
    before = set(tmp_path.rglob("*"))
    found = evaluate_bundle(bundle, {scenes[0]: ()}, tags=tag_source("from-masks", scenes, bundle))
    assert set(tmp_path.rglob("*")) == before
    assert found.evaluation.tags is not None


def test_stages_that_are_there_are_not_replaced(bundle, scenes, tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "s1_cam.tif").write_text("mine")
    tags = tag_source("from-masks", scenes, bundle)
    with pytest.raises(UsageError, match="is there already"):
        evaluate_bundle(bundle, dict.fromkeys(scenes, ()), tags=tags, keep=tmp_path / "maps")
    assert (tmp_path / "maps" / "s1_cam.tif").read_text() == "mine"
    assert not (tmp_path / "maps" / "s0.tif").exists()
