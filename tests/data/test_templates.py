from pathlib import Path

from landwright.data.templates import fields, fill, find

TILES = "{state}_1m_{year:d}_{part}/{tile}_naip.tif"


def test_fields_in_order() -> None:
    assert fields(TILES) == ("state", "year", "part", "tile")
    assert fields("plain.tif") == ()


def test_fill() -> None:
    values = {"state": "ny", "year": "2013", "part": "train", "tile": "m_1"}
    assert fill(TILES, values) == "ny_1m_2013_train/m_1_naip.tif"


def test_find_reads_the_fields_below_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "xx_1m_9_y"
    for name in ("ny_1m_2013_train/b_naip.tif", "md_1m_2013_val/a_naip.tif", "md_1m_old_val/a_naip.tif"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    assert find(folder, TILES) == [
        (folder / "md_1m_2013_val/a_naip.tif", {"state": "md", "year": "2013", "part": "val", "tile": "a"}),
        (folder / "ny_1m_2013_train/b_naip.tif", {"state": "ny", "year": "2013", "part": "train", "tile": "b"}),
    ]
    assert find(tmp_path / "nowhere", TILES) == []


def test_signs_of_patterns_are_taken_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.b").mkdir()
    (tmp_path / "a.b/x.tif").touch()
    (tmp_path / "acb").mkdir()
    (tmp_path / "acb/x.tif").touch()
    assert [path.parent.name for path, _ in find(tmp_path, "a.b/{id}.tif")] == ["a.b"]
