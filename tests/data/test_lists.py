from pathlib import Path

import pytest

from landwright.data.lists import PartLists
from landwright.errors import DataError

LISTS = {"train": ("{family}/train.txt", "train.txt"), "test": ("test.txt",)}


def test_lists_of_the_folder_come_first(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/train.txt").write_text("one\ntwo.tif\n\n")
    (tmp_path / "train.txt").write_text("three.5\n")
    (tmp_path / "test.txt").write_text("four")
    lists = PartLists(tmp_path, LISTS)
    assert [lists.part(Path(f"x/{name}.tif"), {"family": "a"}) for name in ("one", "two", "three.5", "four")] == [
        "train",
        "train",
        None,
        "test",
    ]
    assert lists.part(Path("three.5.tif"), {}) == lists.part(Path("three.5.tif"), {"family": "b"}) == "train"
    assert lists.parts({}) == ("train", "test")


def test_a_part_without_list_is_empty_but_one_is_needed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no train\.txt or test\.txt, the list of its images"):
        PartLists(tmp_path, LISTS).part(Path("a.tif"), {})
    (tmp_path / "train.txt").write_text("a")
    assert PartLists(tmp_path, LISTS).parts({}) == ("train",)


def test_an_image_in_two_lists(tmp_path: Path) -> None:
    for name in ("train", "test"):
        (tmp_path / f"{name}.txt").write_text("a\nb")
    with pytest.raises(DataError, match=r"train\.txt: names b, and so does test\.txt"):
        PartLists(tmp_path, LISTS).part(Path("b.tif"), {})


def test_a_list_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(DataError, match="cannot be read"):
        PartLists(tmp_path, LISTS).part(Path("b.tif"), {})
