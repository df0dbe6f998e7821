from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from landwright.errors import DataError, UsageError
from landwright.prepare.isprs_files import find_tiles, isprs_layout

Make = Callable[..., Path]


def test_potsdam(make_isprs: Make) -> None:
    root = make_isprs("potsdam", ["2_10", "2_13", "7_7"])
    tiles, notes = find_tiles(root, "potsdam")
    assert [(tile.id, tile.part) for tile in tiles] == [("2_10", "train"), ("2_13", "test"), ("7_7", "train")]
    assert (tiles[0].top.name, tiles[0].dsm.name, tiles[0].label.name) == (
        "top_potsdam_2_10_RGB.tif",
        "dsm_potsdam_02_10.tif",
        "top_potsdam_2_10_label.tif",
    )
    assert notes == []
    assert find_tiles(root.rename(root.parent / "Potsdam").parent, "potsdam")[0][0].id == "2_10"


def test_vaihingen_in_the_order_of_its_numbers(make_isprs: Make) -> None:
    tiles, _ = find_tiles(make_isprs("vaihingen", ["1", "11", "2"]), "vaihingen")
    assert [(tile.id, tile.part) for tile in tiles] == [("1", "train"), ("2", "test"), ("11", "train")]
    assert tiles[0].top != tiles[0].label
    assert tiles[0].dsm.name == "dsm_09cm_matching_area1.tif"


def test_folders_named_as_in_synrs3d(make_isprs: Make) -> None:
    root = make_isprs("potsdam", ["2_10"])
    for old, new in (("2_Ortho_RGB", "top"), ("1_DSM", "dsm"), ("5_Labels_all", "label")):
        (root / old).rename(root / new)
    assert len(find_tiles(root, "potsdam")[0]) == 1


def test_masks_of_the_test_part_may_be_missing(make_isprs: Make) -> None:
    root = make_isprs("vaihingen", ["1", "2", "3"])
    (root / "gts_for_participants/top_mosaic_09cm_area2.tif").unlink()
    tiles, notes = find_tiles(root, "vaihingen")
    assert [tile.id for tile in tiles] == ["1", "3"]
    assert notes == ["1 tiles of the test part have no mask and are left out: top_mosaic_09cm_area2.tif"]
    (root / "gts_for_participants/top_mosaic_09cm_area3.tif").unlink()
    with pytest.raises(DataError, match=r"1 image has no mask: top_mosaic_09cm_area3\.tif"):
        find_tiles(root, "vaihingen")
    shutil.rmtree(root / "gts_for_participants")
    with pytest.raises(DataError, match="3 images have no mask"):
        find_tiles(root, "vaihingen")


def test_a_tile_without_its_surface_model(make_isprs: Make) -> None:
    root = make_isprs("potsdam", [f"2_{number}" for number in range(20, 27)])
    (root / "1_DSM/dsm_potsdam_02_20.tif").unlink()
    with pytest.raises(DataError, match=r"1 image has no surface model: top_potsdam_2_20_RGB.*1_DSM/dsm_potsdam"):
        find_tiles(root, "potsdam")
    shutil.rmtree(root / "1_DSM")
    with pytest.raises(DataError, match=r"7 images have no surface model: .* and 2 more"):
        find_tiles(root, "potsdam")


def test_no_image_and_no_such_set(make_isprs: Make, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no image of ISPRS.*Expected are top/top_mosaic"):
        find_tiles(make_isprs("potsdam", ["2_10"]), "vaihingen")
    # Not a number of a tile.
    odd = tmp_path / "potsdam/2_Ortho_RGB/top_potsdam_2_10_old_RGB.tif"
    odd.write_bytes(b"")
    assert len(find_tiles(tmp_path / "potsdam", "potsdam")[0]) == 1
    with pytest.raises(UsageError, match=r"no ISPRS set 'toronto'.*potsdam or vaihingen"):
        isprs_layout("toronto")
