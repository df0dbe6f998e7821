from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from landwright.errors import DataError
from landwright.prepare.segments import SegmentFolder, make_segments
from landwright.rasters import Window

Write = Callable[..., Path]
Picture = Callable[..., np.ndarray]


@pytest.fixture
def image(write: Write) -> Path:
    return write("images/a.png")


@pytest.fixture
def folder(image: Path, tmp_path: Path) -> SegmentFolder:
    make_segments([image], tmp_path / "out", jobs=1)
    return SegmentFolder(tmp_path / "out")


def stored(folder: SegmentFolder, what: str) -> np.ndarray:
    with rasterio.open(folder.path / f"a_{what}.png") as file:
        return file.read(1)


def test_windows(folder: SegmentFolder, image: Path) -> None:
    assert (folder.provider, folder.params["scale"], len(folder)) == ("felzenszwalb", 250.0, 1)
    objects, boundary = folder.read(image)
    assert (objects.dtype, boundary.dtype, objects.shape) == (np.int32, np.bool_, (60, 80))
    np.testing.assert_array_equal(objects, stored(folder, "objects"))
    np.testing.assert_array_equal(boundary, stored(folder, "boundary") > 0)
    part, edges = folder.read(str(image), Window(10, 20, 30, 40))
    np.testing.assert_array_equal(part, objects[10:40, 20:60])
    np.testing.assert_array_equal(edges, boundary[10:40, 20:60])
    with pytest.raises(ValueError, match="does not lie"):
        folder.read(image, Window(50, 0, 20, 20))


def test_other_sizes(folder: SegmentFolder, image: Path) -> None:
    objects, boundary = folder.read(image)
    larger, edges = folder.read(image, size=(120, 160))
    np.testing.assert_array_equal(larger, objects.repeat(2, 0).repeat(2, 1))
    np.testing.assert_array_equal(edges, boundary.repeat(2, 0).repeat(2, 1))
    smaller, _ = folder.read(image, Window(0, 0, 60, 60), (20, 20))
    assert set(smaller.ravel().tolist()) <= set(objects.ravel().tolist())
    assert smaller.shape == (20, 20)


def test_other_processes_read_it_too(folder: SegmentFolder, image: Path) -> None:
    folder.check([image])
    other = pickle.loads(pickle.dumps(folder))
    np.testing.assert_array_equal(other.read(image)[0], folder.read(image)[0])


def test_images_that_do_not_fit(folder: SegmentFolder, image: Path, write: Write, picture: Picture) -> None:
    others = [write(f"other/{number}.png", picture(number + 10)) for number in range(7)]
    with pytest.raises(DataError, match=r"7 images are without segments here: 0\.png, .*4\.png and 2 more.*Run"):
        folder.check([image, *others])
    write("images/a.png", picture(5))
    with pytest.raises(DataError, match=r"1 image is changed since segments were made: a\.png"):
        SegmentFolder(folder.path).check([image])
    moved = write("moved/a.png", picture(6))
    with pytest.raises(DataError, match="without segments here"):
        SegmentFolder(folder.path).read(moved)
    image.unlink()
    with pytest.raises(DataError, match="changed since"):
        SegmentFolder(folder.path).read(moved)


def test_files_that_do_not_fit(folder: SegmentFolder, image: Path, tmp_path: Path) -> None:
    path = folder.path / "a_objects.png"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"a_objects\.png"):
        folder.read(image)
    profile = {"driver": "PNG", "count": 1, "height": 5, "width": 6, "dtype": "uint16"}
    with rasterio.open(path, "w", **profile) as file:
        file.write(np.zeros((1, 5, 6), np.uint16))
    with pytest.raises(DataError, match="6 x 5 pixels, its image 80 x 60"):
        folder.read(image)
    path.unlink()
    with pytest.raises(DataError, match="without segments"):
        SegmentFolder(folder.path).read(image)
    with pytest.raises(DataError, match="no folder of segments"):
        SegmentFolder(tmp_path / "images")
    record = folder.path / "segments.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "format": 9}))
    with pytest.raises(DataError, match="format 9"):
        SegmentFolder(folder.path)
