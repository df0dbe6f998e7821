from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError

from landwright.data import layouts
from landwright.data.layouts import Layout, check_layout, list_layouts, load_layout
from landwright.data.reading import SceneReader
from landwright.data.scenes import find_scenes
from landwright.data.splits import make_split
from landwright.data.templates import fields
from landwright.errors import DataError, UsageError
from landwright.legends import list_legends, load_legend
from landwright.rasters import Window
from landwright.recipe import DataSpec, SplitSpec
from landwright.world import write_world

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
        for names in (*layout.beside.values(), *layout.lists.values(), [layout.groups or ""]):
            assert all(set(fields(template)) <= set(layout.fields) for template in names)
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


def chesapeake(root: Path, *states: str, layers: tuple[str, ...] = ("nlcd", "lc")) -> None:
    for state in states:
        year = 2014 if state in ("va", "wv") else 2013
        for part, quad in (("train", "m_1_ne_18_1"), ("val", "m_2_nw_18_1"), ("test", "m_3_se_17_1")):
            folder = f"{state}_1m_{year}_extended-debuffered-{part}_tiles"
            others = ("naip-new", "naip-old", "landsat-leaf-on", "buildings", *layers)
            touch(root, *(f"{folder}/{quad}_{state}_{layer}.tif" for layer in others))


@pytest.mark.parametrize(("kind", "folder"), [("nlcd", "."), ("lc", "cvpr_chesapeake_landcover")])
def test_chesapeake_has_the_published_parts(tmp_path: Path, kind: str, folder: str) -> None:
    chesapeake(tmp_path / folder, "ny", "wv")
    scenes = find_scenes(DataSpec(layout=f"chesapeake-{kind}", root=str(tmp_path)))
    assert {scene.image.name.split("_")[-1] for scene in scenes} == {"naip-new.tif"}
    for scene in scenes:
        assert scene.label == scene.image.with_name(scene.image.name.replace("naip-new", kind))
        assert f"-{scene.part}_tiles" in scene.image.parent.name
    assert Counter(scene.part for scene in scenes) == {"train": 2, "val": 2, "test": 2}
    split = make_split(scenes, DataSpec(layout="x", root="x").split, seed=0)
    assert split.counts() == {"train": 2, "val": 2, "test": 2}


def test_where_chooses_scenes_by_their_fields(tmp_path: Path) -> None:
    chesapeake(tmp_path, "ny", "md", "va")

    def states(where: dict[str, str | list[str]]) -> list[str]:
        scenes = find_scenes(DataSpec(layout="chesapeake-nlcd", root=str(tmp_path), where=where))
        return sorted(scene.image.parent.name[:2] for scene in scenes)

    assert states({"state": "ny"}) == ["ny"] * 3
    assert states({"state": ["va", "md"], "part": ["train", "test"]}) == ["md", "md", "va", "va"]
    assert states({"year": "2014"}) == ["va"] * 3


def test_where_that_leaves_nothing_is_told_what_there_is(tmp_path: Path) -> None:
    chesapeake(tmp_path, "ny", "va")
    layout = load_layout("chesapeake-nlcd")
    with pytest.raises(UsageError, match=r"data\.where names stat, province.*They tell state, year, part, tile"):
        layout.scenes(tmp_path, {"stat": "ny", "province": "x", "state": "ny"})
    # A list of which one value is missing would train on less than was asked for.
    with pytest.raises(DataError, match=r"no image with state de or md\..*state \(ny, va\); year \(2013, 2014\)"):
        layout.scenes(tmp_path, {"state": ["ny", "md", "de"]})
    with pytest.raises(DataError, match=r"no image with state ny and year 2014"):
        layout.scenes(tmp_path, {"state": "ny", "year": "2014"})


def test_where_lists_many_values_as_their_number(tmp_path: Path) -> None:
    touch(tmp_path, *(f"HR_image/lubuskie_{n}.tif" for n in range(25)))
    with pytest.raises(DataError, match=r"province \(lubuskie\); number \(25 values\)"):
        load_layout("poland-esa").scenes(tmp_path, {"province": "slaskie"})


def test_where_looks_for_masks_of_the_chosen_scenes_alone(tmp_path: Path) -> None:
    chesapeake(tmp_path, "ny")
    chesapeake(tmp_path, "va", layers=("lc",))
    layout = load_layout("chesapeake-nlcd")
    assert len(layout.scenes(tmp_path, {"state": "ny"})) == 3
    with pytest.raises(DataError, match="2 images have no mask"):
        layout.scenes(tmp_path)
    touch(tmp_path, "va_1m_2014_extended-debuffered-train_tiles/m_1_ne_18_1_va_nlcd.tif")
    touch(tmp_path, "va_1m_2014_extended-debuffered-val_tiles/m_2_nw_18_1_va_nlcd.tif")
    with pytest.raises(DataError, match=r"holds no image of Chesapeake .* with its mask"):
        layout.scenes(tmp_path, {"state": "va", "part": "test"})


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("poland-esa", "ESA_GLC10_label/kujawsko-pomorskie_5_esa.tif"),
        ("poland-esri", "Esri_GLC10_label/kujawsko-pomorskie_5_esri.tif"),
        ("poland-from", "FORM_GLC10_label/kujawsko-pomorskie_5_form.tif"),
        ("poland-from", "FORM_GLC10_label/kujawsko-pomorskie_5.tif"),
        ("poland-fcs30", "GLC_FCS30_label/kujawsko-pomorskie_5_fcs30.tif"),
        ("poland-reference", "HR_ground_truth/kujawsko-pomorskie_5.tif"),
    ],
)
def test_poland_names(tmp_path: Path, name: str, label: str) -> None:
    touch(tmp_path, "HR_image/kujawsko-pomorskie_5.tif", label)
    spec = DataSpec(layout=name, root=str(tmp_path), where={"province": "kujawsko-pomorskie"})
    assert [scene.label.relative_to(tmp_path).as_posix() for scene in find_scenes(spec)] == [label]


def test_poland_has_a_reference_of_some_images_only(tmp_path: Path) -> None:
    touch(
        tmp_path,
        *(f"HR_image/slaskie_{n}.tif" for n in range(5)),
        *(f"HR_ground_truth/slaskie_{n}.tif" for n in (1, 3)),
    )
    layout = load_layout("poland-reference")
    assert [scene.name for scene in layout.scenes(tmp_path)] == ["slaskie_1", "slaskie_3"]
    found = layout.look(tmp_path)
    assert [path.stem for path in found.unlabelled] == ["slaskie_0", "slaskie_2", "slaskie_4"]
    with pytest.raises(DataError, match="5 images have no mask"):
        load_layout("poland-esa").scenes(tmp_path)


@pytest.mark.parametrize(
    ("images", "label"),
    [
        (["images/C_HB_Wuhan/1.tif", "images/C_HB_Wuhan/2.tif"], "labels/C_HB_Wuhan.tif"),
        (["images/Wuhan.tif"], "labels/Wuhan.tif"),
        (["Wuhan/images/1.tif"], "Wuhan/labels/1.tif"),
        (["Wuhan/images/1.tif"], "Wuhan/labels/Wuhan.tif"),
    ],
)
def test_sinolc_cities(tmp_path: Path, images: list[str], label: str) -> None:
    touch(tmp_path, *images, label)
    city = Path(images[0]).stem if len(Path(images[0]).parts) == 2 else images[0].split("/")["images" in images[0][:6]]
    scenes = find_scenes(DataSpec(layout="sinolc-1", root=str(tmp_path), where={"city": city}))
    assert [scene.image for scene in scenes] == [tmp_path / image for image in images]
    assert {scene.label for scene in scenes} == {tmp_path / label}
    assert check_layout(load_layout("sinolc-1"), tmp_path).counts() == {"all": len(images)}


def test_a_complete_chesapeake_set(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="119 labelled images of the test part; 0 of 682 labelled images"):
        check_layout(load_layout("chesapeake-lc"), tmp_path)


def synrs3d(root: Path, stems: dict[str, list[str]], folders: tuple[str, ...] = ("opt", "gt_nDSM")) -> None:
    """Lay a set out like SynRS3D: all images in the folders, and a list of the names of each part."""
    for part, names in stems.items():
        touch(root, *(f"{folder}/{name}.tif" for name in names for folder in folders))
        (root / f"{part}.txt").write_text("\n".join(names))


def test_families_of_synrs3d(tmp_path: Path) -> None:
    kinds = ("opt", "gt_nDSM", "gt_ss_mask", "gt_cd_mask", "pre_opt")
    for family in ("grid_g05_mid_v1", "terrain_g1_low_v1"):
        synrs3d(tmp_path / family, {"train": ["1", "2"]}, kinds)
        touch(tmp_path / family, "opt/3.tif")  # in no list
    scenes = find_scenes(DataSpec(layout="synrs3d", root=str(tmp_path)))
    assert len(scenes) == 4 and {scene.part for scene in scenes} == {None}
    for scene in scenes:
        family = scene.image.parent.parent
        stem = scene.image.name
        assert (scene.label, scene.height) == (family / "gt_ss_mask" / stem, family / "gt_nDSM" / stem)
        assert scene.before is None
    (one, _) = find_scenes(DataSpec(layout="synrs3d", root=str(tmp_path), where={"family": "grid_g05_mid_v1"}))
    assert one.image.parent.parent.name == "grid_g05_mid_v1"
    assert set(make_split(scenes, DataSpec(layout="x", root="x").split, seed=0).counts()) == {"train", "val"}
    pairs = find_scenes(DataSpec(layout="synrs3d-change", root=str(tmp_path)))
    assert {(scene.label.parent.name, scene.before.parent.name) for scene in pairs} == {("gt_cd_mask", "pre_opt")}
    (tmp_path / "terrain_g1_low_v1/gt_nDSM/2.tif").unlink()
    with pytest.raises(DataError, match=r"1 images have no mask or no height raster: 2\.tif"):
        find_scenes(DataSpec(layout="synrs3d", root=str(tmp_path)))
    (tmp_path / "terrain_g1_low_v1/train.txt").unlink()
    with pytest.raises(DataError, match=r"terrain_g1_low_v1: has no train\.txt, the list of its images"):
        find_scenes(DataSpec(layout="synrs3d", root=str(tmp_path)))


def test_worlds_are_read_like_synrs3d(tmp_path: Path) -> None:
    write_world(tmp_path / "worlds/a", scenes=2, size=64, gsd=1.0)
    for root, names in ((tmp_path / "worlds", ["a"]), (tmp_path / "worlds/a", ["."])):
        scenes = find_scenes(DataSpec(layout="synrs3d", root=str(root)))
        assert [scene.image.parent.parent.relative_to(root).as_posix() for scene in scenes] == names * 2
        assert len(find_scenes(DataSpec(layout="synrs3d-change", root=str(root)))) == 2
    reader = SceneReader(DataSpec(layout="synrs3d", root="x"), load_legend("openearthmap-8"))
    reader.check(scenes)
    patch = reader.read(scenes[0], Window(0, 0, 64, 64))
    assert patch.height is not None and patch.height.isfinite().all() and (patch.mask != 255).all()


@pytest.mark.parametrize("name", [f"dfc19-{site}{end}" for site in ("jax", "oma") for end in ("", "-grouped")])
def test_sites_of_dfc19(tmp_path: Path, name: str) -> None:
    stems = {"train": [f"JAX_{site}_006_0_512" for site in range(4)], "test_syn": ["JAX_0_007_0_512"]}
    kinds = ("opt", "gt_nDSM", "gt_ss_mask")
    synrs3d(tmp_path, stems | {"test": ["JAX_1_008_0_0", "JAX_0_007_0_512"]}, kinds)
    scenes = find_scenes(DataSpec(layout=name, root=str(tmp_path)))
    assert all(scene.label and scene.height and scene.height.parent.name == "gt_nDSM" for scene in scenes)
    if name.endswith("grouped"):
        assert Counter(scene.group for scene in scenes) == {"JAX_0": 2, "JAX_1": 2, "JAX_2": 1, "JAX_3": 1}
        split = make_split(scenes, SplitSpec(val=0.25, test=0.25), seed=0)
        parts = {region.scene.group: region.part for region in split.all}
        assert all(parts[region.scene.group] == region.part for region in split.all) and len(set(parts.values())) == 3
    else:  # as published, torn sites and all
        assert Counter(scene.part for scene in scenes) == {None: 4, "test": 1}
        assert make_split(scenes, SplitSpec(val=0.25), seed=0).counts() == {"train": 3, "val": 1, "test": 1}


@pytest.mark.parametrize("name", [f"geonrw-{kind}{end}" for kind in ("rural", "urban") for end in ("", "-grouped")])
def test_tiles_of_geonrw(tmp_path: Path, name: str) -> None:
    stems = {"train": ["bonn_364_5621_0_496", "bonn_365_5621_0_0"], "test_syn": ["bonn_364_5621_992_0"]}
    synrs3d(tmp_path / name.replace("-grouped", "").replace("-", "_"), stems)
    scenes = find_scenes(DataSpec(layout=name, root=str(tmp_path)))
    assert all(scene.label is None and scene.height is not None for scene in scenes)
    groups = {"bonn_364_5621", "bonn_365_5621"} if name.endswith("grouped") else {None}
    assert {scene.group for scene in scenes} == groups and len(scenes) == 3


@pytest.mark.parametrize(("name", "folder"), [("dfc18", "DFC18"), ("ogc-arg", "OGC_ARG"), ("ogc-atl", "OGC_ATL")])
def test_sets_of_heights_alone(tmp_path: Path, name: str, folder: str) -> None:
    synrs3d(tmp_path / folder, {"train": ["a", "b"], "test_syn": ["c"], "test": ["c", "d"]})
    scenes = find_scenes(DataSpec(layout=name, root=str(tmp_path)))
    assert [(scene.name, scene.label, scene.part) for scene in scenes] == [
        ("a", None, None),
        ("b", None, None),
        ("c", None, "test"),
    ]
    assert check_layout(load_layout(name), tmp_path).counts() == {"test": 1, "all": 3}


@pytest.mark.parametrize("name", ["potsdam", "vaihingen"])
def test_prepared_isprs_sets(tmp_path: Path, name: str) -> None:
    stems = {"train": ["top_1_slice_0", "top_1_slice_1", "top_3_slice_0"], "test": ["top_2_slice_0"]}
    synrs3d(tmp_path, stems, ("opt", "gt_nDSM", "gt_ss_mask"))
    scenes = find_scenes(DataSpec(layout=f"{name}-height", root=str(tmp_path)))
    assert {scene.group: scene.part for scene in scenes} == {"top_1": None, "top_2": "test", "top_3": None}
    assert sorted(make_split(scenes, SplitSpec(val=0.3), seed=0).counts()) == ["test", "train", "val"]


def test_openearthmap_has_classes_alone(tmp_path: Path) -> None:
    synrs3d(tmp_path, {"train": ["aachen_1", "aachen_2"], "val": ["aachen_3"]}, ("opt", "gt_ss_mask"))
    touch(tmp_path, "opt/aachen_4.tif")
    (tmp_path / "test.txt").write_text("aachen_4.tif")  # withheld masks
    scenes = find_scenes(DataSpec(layout="openearthmap", root=str(tmp_path)))
    assert [(scene.part, scene.height) for scene in scenes] == [("train", None), ("train", None), ("val", None)]
    assert len(load_layout("openearthmap").images_of(tmp_path)) == 4


@pytest.mark.parametrize(
    ("name", "after", "before", "mask", "part"),
    [
        ("levir-cd", "val/B/val_1.png", "val/A/val_1.png", "val/label/val_1.png", "val"),
        ("levir-cd", "LEVIR-CD/B/test_9.png", "LEVIR-CD/A/test_9.png", "LEVIR-CD/label/test_9.png", "test"),
        ("levir-cd-plus", "LEVIR-CD+/train/B/1.png", "LEVIR-CD+/train/A/1.png", "LEVIR-CD+/train/label/1.png", None),
        ("levir-cd-plus", "test/B/1.png", "test/A/1.png", "test/label/1.png", "test"),
        ("whu-cd", "train/B/1.tif", "train/A/1.tif", "train/label/1.tif", "train"),
        ("whu-cd", "after/after.tif", "before/before.tif", "change label/change_label.tif", None),
        ("second", "im2/00003.png", "im1/00003.png", "label2/00003.png", None),
        ("second", "test/im2/00003.png", "test/im1/00003.png", "test/label2/00003.png", "test"),
    ],
)
def test_pairs_of_dates(tmp_path: Path, name: str, after: str, before: str, mask: str, part: str | None) -> None:
    touch(tmp_path, after, before, mask)
    (scene,) = find_scenes(DataSpec(layout=name, root=str(tmp_path)))
    files = (scene.image, scene.before, scene.label)
    assert tuple(path.relative_to(tmp_path).as_posix() for path in files if path) == (after, before, mask)
    assert scene.part == part
    (tmp_path / before).unlink()
    if part != "test":
        with pytest.raises(DataError, match="1 images have no mask or no earlier image"):
            find_scenes(DataSpec(layout=name, root=str(tmp_path)))


def test_what_a_layout_must_say() -> None:
    known = load_layout("openearthmap").model_dump()
    with pytest.raises(ValidationError, match="neither `masks` nor `heights`"):
        Layout.model_validate(known | {"masks": []})
    with pytest.raises(ValidationError, match="by `parts` or by `lists`"):
        Layout.model_validate(known | {"parts": [{"part": "test"}]})


def test_images_of_a_layout_leave_out_what_is_unused(tmp_path: Path) -> None:
    touch(tmp_path, "Train/Urban/images_png/1.png", "Test/Urban/images_png/2.png")
    assert [scene.name for scene in load_layout("loveda").images_of(tmp_path)] == ["1"]
    with pytest.raises(DataError, match="holds no image of LoveDA"):
        load_layout("loveda").images_of(tmp_path / "nowhere")
