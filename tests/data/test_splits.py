from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from landwright.data.scenes import Scene
from landwright.data.splits import Region, Split, make_split
from landwright.errors import DataError
from landwright.rasters import Window
from landwright.recipe import SplitSpec


def scene(name: str, group: str | None = None, part: str | None = None) -> Scene:
    return Scene(name, Path(f"{name}.tif"), Path(f"{name}.png"), group, part)  # type: ignore[arg-type]


def parts(split: Split) -> dict[str, str]:
    return {region.scene.name: region.part for region in split.all}


@given(st.integers(3, 40), st.floats(0.01, 0.6), st.floats(0, 0.3), st.integers(0, 99))
def test_scenes_are_shared_out(count: int, val: float, test: float, seed: int) -> None:
    scenes = [scene(str(number)) for number in range(count)]
    spec = SplitSpec(val=val, test=test)
    split = make_split(scenes, spec, seed=seed)
    numbers = split.counts()
    assert sum(numbers.values()) == count
    assert numbers["train"] >= 1
    assert abs(numbers["val"] - val * count) <= 1
    assert ("test" in numbers) == (test > 0)
    assert parts(make_split(scenes[::-1], spec, seed=seed)) == parts(split)


def test_seeds_differ() -> None:
    scenes = [scene(str(number)) for number in range(20)]
    draws = {tuple(sorted(parts(make_split(scenes, SplitSpec(), seed=seed)).items())) for seed in range(5)}
    assert len(draws) > 1


@given(st.lists(st.integers(0, 6), min_size=6, max_size=40), st.integers(0, 9))
def test_groups_stay_together(groups: list[int], seed: int) -> None:
    groups = [*range(7), *groups]
    scenes = [scene(str(number), group=f"g{group}") for number, group in enumerate(groups)]
    drawn = parts(make_split(scenes, SplitSpec(val=0.3, test=0.2), seed=seed))
    for group in set(groups):
        assert len({drawn[str(number)] for number, other in enumerate(groups) if other == group}) == 1
    assert set(drawn.values()) == {"train", "val", "test"}


def test_known_parts_stand() -> None:
    published = [scene("a", part="train"), scene("b", part="val"), scene("c", part="test")]
    assert parts(make_split(published, SplitSpec(val=0.5), seed=0)) == {"a": "train", "b": "val", "c": "test"}
    rest = [scene(str(number)) for number in range(10)]
    drawn = parts(make_split([scene("t", part="test"), *rest], SplitSpec(val=0.2, test=0.5), seed=0))
    assert [name for name, part in drawn.items() if part == "test"] == ["t"]
    assert sum(part == "val" for part in drawn.values()) == 2


def test_too_few_scenes() -> None:
    with pytest.raises(DataError, match=r"1 scenes or groups .* train and val"):
        make_split([scene("a")], SplitSpec(val=0.2), seed=0)
    assert parts(make_split([scene("a")], SplitSpec(val=0), seed=0)) == {"a": "train"}


def test_missing_parts() -> None:
    with pytest.raises(DataError, match="'train'"):
        make_split([scene("a", part="val")], SplitSpec(), seed=0)
    with pytest.raises(DataError, match="'test'"):
        make_split([scene("a")], SplitSpec(val=0), seed=0).regions("test")


def test_a_column_must_not_tear_groups() -> None:
    torn = [scene("a", "g", "train"), scene("b", "g", "val")]
    with pytest.raises(DataError, match="group 'g' has a in train and b in val"):
        make_split(torn, SplitSpec(by="column"), seed=0)


def pixels(regions: Iterable[Region], height: int, width: int) -> np.ndarray:
    covered = np.zeros((height, width), int)
    for region in regions:
        assert region.window is not None
        row, col, rows, cols = region.window
        covered[row : row + rows, col : col + cols] += 1
    return covered


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(30, 120), st.integers(30, 120), st.integers(8, 40), st.integers(0, 9))
def test_blocks_cover_every_pixel_once(write, height: int, width: int, block: int, seed: int) -> None:
    image = write("a.tif", np.zeros((height, width), np.uint8))
    spec = SplitSpec(by="block", block=block, val=0.2, test=0.1)
    only = Scene("a", image, image)
    try:
        split = make_split([only], spec, seed=seed)
    except DataError:
        assert round(height / block) * round(width / block) <= 2
        return
    assert (pixels(split.all, height, width) == 1).all()
    assert {region.part for region in split.all} == {"train", "val", "test"}
    assert split == make_split([only], spec, seed=seed)


def test_saved_and_loaded(write, tmp_path: Path) -> None:
    image = write("a.tif", np.zeros((64, 64), np.uint8))
    scenes = [Scene("a", image, image), Scene("b", image, image, part="test")]
    split = make_split(scenes, SplitSpec(by="block", block=16, val=0.3), seed=1)
    split.save(tmp_path / "run/split.csv")
    loaded = Split.load(tmp_path / "run/split.csv")
    assert [(r.scene.name, r.scene.image, r.part, r.window) for r in loaded.all] == [
        (r.scene.name, r.scene.image, r.part, r.window) for r in split.all
    ]
    assert (tmp_path / "run/split.csv").read_text().startswith("scene,part,group,row,col,height,width,image,label")


@pytest.mark.parametrize("text", ["", "scene,part\na,tset\n", "scene,part\na,train\n"])
def test_not_a_split(tmp_path: Path, text: str) -> None:
    (tmp_path / "split.csv").write_text(text)
    with pytest.raises(DataError, match="as a split"):
        Split.load(tmp_path / "split.csv")


def test_files_of_all_kinds_are_saved(tmp_path: Path) -> None:
    full = Scene("a", Path("a.tif"), Path("l.tif"), "g", "train", Path("h.tif"), Path("b.tif"))
    bare = Scene("c", Path("c.tif"), None, part="val")
    split = Split((Region(full, "train"), Region(bare, "val")))
    split.save(tmp_path / "split.csv")
    assert Split.load(tmp_path / "split.csv") == split


def test_splits_of_before_there_were_heights_are_read(tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_text(
        "scene,part,group,row,col,height,width,image,label\na,val,,0,8,16,32,a.tif,a.png\n", encoding="utf-8"
    )
    (region,) = Split.load(tmp_path / "split.csv").all
    assert region == Region(Scene("a", Path("a.tif"), Path("a.png"), part="val"), "val", Window(0, 8, 16, 32))
