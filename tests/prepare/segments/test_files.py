from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from landwright.errors import DataError, UsageError
from landwright.prepare.segments import files


def test_eight_bits_are_taken_as_they_are(write: Callable[..., Path], picture: Callable[..., np.ndarray]) -> None:
    pixels = picture(1)
    found, valid = files.read_picture(write("a.png", pixels), None, None)
    np.testing.assert_array_equal(found, pixels.transpose(1, 2, 0))
    assert found.flags["C_CONTIGUOUS"] and valid.all()


def test_bands_and_factor(write: Callable[..., Path]) -> None:
    pixels = np.arange(5, dtype=np.uint16).reshape(5, 1, 1) * 10000 + np.zeros((5, 4, 4), np.uint16)
    path = write("a.tif", pixels)
    found, _ = files.read_picture(path, (4, 3, 1), 0.01)
    assert found[0, 0].tolist() == [255, 200, 0]
    assert files.read_picture(path, (2,), 0.01)[0][0, 0].tolist() == [100]
    with pytest.raises(UsageError, match=r"uint16 values.*--scale"):
        files.read_picture(path, None, None)
    two = write("b.tif", np.zeros((2, 4, 4), np.uint8))
    assert files.read_picture(two, None, None)[0].shape == (4, 4, 1)


def test_what_has_no_data(write: Callable[..., Path]) -> None:
    pixels = np.full((3, 6, 6), 7, np.float32)
    pixels[:, 0] = np.nan
    found, valid = files.read_picture(write("a.tif", pixels), None, 10.0)
    assert not valid[0].any() and valid[1:].all()
    assert not found[0].any() and (found[1:] == 70).all()


def test_large_images_are_refused(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGEST", 40)
    with pytest.raises(DataError, match=r"80 x 60 pixels: too large.*tiles of at most 40 x 40"):
        files.read_picture(write("a.png"), None, None)


def test_maps_are_written_as_they_are(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.uint16).reshape(3, 4) * 1000
    files.write_map(tmp_path / "a.png", values)
    with rasterio.open(tmp_path / "a.png") as file:
        np.testing.assert_array_equal(file.read(1), values)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
