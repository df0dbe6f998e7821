from __future__ import annotations

import numpy as np
import pytest
from affine import Affine

from landwright.engine import predict_raster
from landwright.errors import DataError, UsageError
from landwright.evaluation import LabelOptions, Merge, Pair, evaluate_map, evaluate_maps
from landwright.evaluation.maps import without_companions
from landwright.legends import load_crosswalk, load_legend
from landwright.rasters import write_cog


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


def test_a_product_that_says_nothing_is_read_as_the_table_says(save_codes, tmp_path):
    path = save_codes(tmp_path / "lc.tif", [[1, 2], [4, 6]])
    reference = save_codes(tmp_path / "four.tif", [[1, 2], [3, 4]])
    merge = Merge(load_crosswalk("chesapeake-lc-to-chesapeake-4-barren-low"))
    result = evaluate_map(path, reference, tmp_path / "report", merge=merge, protocols=("chesapeake-4",))
    assert result.values["miou"] == 1
    assert any("not known: maps do not say" in note for note in result.notes)
    page = (tmp_path / "report" / "index.html").read_text()
    assert "chesapeake-lc-to-chesapeake-4-barren-low" in page
    assert "mean recall" in page
    with pytest.raises(UsageError, match="no probabilities"):
        evaluate_map(path, reference, tmp_path / "other", merge=Merge(merge.crosswalk, "probability"))
    assert not (tmp_path / "other").exists()


def test_a_map_of_the_published_script_is_scored_as_it_is(tmp_path):
    """It holds the places of the outputs in a palette of NLCD's colours, 0 is nodata."""
    legend = load_legend("nlcd-paraformer")
    place = Affine(1, 0, 5e5, 0, -1, 5e6)
    colours = {index: (*colour, 255) for index, colour in enumerate(legend.colours)}
    published = np.array([[1, 3, 8, 13], [0, 2, 14, 9]], np.uint8)
    write_cog(tmp_path / "map.tif", published, nodata=0, crs="EPSG:26918", transform=place, colormap=colours)
    truth = np.array([[1, 5, 2, 3], [2, 3, 6, 2]], np.uint8)
    write_cog(tmp_path / "lc.tif", truth, crs="EPSG:26918", transform=place)
    result = evaluate_map(
        tmp_path / "map.tif",
        tmp_path / "lc.tif",
        tmp_path / "report",
        merge=Merge(load_crosswalk("nlcd-paraformer-to-chesapeake-4")),
        labels=LabelOptions(crosswalk=load_crosswalk("chesapeake-lc-to-chesapeake-4")),
        protocols=["chesapeake-4"],
    )
    assert result.unmapped == (0, 1, 1, 0)  # nodata, and ice
    assert result.values["oa"] == pytest.approx(5 / 8)


def test_only_the_confidence_of_another_map_is_left_out(mapped, tmp_path):
    confidence = tmp_path / "map_confidence.tif"
    assert confidence.is_file()
    assert without_companions([mapped, confidence]) == [mapped]
    assert without_companions([confidence]) == [confidence]


def test_no_map_is_an_error():
    with pytest.raises(DataError, match="no map"):
        evaluate_maps([])
