from __future__ import annotations

import numpy as np

from landwright.evaluation.maptags import map_facts
from landwright.rasters import write_cog


def write(path, tags):
    write_cog(path, np.zeros((4, 4), np.uint8), tags=tags)
    return path


def test_facts_come_from_the_tags(tmp_path):
    tags = {"MODEL": "city", "SOURCE": "a.tif", "SETTINGS": '{"tile": 512, "tta": "none"}'}
    model, made = map_facts(write(tmp_path / "map.tif", tags))
    assert model == {"Model": "city"}
    assert made == {"Tile": "512", "Tta": "none", "Image": "a.tif"}
    broken = write(tmp_path / "broken.tif", {"SETTINGS": "nonsense"})
    assert map_facts(broken) == ({}, {})


def test_maps_of_other_origin_say_nothing(tmp_path):
    write_cog(tmp_path / "map.tif", np.zeros((4, 4), np.uint8))
    assert map_facts(tmp_path / "map.tif") == ({}, {})
