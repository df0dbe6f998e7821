from pathlib import Path

import numpy as np
import pytest

from landwright.data.heights import require_heights, survey_heights
from landwright.errors import DataError
from landwright.rasters import HeightTally

NONE = np.empty(0, np.float32)


def tally(*values: float, unknown: int = 0, beyond: int = 0) -> HeightTally:
    known = np.array(values, np.float32)
    return HeightTally(len(known) + unknown, unknown, beyond, int((known < 0).sum()), [known])


def test_shares_and_percentiles() -> None:
    found = survey_heights(tally(-1, 0, 2, 4, 6, 8, unknown=4, beyond=1), NONE)
    assert (found.unknown, found.beyond, found.negative) == (0.4, 0.1, 0.1)
    assert found.percentiles[1] == 3
    assert found.notes == (
        "heights: 40.00% of the pixels looked at are unknown, 10.00% because they are beyond 450 m",
        "heights: 10.00% of the pixels looked at are below 0 m, and are kept so",
    )


def test_heights_of_a_town_need_no_remark() -> None:
    rng = np.random.default_rng(0)
    assert survey_heights(tally(*rng.gamma(2, 3, 1000)), rng.uniform(3, 16, 99).astype(np.float32)).notes == ()


def test_nothing_above_the_ground() -> None:
    (note,) = survey_heights(tally(*([0.0] * 9)), NONE).notes
    assert "none is above 0 m" in note
    assert np.isnan(survey_heights(HeightTally(), NONE).percentiles).all()


def test_feet_are_suspected_of_trees_first() -> None:
    rng = np.random.default_rng(0)
    metres = rng.uniform(3, 12, 500).astype(np.float32)
    towers = tally(*(metres * 6))
    assert any(
        "median of all above 1 m is 4" in note and "feet?" in note for note in survey_heights(towers, NONE).notes
    )
    assert survey_heights(towers, metres).notes == ()  # towers, but trees of metres
    assert any("median of trees is 2" in note for note in survey_heights(tally(1, 2), metres / 0.3048).notes)


def test_rasters_without_a_height() -> None:
    require_heights(tally(1, unknown=9), Path("h.tif"))
    with pytest.raises(DataError, match=r"h\.tif: has no usable height"):
        require_heights(tally(unknown=9), Path("h.tif"))
