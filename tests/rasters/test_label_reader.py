from __future__ import annotations

from collections import Counter

import numpy as np

from landwright.rasters import Tally


def test_tally_adds_windows() -> None:
    tally = Tally()
    tally.add(np.array([[0, 1, 255], [1, 253, 255]], np.uint8), Counter({"9": 3}))
    tally.add(np.array([1], np.uint8), Counter({"9": 1, "1,2,3": 2}))
    assert tally.classes == {0: 1, 1: 3, 253: 1}
    assert tally.ignored == 2
    assert tally.unknown == {"9": 4, "1,2,3": 2}
