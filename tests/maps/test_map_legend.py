from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio

from landwright.errors import DataError, UsageError
from landwright.legends import load_legend
from landwright.maps import map_legend, read_tags
from landwright.rasters import write_cog

ENTRIES = [
    {"value": 0, "name": "field", "color": "00FF00"},
    {"value": 7, "name": "house", "color": "FF0000"},
]


def write(path: Path, tags: dict[str, str], description: str | None = None) -> Path:
    with rasterio.open(path, "w", driver="GTiff", width=16, height=16, count=1, dtype="uint8", nodata=255) as file:
        file.write(np.zeros((1, 16, 16), np.uint8))
        file.update_tags(**tags)
        if description:
            file.set_band_description(1, description)
    return path


def test_classes_of_a_map(tmp_path):
    legend = map_legend(write(tmp_path / "map.tif", {"CLASSES": json.dumps(ENTRIES)}, "classes: mine"))
    assert (legend.name, legend.codes, legend.names) == ("mine", (0, 7), ("field", "house"))
    assert map_legend(write(tmp_path / "map.tif", {"CLASSES": json.dumps(ENTRIES)})).name == "map"


def test_a_shipped_legend_is_recognised(tmp_path):
    legend = load_legend("dubai-6")
    entries = [
        {"value": entry.code, "name": entry.name, "color": "{:02X}{:02X}{:02X}".format(*entry.colour)}
        for entry in legend.classes
    ]
    path = write(tmp_path / "map.tif", {"CLASSES": json.dumps(entries)}, "classes: dubai-6")
    assert map_legend(path) is load_legend("dubai-6") or map_legend(path) == legend


def test_maps_of_other_origin(tmp_path):
    path = write(tmp_path / "map.tif", {})
    assert "CLASSES" not in read_tags(path)
    default = load_legend("dubai-6")
    assert map_legend(path, default=default) is default
    with pytest.raises(UsageError, match="does not say"):
        map_legend(path)
    with pytest.raises(DataError, match="CLASSES"):
        map_legend(write(tmp_path / "bad.tif", {"CLASSES": "[1]"}))


def write_map(path, legend, *, tags=None, nodata=None):
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
    assert map_legend(write_map(tmp_path / "map.tif", legend)) == legend
    assert legend.ignore_codes


def test_another_legend_is_built_from_the_map(tmp_path):
    legend = load_legend("openearthmap-8")
    changed = legend.model_copy(update={"name": "mine"})
    found = map_legend(write_map(tmp_path / "map.tif", changed, nodata=200))
    assert (found.name, found.nodata, found.colours) == ("mine", 200, legend.colours)
    # The name of a shipped legend with other codes is no proof.
    assert map_legend(write_map(tmp_path / "other.tif", legend, nodata=200)).nodata == 200


def test_a_map_without_classes_asks_for_them(tmp_path):
    write_cog(tmp_path / "map.tif", np.zeros((4, 4), np.uint8))
    with pytest.raises(UsageError, match="--legend"):
        map_legend(tmp_path / "map.tif")
    legend = load_legend("dubai-6")
    assert map_legend(tmp_path / "map.tif", default=legend) is legend


@pytest.mark.parametrize("text", ["not json", "[]", '[{"value": 1}]', '{"a": 1}'])
def test_broken_classes_are_refused(tmp_path, text):
    path = write_map(tmp_path / "map.tif", load_legend("dubai-6"), tags={"CLASSES": text})
    with pytest.raises(DataError, match="CLASSES"):
        map_legend(path)
