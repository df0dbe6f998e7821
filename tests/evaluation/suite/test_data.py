from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from landwright.errors import DataError, UsageError
from landwright.evaluation.suite import Making
from landwright.evaluation.suite.data import SuiteData, find_data


def prepared(root: Path) -> Path:
    """Two pairs of UDD5 as it is published."""
    folder = root / "UDD5" / "val"
    random = np.random.default_rng(0)
    for place in range(2):
        for name, values in (
            (f"src/{place}.JPG", random.integers(0, 256, (20, 24, 3))),
            (f"gt/{place}.png", random.permutation(480).reshape(20, 24) % 5),
        ):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(values.astype(np.uint8)).save(path)
    return folder


def test_settings(tmp_path: Path, making: Making) -> None:
    prepared(tmp_path)
    found = find_data("udd5", tmp_path)
    settings = found.settings("ovss8", making)
    assert (settings.dataset, settings.images, len(settings.classes)) == ("udd5", 2, 5)
    assert settings.words[0] == ("vegetation",)
    assert settings.classes[settings.background or 0] == "background"
    assert settings.thresholds == ()
    asked = making.model_copy(update={"thresholded": True})
    assert found.settings("ovss8", asked).thresholds == (0.4,) * 5
    picture, reference = found.read(*found.pairs[0])
    assert picture.shape == (20, 24, 3)
    assert reference.shape == (20, 24)


def test_a_changed_folder_is_noticed(tmp_path: Path) -> None:
    folder = prepared(tmp_path)
    before = find_data("udd5", tmp_path).fingerprint
    assert find_data("udd5", tmp_path).fingerprint == before
    (folder / "src" / "1.JPG").open("ab").write(b"more")
    assert find_data("udd5", tmp_path).fingerprint != before


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder of udd5: looked for UDD5.*data prepare udd5"):
        find_data("udd5", tmp_path)
    with pytest.raises(UsageError, match="there is no benchmark set"):
        find_data("udd6", tmp_path)


def test_a_fault_is_told_when_it_is_run(tmp_path: Path) -> None:
    folder = prepared(tmp_path)
    (folder / "gt" / "0.png").unlink()
    found = find_data("udd5", tmp_path)
    assert found.pairs == ()
    with pytest.raises(DataError, match="1 of 2 images have no label"):
        found.check()


def test_check(tmp_path: Path) -> None:
    folder = prepared(tmp_path)
    with Image.open(folder / "gt" / "1.png") as label:
        label.putpalette(list(range(256)) * 3)
        label.save(folder / "gt" / "1.png")
    seen: list[tuple[int, int]] = []
    notes = find_data("udd5", tmp_path).check(lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
    assert any("palette" in note for note in notes)
    Image.fromarray(np.full((20, 24), 77, np.uint8)).save(folder / "gt" / "0.png")
    with pytest.raises(DataError, match=r"udd5 fails its integrity check: .*values that the set does not have"):
        find_data("udd5", tmp_path).check()


def test_on_disk_fixture_is_read_like_the_rest(on_disk: Callable[..., SuiteData]) -> None:
    found = on_disk("vdd")
    picture, reference = found.read(*found.pairs[1])
    assert (picture[1:, :, 0] == reference[1:]).all()
