"""Where patches lie, against the published counts."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from landwright.errors import DataError
from landwright.prepare.patches.plan import find_images, place_patches, starts
from landwright.prepare.patches.sets import list_patch_sets, patch_set

# Width and height of Vaihingen's areas.
LEARN = {
    **{1: (1919, 2569), 2: (2428, 2767), 3: (2006, 3007), 11: (1893, 2566), 12: (1922, 2575), 13: (2818, 2558)},
    **dict.fromkeys((4, 5, 6, 7, 8, 10), (1887, 2557)),
    **dict.fromkeys((14, 15, 16), (1919, 2565)),
    **dict.fromkeys((21, 22, 23, 24), (1903, 2546)),
    **{17: (2336, 1281), 20: (1866, 2315), 26: (2995, 1783), 27: (1917, 3313), 28: (1917, 2567)},
}
TEST = {
    **{29: (1917, 2563), 30: (1934, 2563), 31: (1980, 2555), 32: (1980, 2555), 33: (1581, 2555), 34: (1388, 2555)},
    **{35: (2805, 1884), 37: (1996, 1995), 38: (3816, 2550)},
}


@pytest.mark.parametrize(
    ("name", "side", "count", "last"),
    [
        ("potsdam-ctfa", 6000, 11, 5120),
        ("potsdam-atsg", 6000, 24, 5744),
        ("deepglobe-ctfa", 2448, 5, 1936),
        ("isaid-atsg", 1024, 2, 512),
        ("vaihingen-atsg", 2560 + 16, 10, 2304),
        ("vaihingen-atsg", 2560 + 17, 11, 2321),
    ],
)
def test_patches_along_a_side(name: str, side: int, count: int, last: int) -> None:
    chosen = patch_set(name)
    found = starts(side, chosen.size, chosen.spare)
    assert (len(found), found[-1]) == (count, last)


def test_published_counts() -> None:
    def patches(areas: dict[int, tuple[int, int]], name: str) -> int:
        chosen = patch_set(name)
        sides = ((len(starts(side, chosen.size, chosen.spare)) for side in area) for area in areas.values())
        return sum(np.prod(list(side)) for side in sides)

    assert patches(LEARN, "vaihingen-atsg") == 1986
    assert patches(TEST, "vaihingen-atsg") == 752
    assert {str(area) for area in TEST} == set(patch_set("vaihingen-atsg").test)
    potsdam = {number: (6000, 6000) for number in range(38)}
    for name, unused in (("potsdam-ctfa", 2), ("potsdam-atsg", 1)):
        chosen = patch_set(name)
        assert len(chosen.unused) == unused and len(chosen.test) == 14
        learn = dict(list(potsdam.items())[: 24 - unused])
        assert patches(learn, name) == chosen.counts["learn"]
        assert patches(dict(list(potsdam.items())[24:]), name) == chosen.counts["test"]


def test_names_of_patches(tmp_path: Path, miniatures: ModuleType) -> None:
    image = np.zeros((3, 300, 520), np.uint8)
    miniatures.write(tmp_path / "Potsdam/2_Ortho_RGB/top_potsdam_2_10_RGB.tif", image)
    miniatures.write(tmp_path / "Potsdam/5_Labels_all/top_potsdam_2_10_label.tif", image)
    chosen = patch_set("potsdam-atsg")
    patches = place_patches(chosen, find_images(chosen, tmp_path))
    assert [patch.name for patch in patches][:3] == ["2_10_0_0_256_256", "2_10_256_0_512_256", "2_10_264_0_520_256"]
    assert len(patches) == 6 and not patches[0].tile.test


def test_files_that_are_missing(tmp_path: Path, miniatures: ModuleType) -> None:
    for name in list_patch_sets():
        chosen = patch_set(name)
        with pytest.raises(DataError, match=r"holds no image of .* as (CTFA|ATSG|CTFA and ATSG) cuts? it"):
            find_images(chosen, tmp_path)
        with pytest.raises(DataError, match="no such folder"):
            find_images(chosen, tmp_path / "none")
    image = np.zeros((3, 200, 520), np.uint8)
    miniatures.write(tmp_path / "2_Ortho_RGB/top_potsdam_2_10_RGB.tif", image)
    chosen = patch_set("potsdam-atsg")
    with pytest.raises(DataError, match=r"1 images have no label: top_potsdam_2_10_RGB.tif; expected is 5_Labels_all"):
        find_images(chosen, tmp_path)
    miniatures.write(tmp_path / "top_potsdam_2_10_label.tif", image)
    with pytest.raises(DataError, match="has 520 x 200 pixels, less than a patch of 256 x 256"):
        place_patches(chosen, find_images(chosen, tmp_path))


def test_images_of_one_name(tmp_path: Path, miniatures: ModuleType) -> None:
    for part in ("train", "val"):
        miniatures.write(tmp_path / part / "images/P0001.png", np.zeros((3, 64, 64), np.uint8))
        miniatures.write(
            tmp_path / part / "Semantic_masks/P0001_instance_color_RGB.png", np.zeros((3, 64, 64), np.uint8)
        )
    chosen = patch_set("isaid-atsg")
    with pytest.raises(DataError, match="its patches are there twice"):
        place_patches(chosen, find_images(chosen, tmp_path))
