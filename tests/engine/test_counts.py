from __future__ import annotations

from pathlib import Path

import pytest

from landwright.engine.counts import Counts
from landwright.engine.options import PredictOptions
from landwright.errors import DataError


def test_parts_add_up() -> None:
    one = Counts(valid=3, windows=1, skipped=2, not_finite=1, broken=1, surest=0.4)
    two = Counts(valid=5, windows=2, undecided=1, unsure=2, surest=0.7)
    both = one + two
    assert both == Counts(8, 3, 2, 1, 1, 1, 2, 0.7)
    assert both.lost == 4
    assert Counts.from_dict(both.to_dict()) == both


def test_what_the_user_should_know() -> None:
    assert Counts(valid=3).warnings(0.5) == []
    assert Counts(valid=9, not_finite=4, broken=2, undecided=3, unsure=1).warnings(0.5) == [
        "4 pixels are NaN or infinite in a band and became nodata",
        "2 pixels have scores that are NaN or infinite (check the model's weights; with --precision 16, try 32), "
        "and became nodata",
        "3 pixels show only classes that the merge leaves out, and became nodata",
        "1 pixels are of no class with a probability of 0.5, and became nodata",
    ]


def test_a_map_that_says_nothing_is_refused() -> None:
    options = PredictOptions(as_labels=True, min_confidence=0.6)
    Counts(valid=3, broken=2).check("image.tif", options)
    with pytest.raises(DataError, match="no pixel with finite scores") as error:
        Counts(valid=2, broken=2).check("image.tif", options)
    assert error.value.remedy
    unsure = Counts(valid=2, unsure=2, surest=0.4999)
    unsure.check("image.tif", PredictOptions(min_confidence=0.6))
    with pytest.raises(DataError, match=r"no pixel of a class with a probability of 0\.6") as error:
        unsure.check("image.tif", options)
    assert error.value.remedy == "Lower --min-confidence: the surest pixel has 0.499"
    with pytest.raises(DataError, match="no valid pixel: all of it is nodata"):
        Counts().check("image.tif", PredictOptions())
    with pytest.raises(DataError, match=r"no valid pixel inside area\.geojson"):
        Counts().check("image.tif", PredictOptions(aoi=Path("area.geojson")))
