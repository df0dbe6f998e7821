from __future__ import annotations

import json

import numpy as np
import pytest

from landwright.errors import DataError, UsageError
from landwright.evaluation.maptags import map_facts, map_legend
from landwright.legends import load_legend
from landwright.rasters import write_cog


def write(path, legend, *, tags=None, nodata=None):
    classes = [
        {"value": entry.code, "name": entry.name, "color": "{:02X}{:02X}{:02X}".format(*entry.colour)}
        for entry in legend.classes
    ]
    write_cog(
        path,
        np.full((4, 4), legend.codes[0], np.uint8),
        nodata=legend.nodata if nodata is None else nodata,
        descriptions=[f"classes: {legend.name}"],
        tags={"CLASSES": json.dumps(classes), **(tags or {})},
    )
    return path


def test_the_shipped_legend_knows_more_than_the_map(tmp_path):
    legend = load_legend("openearthmap-8")
    assert map_legend(write(tmp_path / "map.tif", legend)) == legend
    assert legend.ignore_codes


def test_another_legend_is_built_from_the_map(tmp_path):
    legend = load_legend("openearthmap-8")
    changed = legend.model_copy(update={"name": "mine"})
    found = map_legend(write(tmp_path / "map.tif", changed, nodata=200))
    assert (found.name, found.nodata, found.colours) == ("mine", 200, legend.colours)
    # The name of a shipped legend with other codes is no proof.
    assert map_legend(write(tmp_path / "other.tif", legend, nodata=200)).nodata == 200


def test_a_map_without_classes_asks_for_them(tmp_path):
    write_cog(tmp_path / "map.tif", np.zeros((4, 4), np.uint8))
    with pytest.raises(UsageError, match="--legend"):
        map_legend(tmp_path / "map.tif")
    assert map_facts(tmp_path / "map.tif") == ({}, {})
    legend = load_legend("dubai-6")
    assert map_legend(tmp_path / "map.tif", default=legend) is legend


@pytest.mark.parametrize("text", ["not json", "[]", '[{"value": 1}]', '{"a": 1}'])
def test_broken_classes_are_refused(tmp_path, text):
    path = write(tmp_path / "map.tif", load_legend("dubai-6"), tags={"CLASSES": text})
    with pytest.raises(DataError, match="CLASSES"):
        map_legend(path)


def test_facts_come_from_the_tags(tmp_path):
    tags = {"MODEL": "city", "SOURCE": "a.tif", "SETTINGS": '{"tile": 512, "tta": "none"}'}
    model, made = map_facts(write(tmp_path / "map.tif", load_legend("dubai-6"), tags=tags))
    assert model == {"Model": "city"}
    assert made == {"Tile": "512", "Tta": "none", "Image": "a.tif"}
    broken = write(tmp_path / "broken.tif", load_legend("dubai-6"), tags={"SETTINGS": "nonsense"})
    assert map_facts(broken) == ({}, {})
