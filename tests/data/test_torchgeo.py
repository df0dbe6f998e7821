import sys
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

from landwright.data.layouts import load_layout
from landwright.data.torchgeo import download
from landwright.errors import DataError, UsageError

LOVEDA = load_layout("loveda")


class FakeLoveDA:
    """Behaves like torchgeo's class: unpacks below root, and trusts any folder of the right name."""

    fail_on = ""
    calls: ClassVar[list[tuple[Path, str]]] = []

    def __init__(self, root: Path, split: str, download: bool, checksum: bool) -> None:
        assert download and checksum
        self.calls.append((root, split))
        folder = root / split.capitalize()
        if folder.exists():
            return
        (root / f"{split.capitalize()}.zip").touch()
        folder.mkdir()
        if split == self.fail_on:
            raise RuntimeError("connection lost")
        (folder / "complete").touch()
        print("Files already downloaded and verified")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeLoveDA]:
    monkeypatch.setattr(FakeLoveDA, "calls", [])
    monkeypatch.setattr(FakeLoveDA, "fail_on", "")
    monkeypatch.setitem(sys.modules, "torchgeo", SimpleNamespace(datasets=SimpleNamespace(LoveDA=FakeLoveDA)))
    return FakeLoveDA


def test_downloads_both_labelled_parts(fake, tmp_path: Path, capsys) -> None:
    download(LOVEDA, tmp_path / "loveda")
    assert sorted(path.name for path in (tmp_path / "loveda").iterdir()) == ["Train", "Val"]
    assert [split for _, split in fake.calls] == ["train", "val"]
    assert capsys.readouterr().out == ""


def test_an_interrupted_download_leaves_nothing_that_looks_whole(fake, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fake, "fail_on", "val")
    with pytest.raises(DataError, match="connection lost"):
        download(LOVEDA, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".download", "Train"]
    assert (tmp_path / ".download/Val.zip").exists()
    monkeypatch.setattr(fake, "fail_on", "")
    download(LOVEDA, tmp_path)
    assert (tmp_path / "Val/complete").exists()  # the half unpacked folder was not taken for a whole one
    assert [split for _, split in fake.calls] == ["train", "val", "val"]


def test_needs_torchgeo(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torchgeo", None)
    with pytest.raises(UsageError, match=r"landwright\[torchgeo\]"):
        download(LOVEDA, tmp_path)


def test_sets_without_download(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no direct download"):
        download(load_layout("inria"), tmp_path)


def test_the_installed_torchgeo_has_what_is_used(tmp_path: Path) -> None:
    datasets = pytest.importorskip("torchgeo.datasets", reason="torchgeo is an extra")
    assert set(datasets.LoveDA.splits) >= {"train", "val"}
    loveda = datasets.LoveDA.__new__(datasets.LoveDA)
    assert {"url", "filename", "md5"} <= set(loveda.info_dict["train"])
    with pytest.raises(datasets.DatasetNotFoundError):
        datasets.LoveDA(root=tmp_path, split="train", download=False, checksum=True)
