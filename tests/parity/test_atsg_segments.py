"""Masks to maps of objects and boundaries, against what ATSG's script made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from landwright.prepare.segments import object_and_boundary


@pytest.mark.parametrize(("case", "objects"), [("many", 50), ("few", 8)])
def test_maps_of_masks(shared: Path, case: str, objects: int) -> None:
    path = shared / "parity" / "atsg" / "sam_priors.npz"
    with np.load(path) as stored:
        shape = tuple(stored["shape"])
        packed = np.unpackbits(stored[f"{case}_masks"], axis=1)[:, : shape[0] * shape[1]]
        found, boundary = object_and_boundary(packed.reshape(-1, *shape).astype(bool))
        np.testing.assert_array_equal(found, stored[f"{case}_objects"])
        np.testing.assert_array_equal(boundary * np.uint8(255), stored[f"{case}_boundary"])
    assert found.max() == objects
