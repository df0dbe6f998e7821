from __future__ import annotations

import math

import numpy as np
import pytest

from landwright.errors import DataError, UsageError
from landwright.evaluation.heights import create_height_protocol, split_protocols
from landwright.rasters import Window


def scored(*images, names=None):
    counter = create_height_protocol("synrs3d-height")
    for place, (prediction, reference) in enumerate(images):
        counter.update(np.asarray(prediction, float), np.asarray(reference, float), name=str(place))
    return counter.compute()


def test_a_pixel_counts_where_either_is_above():
    """Not only where the reference is: inventing a tower on open ground is an error above 3 m."""
    reference, prediction = np.zeros(100), np.zeros(100)
    reference[:50], prediction[:40], prediction[50:60] = 10, 10, 10
    values = scored((prediction, reference)).values
    assert values["mae_high"] == pytest.approx(20 * 10 / 60)
    assert values["delta1_high"] == pytest.approx(40 / 60)
    assert (values["precision_1"], values["recall_1"]) == (0.8, 0.8)
    assert values["f1_1"] == pytest.approx(0.8)
    assert values["oa_1"] == pytest.approx(0.8)


def test_a_bad_ratio_is_neither_invented_nor_missed():
    reference, prediction = np.full(100, 10.0), np.full(100, 10.0)
    prediction[:30] = 14
    values = scored((prediction, reference)).values
    assert (values["precision_1"], values["recall_1"]) == (1, 1)
    assert values["delta1_whole"] == 0.7
    assert values["delta2_whole"] == 1


def test_ground_ruins_the_deltas_of_the_whole():
    reference, prediction = np.zeros(100), np.full(100, 0.01)
    values = scored((prediction, reference)).values
    assert values["delta3_whole"] == 0
    assert values["log10_whole"] == pytest.approx(4)
    assert values["mae_whole"] == pytest.approx(0.01, abs=1e-5)
    assert values["oa_1"] == 1


def test_images_with_too_little_are_skipped_by_category():
    few = np.zeros(100)
    few[:48] = 5
    enough = np.zeros(100)
    enough[:49] = 5
    result = scored((few + 0.0, few), (enough, enough + 0.0), (np.zeros(100), enough))
    assert result.sets[0].images == {"whole": 3, "low": 1, "mid": 1, "high": 1}
    assert result.values["mae_high"] == 0
    assert "high leaves out 2 of 3 images" in result.notes[0]
    with pytest.raises(UsageError, match="no figure"):
        result.figure("nonsense")
    assert result.figure("mae_high") == 0


def test_tiny_images_have_no_figures():
    result = scored((np.ones(10), np.ones(10)))
    assert set(result.values.values()) == {None}
    assert result.card("ten pixels").values == {}


def test_unknown_reference_counts_as_ground_as_published():
    reference = np.array([np.nan, 451.0, np.inf, -9999.0] * 25)
    values = scored((np.full(100, 2.0), reference)).values
    assert values["mae_whole"] == pytest.approx(2, abs=1e-5)
    assert values["mae_low"] is None


def test_sets_are_averaged_without_weights():
    counter = create_height_protocol("synrs3d-height")
    for name, group, error in (("a", "one", 1.0), ("b", "one", 3.0), ("a", "two", 10.0)):
        counter.update(np.full(64, 5 + error), np.full(64, 5.0), name=name, group=group)
    result = counter.compute()
    assert [of.values["mae_whole"] for of in result.sets] == [2, 10]
    assert result.values["mae_whole"] == 6
    assert result.values["rmse_whole"] == 6, "a mean of roots, no root of a mean"
    assert result.images == 3
    assert "3 images in 2 sets" in result.sentence


def test_pixels_without_a_prediction_are_counted():
    prediction = np.full(100, 4.0)
    prediction[:20] = np.nan
    result = scored((prediction, np.full(100, 5.0)))
    assert (result.pixels, result.unmapped) == (80, 20)
    assert result.unmapped_share == 0.2
    assert result.values["mae_whole"] == 1


def test_published_tiles_count_in_their_centre():
    counter = create_height_protocol("synrs3d-height")
    assert counter.area((512, 512)) == Window(4, 4, 504, 504)
    assert counter.area((512, 600)) == Window(0, 0, 512, 600)
    assert create_height_protocol("pooled-height").area((512, 512)) == Window(0, 0, 512, 512)


@pytest.mark.parametrize("name", ["synrs3d-height", "pooled-height"])
def test_nothing_to_score_and_other_shapes(name):
    counter = create_height_protocol(name)
    with pytest.raises(ValueError, match="differ"):
        counter.update(np.zeros(3), np.zeros(4), name="a")
    counter.update(np.full(3, math.nan), np.zeros(3), name="a")
    with pytest.raises(DataError, match="nothing to score"):
        counter.compute()


def test_protocols_are_told_apart():
    assert split_protocols(["pixel-pooled", "pooled-height", "x"]) == (("pixel-pooled", "x"), ("pooled-height",))
    with pytest.raises(UsageError, match="synrs3d-height"):
        create_height_protocol("pixel-pooled")
