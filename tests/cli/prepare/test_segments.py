from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

Write = Callable[..., None]
COMMAND = ("prepare", "segments", "images", "-o", "out", "--jobs", "1")


@pytest.fixture(autouse=True)
def images(write: Write) -> None:
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        pixels = np.kron(rng.integers(20, 230, (3, 3, 4)), np.ones((20, 20), int)).astype(np.uint8)
        write(f"images/{name}.tif", pixels)


def test_segments(run: Callable[..., Result]) -> None:
    result = run(*COMMAND, "--set", "scale=300", "--set", "most=none")
    assert result.exit_code == 0, result.output
    assert "out: segments of 2 images by felzenszwalb (0 were there)" in result.stdout
    assert Path("out/a_objects.png").is_file() and Path("out/b_boundary.png").is_file()
    again = run(*COMMAND, "--set", "scale=300", "--json")
    (line,) = again.stdout.splitlines()
    assert (json.loads(line)["kept"], json.loads(line)["params"]["scale"]) == (2, 300)


def test_help_says_where_training_keeps_its_own(run: Callable[..., Result]) -> None:
    assert "LANDWRIGHT_SEGMENTS" in run("prepare", "segments", "--help").output


def test_bands_and_factor(run: Callable[..., Result]) -> None:
    result = run(*COMMAND, "--provider", "slic", "--bands", "2", "--scale", "0.5", "--json")
    assert result.exit_code == 0, result.output
    params = json.loads(result.stdout)["params"]
    assert (params["bands"], params["value_scale"]) == ([2], 0.5)


def test_what_cannot_be_used(run: Callable[..., Result], fails: Callable[..., None], write: Write) -> None:
    fails(*COMMAND, "--set", "scale", code=2, says=["not of the form key=value"])
    fails(*COMMAND, "--provider", "watershed", code=2, says=["'watershed' are unknown", "felzenszwalb"])
    fails(*COMMAND, "--weights", "x.pt", code=2, says=["no setting 'weights'"])
    sam = ("prepare", "segments", "images", "-o", "out", "--provider", "sam", "--weights")
    fails(*sam, "x.pt", code=3, says=["x.pt", "there is no such file"])
    Path("x.pt").write_bytes(b"no checkpoint")
    fails(*sam, "x.pt", code=3, says=["x.pt", "holds code or objects besides tensors"])
    Path("x").mkdir()
    Path("x/config.json").write_text('{"model_type": "sam3"}')
    fails(*sam, "x", code=3, says=["'sam3', not a SAM or SAM 2"])
    assert run(*COMMAND).exit_code == 0
    fails(*COMMAND, "--set", "sigma=1", code=3, says=["out", "other settings: sigma 0.8 there, 1.0 now"])
    write("images/c.tif", np.zeros((1, 9, 9), np.uint16))
    fails("prepare", "segments", "images/c.tif", "-o", "other", code=2, says=["c.tif", "uint16", "--scale"])
