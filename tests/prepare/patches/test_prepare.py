"""Sets in patches, from miniatures made on the fly."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from landwright.data.benchmarks import read_picture
from landwright.data.scenes import find_scenes
from landwright.data.tags import read_tags
from landwright.errors import DataError, UsageError
from landwright.legends import load_legend
from landwright.prepare.patches import prepare_patches
from landwright.recipe import DataSpec, SplitSpec

DEEPGLOBE = [(0, 255, 255), (255, 255, 0), (255, 0, 255), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)]


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "pairs.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def isprs(root: Path, kit: ModuleType, image: str, label: str, sizes: dict[str, tuple[int, int]]) -> Path:
    """Tiles without boundary; in the first only impervious surface and clutter."""
    for seed, (tile, shape) in enumerate(sizes.items()):
        pixels, numbers = kit.scene(seed, *shape, 6)
        numbers = numbers + 1 if seed else np.where(numbers % 2 == 0, 1, 6)
        kit.write(root / image.format(tile), pixels)
        kit.write(root / label.format(tile), kit.coloured(numbers, kit.ISPRS))
    return root


@pytest.fixture
def potsdam(tmp_path: Path, miniatures: ModuleType) -> Path:
    root = tmp_path / "Potsdam"
    sizes = {"2_10": (512, 1030), "2_11": (512, 512), "4_12": (512, 512), "7_10": (512, 512), "2_13": (512, 512)}
    labels = "5_Labels_all/top_potsdam_{}_label.tif"
    isprs(root, miniatures, "2_Ortho_RGB/top_potsdam_{}_RGB.tif", labels, sizes)
    return isprs(root, miniatures, "3_Ortho_IRRG/top_potsdam_{}_IRRG.tif", labels, sizes)


def test_potsdam_as_ctfa_cuts_it(tmp_path: Path, potsdam: Path) -> None:
    out = tmp_path / "out"
    seen: list[tuple[int, int]] = []
    result = prepare_patches(
        "potsdam-ctfa", potsdam, out, split="paper", progress=lambda done, total: seen.append((done, total))
    )
    found = rows(out)
    assert [row["image"] for row in found] == [
        "images/2_10_0_0_512_512.png",
        "images/2_10_512_0_1024_512.png",
        "images/2_11_0_0_512_512.png",
        "images/2_13_0_0_512_512.png",
    ]
    assert [row["split"] for row in found] == ["train"] * 3 + ["val"]
    assert [row["group"] for row in found] == ["2_10", "2_10", "2_11", "2_13"]
    assert [row["tags"] for row in found] == ["clutter"] * 2 + ["building;low vegetation;tree;car;clutter"] * 2
    assert result.parts == {"train": 3, "val": 1} and result.background == "impervious surface"
    assert seen[-1] == (4, 4)
    mask = read_picture(out / found[2]["label"])
    expected = load_legend("potsdam-ctfa").look_up_rgb(
        read_picture(potsdam / "5_Labels_all/top_potsdam_2_11_label.tif").bands
    )
    assert mask.palette is None and np.array_equal(mask.codes(), expected)
    image = read_picture(potsdam / "3_Ortho_IRRG/top_potsdam_2_10_IRRG.tif").bands[:, :, 512:1024]
    assert np.array_equal(read_picture(out / found[1]["image"]).bands, image)
    assert any("3 patches to learn from, 2662 are published" in note for note in result.notes)
    assert json.loads(json.dumps(result.to_dict()))["parts"] == {"train": 3, "val": 1}


def test_potsdam_as_atsg_cuts_it(tmp_path: Path, potsdam: Path) -> None:
    result = prepare_patches("potsdam-atsg", potsdam, tmp_path / "out")
    found = rows(tmp_path / "out")
    # 4_12 stays, 7_10 goes; whole tiles for validation.
    assert {row["group"] for row in found} == {"2_10", "2_11", "4_12", "2_13"}
    assert {row["group"] for row in found if row["split"] == "test"} == {"2_13"}
    assert len([row for row in found if row["group"] == "2_10"]) == 2 * 5
    val = {row["group"] for row in found if row["split"] == "val"}
    assert len(val) == 1 and not val & {row["group"] for row in found if row["split"] == "train"}
    assert {row["tags"] for row in found if row["group"] == "2_10"} == {"impervious surface"}
    clutter = read_picture(tmp_path / "out" / "masks" / "2_10_0_0_256_256.png").codes()
    assert set(np.unique(clutter)) == {1, 255}
    assert result.counts.images == len(found)


def test_the_list_is_data_of_a_recipe(tmp_path: Path, potsdam: Path) -> None:
    out = tmp_path / "out"
    prepare_patches("potsdam-ctfa", potsdam, out)
    scenes = find_scenes(DataSpec(pairs=str(out / "pairs.csv"), split=SplitSpec(by="column")))
    assert {scene.part for scene in scenes} == {"train", "val", "test"}
    names = load_legend("potsdam-ctfa").names
    tags = read_tags(out / "pairs.csv", scenes, names, background="impervious surface")
    assert tags["2_11_0_0_512_512"] == {"building", "low vegetation", "tree", "car", "clutter"}


def test_an_interrupted_run_continues_and_another_split_only_writes_the_list(tmp_path: Path, potsdam: Path) -> None:
    out = tmp_path / "out"

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_patches("potsdam-ctfa", potsdam, out, progress=stop)
    assert not (out / "pairs.csv").exists() and len(list((out / "images").iterdir())) == 2
    (out / "images" / "2_10_512_0_1024_512.png").unlink()
    result = prepare_patches("potsdam-ctfa", potsdam, out)
    assert (result.kept, len(rows(out))) == (1, 4)
    stamps = {path: path.stat().st_mtime_ns for path in (out / "images").iterdir()}
    again = prepare_patches("potsdam-ctfa", potsdam, out, split="paper")
    assert again.kept == 4 and again.counts.to_dict() == result.counts.to_dict()
    assert {path: path.stat().st_mtime_ns for path in (out / "images").iterdir()} == stamps
    assert {row["split"] for row in rows(out)} == {"train", "val"}


def test_vaihingen(tmp_path: Path, miniatures: ModuleType) -> None:
    labels = "ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE/top_mosaic_09cm_area{}.tif"
    sizes = {"1": (272, 512), "2": (273, 256), "30": (256, 256)}
    isprs(tmp_path / "raw", miniatures, "top/top_mosaic_09cm_area{}.tif", labels, sizes)
    result = prepare_patches("vaihingen-atsg", tmp_path / "raw", tmp_path / "out", split="paper")
    assert [Path(row["image"]).stem for row in rows(tmp_path / "out")] == [
        *("area1_0_0", "area1_0_1", "area2_0_0", "area2_1_0", "area30_0_0")
    ]
    assert result.parts == {"train": 4, "val": 1}
    # Clutter is the background.
    assert rows(tmp_path / "out")[0]["tags"] == "impervious surface"
    assert 0 in read_picture(tmp_path / "out/masks/area1_0_0.png").codes()


def test_isaid(tmp_path: Path, miniatures: ModuleType) -> None:
    sizes = {"train": {"P0001": (600, 520), "P0002": (100, 130)}, "val": {"P0003": (512, 512)}}
    for part, tiles in sizes.items():
        for seed, (tile, shape) in enumerate(tiles.items()):
            image, numbers = miniatures.scene(seed, *shape, 16)
            masks = f"{part}/Semantic_masks/images/images/{tile}_instance_color_RGB.png"
            miniatures.write(tmp_path / "raw" / part / f"images/images/{tile}.png", image if seed == 0 else image[:1])
            miniatures.write(
                tmp_path / "raw" / masks, miniatures.coloured(numbers * (part == "train"), miniatures.ISAID)
            )
    result = prepare_patches("isaid-atsg", tmp_path / "raw", tmp_path / "out")
    found = {Path(row["image"]).stem: row for row in rows(tmp_path / "out")}
    assert sorted(found) == ["P0001_0", "P0001_1", "P0001_2", "P0001_3", "P0002_0", "P0003_0"]
    assert found["P0003_0"]["split"] == "test" and found["P0003_0"]["tags"] == ""
    assert found["P0001_0"]["tags"].split(";") == list(load_legend("isaid-16").names[1:])
    small = read_picture(tmp_path / "out/masks/P0002_0.png").codes()
    assert small.shape == (512, 512) and (small[100:] == 255).all() and (small[:, 130:] == 255).all()
    assert (small[:100, :130] < 16).all()
    padded = read_picture(tmp_path / "out/images/P0002_0.png").bands
    assert padded.shape == (3, 512, 512) and not padded[:, 100:].any()
    assert "1 of 6 images have no tag: background alone" in result.notes


def deepglobe(root: Path, kit: ModuleType, unknown: set[int], count: int = 8) -> Path:
    for number in range(count):
        image, numbers = kit.scene(number, 520, 512, 7 if number in unknown else 6)
        kit.write(root / f"train/{number}_sat.jpg", image)
        kit.write(root / f"train/{number}_mask.png", kit.coloured(numbers, DEEPGLOBE))
    return root


def test_deepglobe(tmp_path: Path, miniatures: ModuleType) -> None:
    root = deepglobe(tmp_path / "raw", miniatures, {1, 7})
    result = prepare_patches("deepglobe-ctfa", root, tmp_path / "out")
    assert result.parts == {"train": 10, "val": 2}
    assert any("2 images have unlabelled pixels and are left out, as published: 1, 7" in note for note in result.notes)
    assert {row["tags"] for row in rows(tmp_path / "out")} == {"urban;agriculture;rangeland;forest;water;barren"}
    assert [row["image"] for row in rows(tmp_path / "out")][:2] == ["images/0_0_0.png", "images/0_1_0.png"]
    again = prepare_patches("deepglobe-ctfa", root, tmp_path / "out")
    assert (again.kept, again.parts) == (12, result.parts)


def test_nothing_is_left(tmp_path: Path, miniatures: ModuleType) -> None:
    root = deepglobe(tmp_path / "raw", miniatures, {0}, count=1)
    with pytest.raises(DataError, match="every image has unlabelled pixels"):
        prepare_patches("deepglobe-ctfa", root, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_labels_that_are_not_the_published_ones(tmp_path: Path, potsdam: Path, miniatures: ModuleType) -> None:
    label = potsdam / "5_Labels_all/top_potsdam_2_11_label.tif"
    colours = np.full((3, 512, 512), 255, np.uint8)
    colours[:, :2] = 252
    miniatures.write(label, colours)
    result = prepare_patches("potsdam-ctfa", potsdam, tmp_path / "out")
    wanted = "top_potsdam_2_11_label.tif: 1024 pixels have a colour that no class has (252,252,252 (1024 px)): ignored"
    assert wanted in result.notes
    assert (read_picture(tmp_path / "out/masks/2_11_0_0_512_512.png").codes()[:2] == 255).all()
    colours[:, :200] = 252
    miniatures.write(label, colours)
    with pytest.raises(DataError, match=r"label.tif: 39% of its pixels have colours that no class has"):
        prepare_patches("potsdam-ctfa", potsdam, tmp_path / "other")
    miniatures.write(label, colours[:, :300])
    with pytest.raises(DataError, match=r"has 512 x 300 pixels, its image top_potsdam_2_11_IRRG.tif has 512 x 512"):
        prepare_patches("potsdam-ctfa", potsdam, tmp_path / "other")


def test_folders_that_hold_something_else(tmp_path: Path, potsdam: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").touch()
    with pytest.raises(DataError, match="holds something else already"):
        prepare_patches("potsdam-ctfa", potsdam, out)
    (out / "notes.txt").unlink()
    prepare_patches("potsdam-ctfa", potsdam, out)
    with pytest.raises(DataError, match="holds files made for"):
        prepare_patches("potsdam-atsg", potsdam, out)
    (out / "landwright.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        prepare_patches("potsdam-ctfa", potsdam, out)


def test_names_that_there_are_not(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no set 'potsdam'.*deepglobe-ctfa, isaid-atsg"):
        prepare_patches("potsdam", tmp_path, tmp_path / "out")
    with pytest.raises(UsageError, match=r"no split 'mine'.*clean or paper"):
        prepare_patches("potsdam-ctfa", tmp_path, tmp_path / "out", split="mine")  # type: ignore[arg-type]
