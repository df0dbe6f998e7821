from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from landwright.bundles import TilingCard
from landwright.engine.blend import BLENDS
from landwright.engine.options import MapResult, PredictOptions
from landwright.engine.stream import Tiling
from landwright.errors import UsageError


@pytest.mark.parametrize(
    "wrong",
    [
        {"tile": 8},
        {"overlap": 1.0},
        {"overlap": -0.1},
        {"batch": 0},
        {"blend": "linear"},
        {"tta": "all"},
        {"precision": "8"},
    ],
)
def test_values_out_of_range_are_refused_with_a_remedy(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as error:
        PredictOptions(**wrong)
    assert str(next(iter(wrong.values()))) in error.value.problem
    assert error.value.remedy


def test_the_card_fills_what_is_left_open() -> None:
    card = TilingCard(tile=256, overlap=0.1, blend="crop")
    assert PredictOptions().tiling(card, "cpu") == Tiling(256, 0.1, "crop", 1)
    assert PredictOptions().tiling(card, "cuda").batch == 8
    chosen = PredictOptions(tile=128, overlap=0.0, blend="gaussian", batch=3)
    assert chosen.tiling(card, "cuda") == Tiling(128, 0.0, "gaussian", 3)


def test_a_card_may_name_every_blend() -> None:
    assert [TilingCard(blend=blend).blend for blend in BLENDS] == list(BLENDS)  # type: ignore[arg-type]


def test_results_are_plain_data_for_json() -> None:
    result = MapResult(
        path=Path("map.tif"),
        confidence=Path("c.tif"),
        styles=(Path("map.qml"),),
        image="image.tif",
        width=2000,
        height=1000,
        valid=10,
        windows=3,
        skipped=1,
        redundancy=1.5,
        seconds=4.0,
        device="cpu",
        precision="32",
        warnings=("coarse",),
    )
    assert result.rate == 0.5
    assert result.paths == (Path("map.tif"), Path("c.tif"), Path("map.qml"))
    data = json.loads(json.dumps(result.to_dict()))
    assert data["map"] == "map.tif"
    assert data["warnings"] == ["coarse"]
    assert data["megapixels_per_second"] == 0.5
