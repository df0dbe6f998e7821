from pathlib import Path

import pytest
from pydantic import ValidationError

from landwright.data import layouts
from landwright.data.layouts import Layout, check_layout, list_layouts, load_layout
from landwright.data.scenes import find_scenes
from landwright.data.splits import make_split
from landwright.errors import DataError, UsageError
from landwright.legends import list_legends
from landwright.recipe import DataSpec

CITIES = ("austin", "chicago", "kitsap", "tyrol-w", "vienna")


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def inria(root: Path, folder: str = "AerialImageDataset") -> None:
    names = [f"{city}{number}.tif" for city in CITIES for number in range(1, 37)]
    touch(root, *(f"{folder}/train/{kind}/{name}" for kind in ("images", "gt") for name in names))


def test_shipped_layouts_are_sound() -> None:
    assert {"isprs-potsdam", "isprs-vaihingen", "inria", "whu-building", "loveda", "deepglobe"} <= set(list_layouts())
    for name in list_layouts():
        layout = load_layout(name)
        assert layout.name == name
        assert layout.legend in list_legends()
        assert layout.url.startswith("http") and layout.licence and layout.citation
    with pytest.raises(UsageError, match="no layout named 'inra'"):
        load_layout("inra")


@pytest.mark.parametrize("above", ["plain", "disk2", "inria2/austin3"])
def test_inria_split_does_not_depend_on_the_path(tmp_path: Path, above: str) -> None:
    inria(tmp_path / above)
    scenes = find_scenes(DataSpec(layout="inria", root=above), base=tmp_path)
    val = {scene.name for scene in scenes if scene.part == "val"}
    assert len(scenes) == 180
    assert val == {f"{city}{number}" for city in CITIES for number in range(1, 6)}
    assert make_split(scenes, DataSpec(layout="inria", root="x").split, seed=0).counts() == {"train": 155, "val": 25}
    assert check_layout(load_layout("inria"), tmp_path / above).counts() == {"train": 155, "val": 25, "all": 180}


def test_potsdam_keeps_the_published_test_and_divides_the_rest(tmp_path: Path) -> None:
    train = [f"{row}_{col}" for row in range(2, 6) for col in (10, 11, 12)]
    train += [f"{row}_{col}" for row in (6, 7) for col in range(7, 13)]
    test = ["2_13", "2_14", "3_13", "3_14", "7_13", "4_13", "4_14", "4_15"]
    test += [f"{row}_{col}" for row in (5, 6) for col in (13, 14, 15)]
    touch(tmp_path, *(f"2_Ortho_RGB/top_potsdam_{name}_RGB.tif" for name in train + test))
    touch(tmp_path, *(f"top_potsdam_{name}_label.tif" for name in train))
    scenes = find_scenes(DataSpec(layout="isprs-potsdam", root=str(tmp_path)))
    assert len(scenes) == 24  # withheld masks of the test are no error
    touch(tmp_path, *(f"top_potsdam_{name}_label.tif" for name in test))
    scenes = find_scenes(DataSpec(layout="isprs-potsdam", root=str(tmp_path)))
    split = make_split(scenes, DataSpec(layout="isprs-potsdam", root="x").split, seed=0)
    assert split.counts() == {"train": 20, "val": 4, "test": 14}
    assert {region.scene.image.stem[12:-4] for region in split.regions("test")} == set(test)


def test_vaihingen_whu_loveda_deepglobe_names(tmp_path: Path) -> None:
    touch(tmp_path / "v", *(f"{top}top_mosaic_09cm_area{n}.tif" for top in ("top/", "") for n in (1, 2, 30, 31)))
    scenes = load_layout("isprs-vaihingen").scenes(tmp_path / "v")
    assert {scene.label.stem[20:]: scene.part for scene in scenes} == {"1": None, "2": "test", "30": None, "31": "test"}
    touch(tmp_path / "w", *(f"{part}/{kind}/9.tif" for part in ("train", "val", "test") for kind in ("image", "label")))
    assert [scene.name for scene in load_layout("whu-building").scenes(tmp_path / "w")] == [
        "test/image/9",
        "train/image/9",
        "val/image/9",
    ]
    areas = [f"{part}/{area}" for part in ("Train", "Val") for area in ("Urban", "Rural")]
    touch(tmp_path / "l", *(f"{area}/{kind}_png/0.png" for area in areas for kind in ("images", "masks")))
    touch(tmp_path / "l", "Test/Urban/images_png/5.png")
    assert (
        sorted(str(scene.part) for scene in load_layout("loveda").scenes(tmp_path / "l")) == ["train"] * 2 + ["val"] * 2
    )
    touch(tmp_path / "d", "train/119_sat.jpg", "train/119_mask.png", "valid/7_sat.jpg")
    assert [scene.label.name for scene in load_layout("deepglobe").scenes(tmp_path / "d")] == ["119_mask.png"]


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no image of Inria.*train/images"):
        load_layout("inria").scenes(tmp_path / "nowhere")
    inria(tmp_path, ".")
    (tmp_path / "train/gt/vienna7.tif").unlink()
    with pytest.raises(DataError, match=r"1 images have no mask: vienna7\.tif"):
        load_layout("inria").scenes(tmp_path)
    with pytest.raises(
        DataError, match=r"154 of 155 labelled images of the train part .*: vienna7\.tif.*project\.inria"
    ):
        check_layout(load_layout("inria"), tmp_path)
    with pytest.raises(DataError, match="0 of 803 labelled images of DeepGlobe"):
        check_layout(load_layout("deepglobe"), tmp_path)


def test_templates_stay_inside_the_folder() -> None:
    known = load_layout("inria").model_dump()
    for field, value in (("masks", "../{city}.tif"), ("images", "/data/{city}.tif"), ("folders", "a/../..")):
        with pytest.raises(ValidationError, match="outside the set's folder"):
            Layout.model_validate(known | {field: [value]})
    with pytest.raises(ValidationError, match="extra"):
        Layout.model_validate(known | {"colour": 1})


def test_many_missing_masks_are_shortened(tmp_path: Path) -> None:
    touch(tmp_path, *(f"train/{n}_sat.jpg" for n in range(9)), "train/0_mask.png")
    with pytest.raises(DataError, match=r"8 images have no mask: .* and 3 more"):
        load_layout("deepglobe").scenes(tmp_path)
    assert layouts.load_layout("deepglobe").look(tmp_path).counts() == {"all": 1}
