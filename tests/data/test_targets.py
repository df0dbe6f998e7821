from pathlib import Path

import pytest

from landwright.data.scenes import find_targets
from landwright.errors import DataError, UsageError
from landwright.recipe import TargetSpec


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for number in range(10):
        (tmp_path / f"{number}.tif").touch()
    return tmp_path


def names(base: Path, seed: int = 0, **options) -> list[str]:
    scenes = find_targets(TargetSpec(**options), seed=seed, base=base)
    assert all((scene.label, scene.height, scene.before, scene.part) == (None,) * 4 for scene in scenes)
    return [scene.name for scene in scenes]


def test_images_in_their_order(images: Path) -> None:
    assert names(images, images="*.tif") == [str(number) for number in range(10)]


def test_the_limit_is_drawn_by_the_seed(images: Path) -> None:
    draws = [names(images, seed, images="*.tif", limit=4) for seed in (0, 0, 1, 2)]
    assert draws[0] == draws[1] and len({tuple(draw) for draw in draws}) > 1
    assert all(len(draw) == 4 and draw == sorted(draw) for draw in draws)
    assert len(names(images, images="*.tif", limit=99)) == 10


def test_what_is_scored_stays_unseen_unless_allowed(images: Path) -> None:
    (images / "test.txt").write_text("3.tif\n7.tif\n")
    with pytest.raises(DataError, match=r"3\.tif: 2 of 10 target images are under target\.exclude too: 3, 7"):
        names(images, images="*.tif", exclude="test.txt")
    with pytest.raises(DataError, match=r"1 of 10 .*: 7"):
        names(images, images="*.tif", exclude="test.txt", allow=("3",))
    assert len(names(images, images="*.tif", exclude="test.txt", allow=("3.tif", "7"))) == 10
    assert len(names(images, images="*.tif", exclude="test.txt", allow=("*",))) == 10
    assert names(images, images=["1.tif", "2.tif"], exclude="test.txt") == ["1", "2"]
    with pytest.raises(UsageError, match=r"target\.allow names 4, which is no image that is kept apart"):
        names(images, images="*.tif", exclude="test.txt", allow=("3", "7", "4"))


def test_many_are_shortened(images: Path) -> None:
    with pytest.raises(DataError, match="0, 1, 2, 3, 4 and 5 more"):
        names(images, images="*.tif", exclude="*.tif")


def dfc19(root: Path, stems: dict[str, list[str]]) -> None:
    (root / "opt").mkdir(parents=True)
    for part, names_of_part in stems.items():
        for stem in names_of_part:
            (root / f"opt/{stem}.tif").touch()
        (root / f"{part}.txt").write_text("\n".join(names_of_part))


def test_a_layout_gives_its_train_part_without_masks(tmp_path: Path) -> None:
    dfc19(tmp_path, {"train": ["JAX_1_2_0_0", "JAX_1_3_0_512"], "test_syn": ["JAX_2_1_0_0"], "rest": ["JAX_3_1_0_0"]})
    known = {"layout": "dfc19-jax", "root": "."}
    assert names(tmp_path, **known) == ["JAX_1_2_0_0", "JAX_1_3_0_512"]
    assert names(tmp_path, **known, where={"view": "3"}) == ["JAX_1_3_0_512"]
    assert len(names(tmp_path, **known, allow=("JAX_2_1_0_0",))) == 3
    with pytest.raises(UsageError, match=r"JAX_2\*, which is no image"):
        names(tmp_path, **known, allow=("JAX_2*",))
    with pytest.raises(DataError, match="holds no image of the train part of dfc19-jax"):
        names(tmp_path, **known, where={"site": "2"})
    assert len(names(tmp_path, layout="dfc19-jax-grouped", root=".")) == 4


def test_train_images_on_ground_of_the_test_part_are_refused(tmp_path: Path) -> None:
    dfc19(tmp_path, {"train": ["JAX_1_2_0_0", "JAX_2_3_0_512"], "test_syn": ["JAX_2_1_0_0"]})
    known = {"layout": "dfc19-jax", "root": "."}
    with pytest.raises(DataError, match=r"1 of 2 target images of the train part of dfc19-jax show ground of its test"):
        names(tmp_path, **known)
    assert names(tmp_path, **known, allow=("*",)) == ["JAX_1_2_0_0", "JAX_2_3_0_512"]
