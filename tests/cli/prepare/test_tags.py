from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from typer.testing import Result

Write = Callable[..., None]
COMMAND = ("prepare", "tags", "--from-masks", "masks", "--legend", "isprs-6", "-o", "tags.csv")


def test_tags(run: Callable[..., Result], write: Write) -> None:
    codes = np.zeros((10, 10), np.uint8)
    codes[0] = 3
    write("masks/a.tif", codes)
    write("masks/b.tif", np.zeros((10, 10), np.uint8))
    for name in "ab":
        write(f"images/{name}.tif", np.zeros((3, 10, 10), np.uint8))
    result = run(*COMMAND, "--images", "images", "--min-pixels", "10")
    assert result.exit_code == 0, result.output
    assert "tags.csv: tags of 2 images, 1.50 for each (impervious surface 2, " in result.stdout
    assert "note: impervious surface is in every image" in result.stderr
    assert Path("tags.csv").read_text().splitlines()[1] == "images/a.tif,impervious surface;tree"
    again = run(*COMMAND, "--min-share", "0.2", "--background", "impervious surface", "--json")
    (line,) = again.stdout.splitlines()
    assert json.loads(line)["counts"]["tree"] == 0
    assert Path("tags.csv").read_text().splitlines()[1] == "a,"


def test_what_is_refused(fails: Callable[..., None], write: Write) -> None:
    write("masks/a.tif", np.full((10, 10), 9, np.uint8))
    fails(*COMMAND, code=3, says=["masks/a.tif", "codes that legend isprs-6 does not have: 9"])
    fails(*COMMAND, "--min-pixels", "0", code=2, says=["a tag cannot ask for 0 pixels"])
    fails(*COMMAND, "--background", "car", code=2, says=["not the first class of the legend"])
