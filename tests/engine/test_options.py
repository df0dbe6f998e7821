from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from landwright.bundles import TilingCard
from landwright.engine.options import PredictOptions
from landwright.engine.result import MapResult
from landwright.engine.stream import Tiling
from landwright.errors import UsageError
from landwright.rasters.blend import BLENDS


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
        {"at_gsd": 0.0},
        {"resize": 8},
        {"snap": "sam"},
        {"min_confidence": 1.5},
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


def test_the_network_sees_a_tile_of_the_card_at_any_zoom() -> None:
    card = TilingCard(tile=224, overlap=0.5)
    assert PredictOptions().tiling(card, "cpu", zoom=2.0, words=True) == Tiling(112, 0.5, "cosine", 8)
    assert PredictOptions().tiling(card, "cuda", zoom=0.1, words=True) == Tiling(2240, 0.5, "cosine", 32)
    assert PredictOptions(tile=300).tiling(card, "cpu", zoom=2.0).tile == 300


@pytest.mark.parametrize("tile", [64, 224, 225, 512])
def test_no_window_is_shown_larger_than_the_cards_tile(tile: int) -> None:
    for zoom in (1.25, 2.5, 3.0, 5.0, 0.35 / 0.05, 7.00000001):
        side = PredictOptions().tiling(TilingCard(tile=tile), "cpu", zoom=zoom).tile
        assert round(side * zoom) <= tile < (side + 1) * zoom
    for zoom in (0.9, 0.7, 0.51, 0.1, 1 / 3):
        assert round(PredictOptions().tiling(TilingCard(tile=tile), "cpu", zoom=zoom).tile * zoom) == tile


def test_one_thing_says_how_large_pixels_are() -> None:
    with pytest.raises(UsageError, match="both say how large"):
        PredictOptions(resize=448, at_gsd=0.3)
    assert PredictOptions(resize=0, at_gsd=0.3).resize == 0


def test_labels_are_sure_by_half_unless_it_is_said() -> None:
    assert PredictOptions().least == 0
    assert PredictOptions(as_labels=True).least == 0.5
    assert PredictOptions(as_labels=True, min_confidence=0.0).least == 0


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
