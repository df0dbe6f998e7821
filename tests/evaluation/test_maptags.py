from __future__ import annotations

import json

import numpy as np

from landwright.evaluation.maptags import map_facts
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


def test_facts_come_from_the_tags(tmp_path):
    tags = {"MODEL": "city", "SOURCE": "a.tif", "SETTINGS": '{"tile": 512, "tta": "none"}'}
    model, made = map_facts(write(tmp_path / "map.tif", load_legend("dubai-6"), tags=tags))
    assert model == {"Model": "city"}
    assert made == {"Tile": "512", "Tta": "none", "Image": "a.tif"}
    broken = write(tmp_path / "broken.tif", load_legend("dubai-6"), tags={"SETTINGS": "nonsense"})
    assert map_facts(broken) == ({}, {})


def test_maps_of_other_origin_say_nothing(tmp_path):
    write_cog(tmp_path / "map.tif", np.zeros((4, 4), np.uint8))
    assert map_facts(tmp_path / "map.tif") == ({}, {})
