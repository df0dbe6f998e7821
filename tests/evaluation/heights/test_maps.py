from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from landwright.errors import DataError, UsageError
from landwright.evaluation import HeightPair, evaluate_heights
from landwright.evaluation.heights.maps import only_heights


@pytest.fixture
def pairs(save):
    random = np.random.default_rng(0)
    found = []
    for place, group in enumerate(("town", "forest")):
        wanted = random.gamma(1.0, 8.0, (40, 50))
        made = save(f"s{place}.tif", wanted + random.normal(0, 1, wanted.shape))
        found.append(HeightPair(f"s{place}", made, save(f"r{place}.tif", wanted), group=group))
    return found


def test_the_report_shows_both_protocols(pairs, tmp_path):
    evaluation = evaluate_heights(pairs, tmp_path / "report")
    assert (evaluation.results, evaluation.area) == ((), None)
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "2 maps against their references" in page
    assert page.count("data:image/png;base64,") == 6
    for text in (
        "Protocol pooled-height",
        "Protocol synrs3d-height",
        "Error by reference height",
        "above 3 m",
        "high (&gt; 3 m)",
        "all sets",
        "forest",
        "1.953",
        "Heights by scene",
        "not known: maps do not say",
        "<rect",
    ):
        assert text in page, text
    assert "Confusion matrix" not in page
    figures = json.loads((tmp_path / "report" / "metrics.json").read_text(encoding="utf-8"))
    assert (figures["legend"], figures["classes"], figures["scores"]) == (None, [], {})
    assert set(figures["heights"]["scores"]) == {"pooled-height", "synrs3d-height"}
    assert figures["heights"]["scores"]["pooled-height"]["values"]["mae"] < 1
    assert [scene["group"] for scene in figures["heights"]["scenes"]] == ["town", "forest"]


def test_one_protocol_alone_without_a_report(pairs, tmp_path):
    before = set(tmp_path.rglob("*"))
    found = evaluate_heights(pairs[:1], protocols=["synrs3d-height"]).heights
    assert [result.protocol for result in found.results] == ["synrs3d-height"]
    assert set(tmp_path.rglob("*")) == before


def test_the_published_protocol_alone_heads_the_page(pairs, tmp_path):
    evaluate_heights(pairs, tmp_path / "report", protocols=["synrs3d-height"])
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert page.count("How this was scored") == 1
    assert "MAE, whole" in page


def test_what_cannot_be_scored(pairs, tmp_path):
    with pytest.raises(DataError, match="no map"):
        evaluate_heights([])
    with pytest.raises(UsageError, match="for heights"):
        evaluate_heights(pairs, protocols=["pixel-pooled"])
    with pytest.raises(UsageError, match="holds no report"):
        evaluate_heights(pairs, tmp_path)


def test_heights_are_found_beside_class_maps():
    names = ("a", "a_height", "a_height_spread", "a_confidence", "b_height", "c", "c_spread")
    paths = [Path(f"maps/{name}.tif") for name in names]
    assert [path.stem for path in only_heights(paths)] == ["a_height", "b_height", "c"]
