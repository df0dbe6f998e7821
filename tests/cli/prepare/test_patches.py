from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from typer.testing import Result

Write = Callable[..., None]


def test_patches(run: Callable[..., Result], write: Write) -> None:
    for area in (1, 30):
        image = np.full((3, 256, 256), 255, np.uint8)
        write(f"raw/top/top_mosaic_09cm_area{area}.tif", image)
        image[2, :9] = 0
        write(f"raw/top_mosaic_09cm_area{area}.tif", image)
    result = run("prepare", "patches", "vaihingen-atsg", "raw", "-o", "out")
    assert result.exit_code == 0, result.output
    assert "out/pairs.csv: 2 patches (1 train, 1 test; 0 were there), 2.00 tags each" in result.stdout
    assert "note: there are 1 patches to learn from, 1986 are published" in result.stderr
    assert Path("out/pairs.csv").read_text().splitlines()[1] == (
        "images/area1_0_0.png,masks/area1_0_0.png,impervious surface;car,train,1"
    )
    again = run("prepare", "patches", "vaihingen-atsg", "raw", "-o", "out", "--split", "paper", "--json")
    (line,) = again.stdout.splitlines()
    assert (json.loads(line)["kept"], json.loads(line)["parts"]) == (2, {"train": 1, "val": 1})


def test_sets_that_cannot_be_used(fails: Callable[..., None], here: Path) -> None:
    command = ("prepare", "patches", "isaid-atsg", "raw", "-o", "out")
    fails(*command, code=3, says=["raw", "no such folder"])
    (here / "raw").mkdir()
    fails(*command, code=3, says=["raw", "holds no image of iSAID", "Semantic_masks"])
    fails("prepare", "patches", "isaid", "raw", "-o", "out", code=2, says=["no set 'isaid'", "isaid-atsg"])
    fails(*command, "--split", "mine", code=2, says=["no split 'mine'"])
