from __future__ import annotations

import pytest

from landwright.engine import predict_raster
from landwright.errors import DataError, UsageError
from landwright.evaluation import Pair, evaluate_map, evaluate_maps
from landwright.legends import load_legend


@pytest.fixture
def mapped(bundle, scenes, tmp_path):
    return predict_raster(bundle, scenes[0].image, tmp_path / "map.tif").path


def test_a_map_of_ours_brings_its_legend_and_its_facts(mapped, scenes, tmp_path):
    result = evaluate_map(mapped, scenes[0].label, tmp_path / "report", image=scenes[0].image)
    assert 0.7 < result.values["oa"] < 0.95
    page = (tmp_path / "report" / "index.html").read_text()
    assert page.count("data:image/png;base64,") == 5  # the confidence lies beside the map
    assert "map.tif against s0.tif" in page
    assert "nearest" in page


def test_run_gives_curves_and_model(mapped, scenes, run, tmp_path):
    evaluate_map(mapped, scenes[0].label, tmp_path / "report", run=run)
    page = (tmp_path / "report" / "index.html").read_text()
    assert "Training loss" in page
    assert "Validation scores" in page
    assert "three, 3 classes" in page


def test_several_maps_have_one_report(mapped, scenes, tmp_path):
    pairs = [Pair(f"p{number}", mapped, scenes[0].label) for number in range(2)]
    evaluation = evaluate_maps(pairs, tmp_path / "report")
    assert len(evaluation.scenes) == 2
    page = (tmp_path / "report" / "index.html").read_text()
    assert "2 maps against their references" in page
    assert "<h2>Scenes</h2>" in page


def test_maps_of_others_need_a_legend(scenes, tmp_path):
    pair = Pair("x", scenes[0].image, scenes[0].label)
    with pytest.raises(UsageError, match="--legend"):
        evaluate_maps([pair])
    with pytest.raises(DataError, match=r"s0\.tif"):
        evaluate_maps([pair], legend=load_legend("whu-building"))  # it has no code 2


def test_no_map_is_an_error():
    with pytest.raises(DataError, match="no map"):
        evaluate_maps([])
