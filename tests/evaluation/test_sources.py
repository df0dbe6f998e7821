from __future__ import annotations

from dataclasses import replace

import pytest

from landwright.data import Region, Split
from landwright.errors import DataError, UsageError
from landwright.evaluation.findings import LabelOptions
from landwright.evaluation.sources import (
    find_run,
    run_data,
    scenes_of_files,
    scenes_of_split,
    without_groups,
)
from landwright.rasters import Window
from landwright.recipe import DataSpec, SplitSpec


def write_split(path, scenes, *, test=True):
    windows = (Window(0, 0, 10, 50), Window(20, 0, 5, 50))
    regions = [Region(scenes[0], "train"), *(Region(scenes[1], "val", window) for window in windows)]
    Split((*regions, *([Region(scenes[2], "test")] if test else []))).save(path)


def write_recipe(run, data):
    (run / "recipe.yaml").write_text(f"regime: masks\nclasses: dubai-6\ndata: {data}\nnetwork: {{name: clcformer}}\n")


def test_the_run_of_a_model_is_found(run, tmp_path):
    assert find_run(run) == run
    assert find_run(run / "bundle") == run
    assert find_run(tmp_path) is None
    assert find_run("owner/name") is None


def test_a_part_of_a_split(scenes, tmp_path):
    write_split(tmp_path / "split.csv", scenes)
    (found,) = scenes_of_split(tmp_path / "split.csv", "val").items()
    assert found[0].name == "s1"
    assert found[1] == (Window(0, 0, 10, 50), Window(20, 0, 5, 50))
    assert list(scenes_of_split(tmp_path / "split.csv", "test").values()) == [()]


def test_a_run_is_scored_on_what_it_kept_apart(run, scenes):
    write_recipe(run, "{images: a, labels: b, field: kind, burn: Road, bands: [1, 2, 3]}")
    write_split(run / "split.csv", scenes)
    found = run_data(run, None)
    assert (found.part, [scene.name for scene in found.scenes]) == ("test", ["s2"])
    assert found.labels == LabelOptions("kind", "Road")
    assert found.bands == [1, 2, 3]
    assert run_data(run, "train").part == "train"


def test_without_a_test_part_the_val_part_counts(run, scenes):
    write_recipe(run, "{images: a, labels: b, crosswalk: isprs-6-torchgeo-to-isprs-6}")
    write_split(run / "split.csv", scenes, test=False)
    found = run_data(run, None)
    assert found.part == "val"
    assert found.labels.crosswalk.name == "isprs-6-torchgeo-to-isprs-6"
    with pytest.raises(DataError, match="test"):
        run_data(run, "test")


def test_pairs_with_a_column(scenes, tmp_path):
    lines = [
        f"images/{scene.name}.tif,labels/{scene.name}.tif,{part}"
        for scene, part in zip(scenes, ("train", "test", "test"), strict=True)
    ]
    (tmp_path / "pairs.csv").write_text("\n".join(["image,label,fold", *lines]))
    spec = DataSpec(pairs=str(tmp_path / "pairs.csv"), split=SplitSpec(by="column", column="fold"))
    assert [scene.name for scene in scenes_of_files(spec, "test")] == ["s1", "s2"]
    assert len(scenes_of_files(spec, None)) == 3
    with pytest.raises(UsageError, match="val"):
        scenes_of_files(spec, "val")


def test_groups_of_a_split_are_no_sets(scenes):
    windows = (Window(0, 0, 2, 2),)
    grouped = {replace(scenes[0], group="a"): windows, replace(scenes[1], group="b"): ()}
    assert without_groups(grouped) == {scenes[0]: windows, scenes[1]: ()}
