from __future__ import annotations

from typing import Any

import pytest

from landwright.errors import UsageError
from landwright.prepare import NdsmOptions


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"unit": "yards"}, "no unit 'yards'"),
        ({"min_height": -1}, "min_height -1 is out of range"),
        ({"min_height": 450}, "out of range"),
        ({"min_height": float("nan")}, "out of range"),
        ({"radius": 0}, "radius 0 is out of range"),
        ({"dtm": "t.tif", "fill": float("inf")}, "fill inf is out of range"),
        ({"dtm": "t.tif", "radius": 20}, "which a terrain model replaces"),
        ({"fill": 20}, "none is given"),
    ],
)
def test_values_that_make_no_sense(values: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        NdsmOptions(**values)


def test_what_is_written_about_them() -> None:
    assert NdsmOptions(dtm="t.tif", fill=5).to_dict() == {
        "method": "surface minus terrain model",
        "dtm": "t.tif",
        "unit": None,
        "radius": None,
        "fill": 5,
        "min_height": 0.0,
    }
    filtered = NdsmOptions().to_dict()
    assert filtered["method"].startswith("ground filter dsm2dtm 0.")
    assert filtered["radius"] == 80.5
