from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

Write = Callable[..., None]
COMMAND = ("prepare", "isprs", "set", "-o", "out", "--set", "vaihingen")


@pytest.fixture(autouse=True)
def tile(write: Write) -> None:
    surface = np.full((60, 70), 30, np.float32)
    surface[20:40, 20:40] = 38
    write("set/top/top_mosaic_09cm_area1.tif", np.full((3, 60, 70), 90, np.uint8))
    write("set/dsm/dsm_09cm_matching_area1.tif", surface)
    write("set/label/top_mosaic_09cm_area1.tif", np.full((3, 60, 70), 255, np.uint8))


def test_slices(run: Callable[..., Result]) -> None:
    result = run(*COMMAND, "--size", "32")
    assert result.exit_code == 0, result.output
    assert "out: 6 slices of 1 tiles (6 train, 0 test; 0 were there)" in result.stdout
    assert len(list(Path("out/opt").iterdir())) == 6
    assert not Path("out/test.txt").exists()
    again = run(*COMMAND, "--size", "32", "--json")
    (line,) = again.stdout.splitlines()
    assert (json.loads(line)["train"], json.loads(line)["kept"]) == (6, 6)


def test_remarks_are_shown(run: Callable[..., Result], write: Write) -> None:
    colours = np.full((3, 60, 70), 255, np.uint8)
    colours[:, 0, :5] = 77
    write("set/label/top_mosaic_09cm_area1.tif", colours)
    result = run(*COMMAND, "--size", "32", "--paper")
    assert result.exit_code == 0, result.output
    assert "note: top_mosaic_09cm_area1.tif: 5 pixels have a colour that no class has: impervious" in result.stderr


def test_sets_that_cannot_be_used(fails: Callable[..., None], write: Write) -> None:
    fails(*COMMAND[:-1], "toronto", code=2, says=["no ISPRS set 'toronto'", "potsdam or vaihingen"])
    fails(*COMMAND[:-1], "potsdam", code=3, says=["set", "holds no image of ISPRS", "2_Ortho_RGB"])
    fails(*COMMAND, code=2, says=["a slice of 512 pixels", "smaller size"])
    write("set/label/top_mosaic_09cm_area1.tif", np.full((3, 60, 70), 254, np.uint8))
    fails(*COMMAND, "--size", "32", code=3, says=["label/top_mosaic", "254,254,254 (4200 px)"])
    Path("set/dsm/dsm_09cm_matching_area1.tif").unlink()
    fails(*COMMAND, "--size", "32", code=3, says=["1 image has no surface model: top_mosaic_09cm_area1.tif"])
