from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from typer.testing import Result

from landwright.networks.dino import DinoTokens

Write = Callable[..., None]
Run = Callable[..., Result]
COMMAND = ("prepare", "link-head", "images", "-o", "head.safetensors", "--weights", "dino.safetensors")
SMALL = ("--dino", "vit_tiny", "--steps", "2", "--batch", "1", "--crop", "32", "--bands", "3,2,1")


def test_a_head_is_written(run: Run, write: Write) -> None:
    torch.manual_seed(0)
    save_file(DinoTokens("vit_tiny").vit.state_dict(), "dino.safetensors")
    write("images/a.tif", np.random.default_rng(0).integers(1, 255, (3, 40, 40)).astype(np.uint8))
    result = run(*COMMAND, *SMALL)
    assert result.exit_code == 0, result.output
    assert "head.safetensors: 2 steps on 1 images, loss" in result.stdout
    assert load_file("head.safetensors")["cluster1.0.weight"].shape == (256, 192, 1, 1)
    again = run(*COMMAND, *SMALL)
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    (line,) = run(*COMMAND, *SMALL, "--force", "--json").stdout.splitlines()
    assert json.loads(line)["path"] == str(Path("head.safetensors"))
