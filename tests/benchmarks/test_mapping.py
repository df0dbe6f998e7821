"""Every engine of benchmarks/mapping.py computes the same map; their figures are in benchmarks/mapping.md."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"
SIDE = 700


def run(*options: object) -> object:
    command = [sys.executable, FOLDER / "mapping.py", *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_all_engines_make_the_same_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torchgeo", reason="one of the engines is a loop around torchgeo's sampler")
    monkeypatch.syspath_prepend(str(FOLDER))
    fresh, mapping = (importlib.import_module(name) for name in ("fresh", "mapping"))
    image = tmp_path / "image.tif"
    mapping.make_raster(image, SIDE, SIDE, 3)
    maps = {}
    engines = ("landwright", "torchgeo", "torchgeo-latest", "synrs3d", "paraformer")
    # All in one process, as only their maps count here: to import torchgeo takes longer than all maps do.
    jobs = [(engine, image, tmp_path / f"{engine}.tif", 8) for engine in engines]
    for (engine, _, out, _), told in zip(jobs, fresh.fresh(mapping.measure_all, jobs), strict=True):
        assert set(told) == {"cpu_seconds", "seconds", "megabytes", "helper_megabytes"}
        with rasterio.open(out) as file:
            maps[engine] = file.read(1)
    assert len(np.unique(maps["landwright"])) > 1
    for engine, classes in maps.items():
        assert np.mean(classes == maps["landwright"]) > 0.9999, engine


@pytest.mark.slow
def test_an_engine_that_is_not_there_is_told_and_the_others_go_on() -> None:
    rows = run("--side", 600, "--repeats", 1, "--engines", "read", "geoai", "--json")
    assert [row["engine"] for row in rows] == ["read", "geoai"]
    assert rows[0]["cpu_seconds"] > 0
    assert "geoai is not installed" in rows[1]["failed"]
