"""The head for links between patches: deterministic, continued after an interruption, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from landwright.errors import DataError, UsageError
from landwright.networks.dino import DinoTokens, load_dino_head
from landwright.prepare.link_head import LinkHeadOptions, train_link_head

Write = Callable[..., Path]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DINO of random weights."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("dino") / "tiny.safetensors"
    save_file(DinoTokens("vit_tiny").vit.state_dict(), path)
    return path


@pytest.fixture
def options(weights: Path) -> LinkHeadOptions:
    return LinkHeadOptions(dino="vit_tiny", weights=str(weights), steps=12, batch=2, crop=32)


def test_a_head_is_trained_and_found_again(write: Write, options: LinkHeadOptions, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    images = [write("a.tif"), write("b.tif")]
    result = train_link_head(
        images, tmp_path / "head.safetensors", options=options, progress=lambda *done: seen.append(done)
    )
    assert (result.images, result.steps, result.resumed) == (2, 12, 0)
    assert seen[-1] == (12, 12)
    assert np.isfinite(result.loss)
    assert result.to_dict()["path"] == str(tmp_path / "head.safetensors")
    head = load_dino_head(result.path, 192)
    assert head(torch.zeros(1, 192, 2, 3)).shape == (1, 256, 2, 3)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["head.safetensors"]


def test_what_was_interrupted_continues_to_the_same_head(
    write: Write, options: LinkHeadOptions, tmp_path: Path
) -> None:
    image = write("a.tif")

    def stop(done: int, _total: int) -> None:
        if done == 11:
            raise KeyboardInterrupt

    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    whole = train_link_head([image], first, options=options)
    with pytest.raises(KeyboardInterrupt):
        train_link_head([image], second, options=options, progress=stop)
    assert not second.exists()
    kept = tmp_path / "second.safetensors.part"
    other = LinkHeadOptions(**{**vars(options), "seed": 1})
    with pytest.raises(UsageError, match="other images or options"):
        train_link_head([image], second, options=other)
    continued = train_link_head([image], second, options=options)
    assert continued.resumed == 10
    assert continued.loss == whole.loss
    states = load_file(first), load_file(second)
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not kept.exists()


def test_a_damaged_state_is_named(write: Write, options: LinkHeadOptions, tmp_path: Path) -> None:
    (tmp_path / "head.safetensors.part").write_bytes(b"nothing")
    with pytest.raises(DataError, match="not the state of a training"):
        train_link_head([write("a.tif")], tmp_path / "head.safetensors", options=options)


def test_a_head_that_is_there_stays(write: Write, options: LinkHeadOptions, tmp_path: Path) -> None:
    path = tmp_path / "head.safetensors"
    path.write_bytes(b"mine")
    with pytest.raises(UsageError, match="there already"):
        train_link_head([write("a.tif")], path, options=options)
    with pytest.raises(UsageError, match=r"Name it head\.safetensors"):
        train_link_head([write("a.tif")], tmp_path / "head.pt", options=options)
    train_link_head([write("a.tif")], path, options=options, overwrite=True)
    assert load_file(path)


@pytest.mark.parametrize("given", [{"crop": 100}, {"crop": 0}, {"steps": 0}, {"batch": 0}])
def test_numbers_out_of_range(given: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        LinkHeadOptions(**given)
