from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from landwright.data.scenes import find_scenes
from landwright.errors import DataError
from landwright.recipe import DataSpec, SplitSpec

PIXELS = np.zeros((1, 4, 4), np.uint8)


@pytest.fixture
def tiles(write, tmp_path: Path) -> Path:
    for tile in (4, 5):
        write(f"Tile {tile}/images/part_1.jpg", PIXELS)
        write(f"Tile {tile}/masks/part_1.png", PIXELS)
    return tmp_path


def write_csv(folder: Path, *lines: str) -> str:
    (folder / "pairs.csv").write_text("\n".join(lines) + "\n")
    return "pairs.csv"


def test_globs_with_equal_stems_in_different_folders(tiles: Path) -> None:
    scenes = find_scenes(DataSpec(images="Tile */images/*.jpg", labels="Tile */masks/*.png"), base=tiles)
    assert [scene.name for scene in scenes] == ["Tile 4/images/part_1", "Tile 5/images/part_1"]
    assert all(scene.image.parent.parent == scene.label.parent.parent for scene in scenes)
    assert {(scene.group, scene.part) for scene in scenes} == {(None, None)}


def test_folders_and_lists(tiles: Path) -> None:
    spec = DataSpec(images=["Tile 4/images", "Tile 5/images/part_1.jpg"], labels=["Tile 4/masks", "Tile 5/masks"])
    assert len(find_scenes(spec, base=tiles)) == 2
    (tiles / "images.txt").write_text("Tile 5/images/part_1.jpg\n")
    assert find_scenes(DataSpec(images="images.txt", labels="Tile 5/masks"), base=tiles)[0].name == "part_1"


def test_absolute_paths_need_no_base(tiles: Path) -> None:
    spec = DataSpec(images=str(tiles / "Tile 4/images"), labels=str(tiles / "Tile 4/masks"))
    assert find_scenes(spec)[0].image == tiles / "Tile 4/images/part_1.jpg"


@pytest.mark.parametrize("images", ["nothing/*.tif", "nothing", "Tile 4"])
def test_nothing_found(tiles: Path, images: str) -> None:
    with pytest.raises(DataError):
        find_scenes(DataSpec(images=images, labels="Tile 4/masks"), base=tiles)


def test_a_file_cannot_be_image_and_label(tiles: Path) -> None:
    with pytest.raises(DataError, match="both an image and a label"):
        find_scenes(DataSpec(images="Tile 4/**/*.*", labels="Tile 4/masks"), base=tiles)


def test_csv_with_groups_and_parts(tiles: Path) -> None:
    pairs = write_csv(
        tiles,
        "image,label,split,tile",
        "Tile 4/images/part_1.jpg,Tile 4/masks/part_1.png,train,4",
        "Tile 5/images/part_1.jpg,Tile 5/masks/part_1.png,Val,5",
    )
    scenes = find_scenes(DataSpec(pairs=pairs, split=SplitSpec(by="column", group="tile")), base=tiles)
    assert [(scene.part, scene.group) for scene in scenes] == [("train", "4"), ("val", "5")]
    assert scenes[0].label == tiles / "Tile 4/masks/part_1.png"
    assert {scene.part for scene in find_scenes(DataSpec(pairs=str(tiles / pairs)))} == {None}


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["image,mask", "a,b"], "no column label"),
        (["image,label"], "lists no pairs"),
        (["image,label,split", "Tile 4/images/part_1.jpg,nowhere.png,train"], "line 2 names .*nowhere"),
        (["image,label,split", "Tile 4/images/part_1.jpg,Tile 4/masks/part_1.png,tset"], "line 2 has 'tset'"),
        (["image,label", "Tile 4/images/part_1.jpg,Tile 4/masks/part_1.png"], "no column split"),
    ],
)
def test_bad_csv(tiles: Path, lines: list[str], problem: str) -> None:
    by = "column" if "split" in lines[0] or "split" in problem else "scene"
    with pytest.raises(DataError, match=problem):
        find_scenes(DataSpec(pairs=write_csv(tiles, *lines), split=SplitSpec(by=by)), base=tiles)


def test_missing_csv(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        find_scenes(DataSpec(pairs="nowhere.csv"), base=tmp_path)


def test_a_column_needs_a_csv(tiles: Path) -> None:
    spec = DataSpec(images="Tile 4/images", labels="Tile 4/masks", split=SplitSpec(by="column"))
    with pytest.raises(DataError, match="CSV"):
        find_scenes(spec, base=tiles)


def test_csv_with_the_published_column_names(tiles: Path) -> None:
    pairs = write_csv(tiles, "image_fn,label_fn,state", "Tile 4/images/part_1.jpg,Tile 4/masks/part_1.png,NY")
    (scene,) = find_scenes(DataSpec(pairs=pairs), base=tiles)
    assert (scene.image.name, scene.label) == ("part_1.jpg", tiles / "Tile 4/masks/part_1.png")


def test_csv_without_columns_of_files_names_both_ways(tiles: Path) -> None:
    pairs = write_csv(tiles, "picture,label_fn", "a,b")
    with pytest.raises(DataError, match=r"has no column image or image_fn\..*it has picture, label_fn"):
        find_scenes(DataSpec(pairs=pairs), base=tiles)


def test_where_without_a_layout_is_refused(tiles: Path) -> None:
    with pytest.raises(ValidationError, match="`where` chooses among the scenes of a `layout`"):
        DataSpec(images="Tile 4/images", labels="Tile 4/masks", where={"state": "ny"})


def test_heights_and_earlier_images_are_matched_by_name(tmp_path: Path) -> None:
    folders = ("opt", "gt_ss_mask", "gt_nDSM", "pre_opt")
    for folder in folders:
        (tmp_path / folder).mkdir()
        for name in ("b", "a"):
            (tmp_path / folder / f"{name}.tif").touch()
    spec = DataSpec(images="opt", labels="gt_ss_mask", heights="gt_nDSM/*.tif", before="pre_opt")
    for scene in find_scenes(spec, base=tmp_path):
        files = (scene.image, scene.label, scene.height, scene.before)
        assert files == tuple(tmp_path / folder / f"{scene.name}.tif" for folder in folders)
    (tmp_path / "gt_nDSM/a.tif").unlink()
    with pytest.raises(
        DataError, match=r"1 of 2 images have no height raster of a matching name among 1 height raster"
    ):
        find_scenes(spec, base=tmp_path)
    with pytest.raises(DataError, match="is both an image and an earlier image"):
        find_scenes(DataSpec(images="opt", labels="gt_ss_mask", before="opt/a.tif"), base=tmp_path)


def test_csv_with_heights_and_earlier_images(tiles: Path) -> None:
    image, mask = "Tile 4/images/part_1.jpg", "Tile 4/masks/part_1.png"
    other = "Tile 5/images/part_1.jpg"
    pairs = write_csv(tiles, "image,label,height,before", f"{image},{mask},{mask},{other}", f"{other},,{mask},{image}")
    first, second = find_scenes(DataSpec(pairs=pairs), base=tiles)
    assert (first.height, first.before) == (tiles / mask, tiles / other)
    assert (second.label, second.height) == (None, tiles / mask)
    (only,) = find_scenes(DataSpec(pairs=write_csv(tiles, "image,height", f"{image},{mask}")), base=tiles)
    assert (only.label, only.height, only.before) == (None, tiles / mask, None)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("Tile 4/images/part_1.jpg,,,", "line 2 has no label, and no height either"),
        (",Tile 4/masks/part_1.png,,", "line 2 has no image"),
        ("Tile 4/images/part_1.jpg,Tile 4/masks/part_1.png,x.tif,", r"line 2 names .*x\.tif"),
        ("Tile 4/images/part_1.jpg,Tile 4/masks/part_1.png,,", "1 of 2 lines have no image in the column before"),
    ],
)
def test_bad_lines_of_a_csv_with_heights(tiles: Path, line: str, problem: str) -> None:
    whole = "Tile 5/images/part_1.jpg,Tile 5/masks/part_1.png,,Tile 4/images/part_1.jpg"
    with pytest.raises(DataError, match=problem):
        find_scenes(DataSpec(pairs=write_csv(tiles, "image,label,height,before", line, whole)), base=tiles)


def test_images_with_heights_alone_need_no_labels(tmp_path):
    for folder in ("img", "height"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.tif").touch()
    spec = DataSpec(images="img", heights="height")
    (scene,) = find_scenes(spec, base=tmp_path)
    assert (scene.label, scene.height) == (None, tmp_path / "height/a.tif")
    with pytest.raises(ValueError, match="`images` go with `labels`, or with `heights` alone"):
        DataSpec(images="img")
    with pytest.raises(ValueError, match="`heights` goes with `images`"):
        DataSpec(pairs="pairs.csv", heights="height")
