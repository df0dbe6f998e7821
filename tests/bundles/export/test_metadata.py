import json

import numpy as np
import pytest

from landwright.bundles.cardfile import parse_card
from landwright.bundles.export.metadata import CARD_KEY, narrowed, onnx_metadata


def test_the_card_comes_back_with_tile_and_outputs(card, tmp_path):
    changed = narrowed(card.model_copy(update={"outputs": ("classes", "height")}), ("height",), 64)
    found = parse_card(onnx_metadata(changed)[CARD_KEY], tmp_path)
    assert found.tiling.tile == 64
    assert found.outputs == ("height",)
    assert found.name == card.name
    assert found.legend == card.legend


def test_deepness_reads_classes(card):
    entries = onnx_metadata(narrowed(card, ("classes",), 64))
    read = {name: json.loads(text) for name, text in entries.items() if name != CARD_KEY}
    assert read["model_type"] == "Segmentor"
    assert read["class_names"] == {str(index): name for index, name in enumerate(card.legend.names)}
    assert (read["tile_size"], read["tiles_size"], read["tiles_overlap"]) == (64, 64, 25)
    assert (read["seg_thresh"], read["seg_small_segment"]) == (0, 0)
    assert read["resolution"] == pytest.approx(100 * (0.1 * 0.5) ** 0.5, abs=1e-3)


def test_deepness_feeds_what_the_raster_holds(card):
    entries = onnx_metadata(card)
    mean, std = (np.array(json.loads(entries[f"standardization_{name}"]), np.float32) for name in ("mean", "std"))
    pixels = np.arange(256, dtype=np.uint8)[:, None].repeat(3, axis=1)
    # What the plug-in does with the pixels of a raster.
    fed = (np.float32(pixels * 1.0 / 255.0) - mean) / std
    np.testing.assert_allclose(fed, pixels, atol=1e-4)


def test_deepness_reads_heights(card):
    entries = onnx_metadata(narrowed(card, ("height",), 64))
    assert json.loads(entries["model_type"]) == "Regressor"
    assert json.loads(entries["class_names"]) == {"0": "height in metres"}
    assert "seg_thresh" not in entries


def test_nothing_for_deepness_where_there_are_two_outputs(card):
    assert list(onnx_metadata(narrowed(card, ("classes", "height"), 64))) == [CARD_KEY]


def test_an_unknown_ground_size_is_left_out(card):
    assert "resolution" not in onnx_metadata(card.model_copy(update={"gsd": None}))
