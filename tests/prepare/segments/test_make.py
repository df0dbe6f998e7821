from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from landwright.errors import DataError, UsageError
from landwright.prepare.segments import SEGMENTS_VARIABLE, SegmentFolder, make, make_segments
from landwright.prepare.segments.pieces import Pieces

Write = Callable[..., Path]
Picture = Callable[..., np.ndarray]


@pytest.fixture
def images(write: Write, picture: Picture) -> list[Path]:
    return [write(f"images/{name}.png", picture(seed)) for seed, name in enumerate("abc")]


def test_maps_of_every_image(images: list[Path], tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    result = make_segments(images, tmp_path / "out", jobs=1, progress=lambda *step: seen.append(step))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert (result.images, result.kept, result.provider, result.path) == (3, 0, "felzenszwalb", tmp_path / "out")
    assert result.objects > 3 and 0 < result.boundary < 0.6
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *(f"{name}_{what}.png" for name in "abc" for what in ("boundary", "objects")),
        "segments.json",
    ]
    with rasterio.open(tmp_path / "out" / "a_objects.png") as file:
        assert (file.dtypes[0], file.shape) == ("uint16", (60, 80))
    with rasterio.open(tmp_path / "out" / "a_boundary.png") as file:
        assert set(np.unique(file.read(1)).tolist()) == {0, 255}
    assert json.loads(json.dumps(result.to_dict()))["params"]["scale"] == 250


def test_threads_give_the_same(images: list[Path], tmp_path: Path) -> None:
    make_segments(images, tmp_path / "one", "slic", {"pixels": 100}, jobs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_segments(images, tmp_path / "two", "slic", {"pixels": 100}, jobs=2)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_what_is_there_is_kept(images: list[Path], tmp_path: Path, write: Write, picture: Picture) -> None:
    out = tmp_path / "out"
    make_segments(images[:2], out, jobs=1)
    stamp = (out / "a_objects.png").stat().st_mtime_ns
    (out / "b_boundary.png").unlink()
    result = make_segments(images, out, jobs=1)
    assert (result.images, result.kept) == (3, 1)
    assert (out / "a_objects.png").stat().st_mtime_ns == stamp
    # A moved image is the same image; one that was changed is made again, under its name.
    moved = images[0].rename(tmp_path / "moved.png")
    write("images/b.png", picture(9))
    result = make_segments([moved, *images[1:]], out, jobs=1)
    assert result.kept == 2
    assert len(list(out.glob("*_objects.png"))) == 3
    SegmentFolder(out).check([moved, *images[1:]])


def test_equal_names_in_other_folders(write: Write, picture: Picture, tmp_path: Path) -> None:
    images = [write(f"{folder}/1.png", picture(seed)) for folder, seed in (("x", 1), ("y", 2), ("z", 1))]
    result = make_segments(images, tmp_path / "out", jobs=1)
    assert (result.images, result.kept) == (3, 1)
    assert len(list((tmp_path / "out").glob("1*_objects.png"))) == 2
    assert make_segments(images, tmp_path / "out", jobs=1).kept == 3
    folder = SegmentFolder(tmp_path / "out")
    one, two, three = (folder.read(image)[0] for image in images)
    np.testing.assert_array_equal(one, three)
    assert (one != two).any()


def test_an_interrupted_run_continues(images: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_segments(images, tmp_path / "out", jobs=1, progress=stop)
    assert len(SegmentFolder(tmp_path / "out")) == 2
    monkeypatch.setattr(make, "_SAVE_EVERY", 0.0)
    assert make_segments(images, tmp_path / "out", jobs=1).kept == 2


def test_a_damaged_image_keeps_the_others(images: list[Path], tmp_path: Path) -> None:
    images[1].write_bytes(images[1].read_bytes()[:300])
    with pytest.raises(DataError, match=r"b\.png"):
        make_segments(images, tmp_path / "out", jobs=1)
    assert len(SegmentFolder(tmp_path / "out")) == 1
    with pytest.raises(DataError, match=r"b\.png"):
        make_segments(images[1:], tmp_path / "out", jobs=2)
    with pytest.raises(DataError, match=r"b\.png"):
        make_segments(images[1:2], tmp_path / "deep" / "new", jobs=1)
    assert not (tmp_path / "deep").exists()


def test_folders_that_cannot_be_used(images: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    make_segments(images, out, jobs=1)
    with pytest.raises(DataError, match=r"other settings: scale 250\.0 there, 300\.0 now; sigma 0\.8 there, 1\.0 now"):
        make_segments(images, out, params={"scale": 300, "sigma": 1})
    with pytest.raises(DataError, match="by felzenszwalb, not slic"):
        make_segments(images, out, "slic")
    with pytest.raises(DataError, match="not an empty folder"):
        make_segments(images, tmp_path / "images")
    with pytest.raises(DataError, match="not an empty folder"):
        make_segments(images, images[0])
    (out / "segments.json").write_text("{")
    with pytest.raises(DataError, match=r"segments\.json.*cannot be read"):
        make_segments(images, out)
    with pytest.raises(DataError, match="cannot be written"):
        make_segments(images, images[0] / "below")


def test_arguments_that_cannot_be_used(images: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="felzenszwalb cannot take 0 images at a time"):
        make_segments(images, tmp_path / "out", jobs=0)
    with pytest.raises(DataError, match=r"gone\.png.*cannot be read"):
        make_segments([tmp_path / "gone.png"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_images(tmp_path: Path) -> None:
    result = make_segments([], tmp_path / "out")
    assert (result.images, result.objects) == (0, 0.0)
    assert not (tmp_path / "out").exists()


def test_the_folder_of_the_user(images: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SEGMENTS_VARIABLE, str(tmp_path / "kept"))
    result = make_segments(images, None, jobs=1)
    assert result.path.parent == tmp_path / "kept"
    assert make_segments(images, None).kept == 3


def test_two_runs_at_a_time(images: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits, and finds everything there."""
    entered, results = threading.Event(), []
    original = Pieces.__call__

    def slow(self: Pieces, *arguments: Any) -> Any:
        entered.set()
        return original(self, *arguments)

    monkeypatch.setattr(Pieces, "__call__", slow)
    other = threading.Thread(target=lambda: results.append(make_segments(images, tmp_path / "out", jobs=1)))
    other.start()
    entered.wait(10)
    results.append(make_segments(images, tmp_path / "out", jobs=1))
    other.join()
    assert sorted(result.kept for result in results) == [0, 3]
