from __future__ import annotations

from pathlib import Path

import pytest

from landwright.errors import UsageError
from landwright.prepare.files import fuse_files


def test_names(tmp_path: Path) -> None:
    files = fuse_files(tmp_path / "a.tif", None)
    assert files.agreement == tmp_path / "a_agreement.tif"
    assert files.styles == (tmp_path / "a.qml", tmp_path / "a_agreement.qml")
    assert fuse_files("a.tif", "b.tiff").agreement == Path("b.tiff")


@pytest.mark.parametrize(
    ("out", "agreement", "problem"),
    [
        ("a.png", None, "written as GeoTIFF"),
        ("a.tif", "b.jpg", "written as GeoTIFF"),
        ("a.tif", "a.tiff", "have one name"),
    ],
)
def test_wrong_names(out: str, agreement: str | None, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        fuse_files(out, agreement)


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    files = fuse_files(tmp_path / "a.tif", None)
    files.refuse_existing([str(tmp_path / "in.tif")], overwrite=False)
    files.styles[1].touch()
    with pytest.raises(UsageError, match="is there already"):
        files.refuse_existing([], overwrite=False)
    files.refuse_existing([], overwrite=True)
    files.agreement.touch()
    with pytest.raises(UsageError, match="is one of the inputs"):
        files.refuse_existing([str(files.agreement)], overwrite=True)
