import csv
import hashlib
import json
from itertools import combinations

import numpy as np
import pytest
import rasterio
from rio_cogeo.cogeo import cog_validate

from landwright.errors import DataError, UsageError
from landwright.legends import load_legend
from landwright.world import make_scene, write_world
from landwright.world.write import FOLDERS


def digests(root):
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("world") / "w"
    names = write_world(root, scenes=3, size=96, seed=5, nir=True)
    return root, names


def test_layout_of_the_folder(world):
    root, names = world
    assert names == ["grid_g05_mid_00000", "grid_g05_mid_00001", "grid_g05_mid_00002"]
    for folder in FOLDERS:
        assert sorted(path.name for path in (root / folder).iterdir()) == [f"{name}.tif" for name in names]
    assert (root / "train.txt").read_text().split() == names
    rows = list(csv.DictReader((root / "tags.csv").open()))
    assert [row["image"] for row in rows] == [f"opt/{name}.tif" for name in names]
    known = set(load_legend("openearthmap-8").names)
    assert all(set(row["tags"].split(";")) <= known for row in rows)
    metadata = json.loads((root / "metadata.json").read_text())
    assert metadata["settings"]["seed"] == 5
    assert [scene["name"] for scene in metadata["scenes"]] == names


def test_files_hold_the_scene_that_the_record_names(world):
    root, names = world
    record = json.loads((root / "metadata.json").read_text())["scenes"][1]
    scene = make_scene(
        record["seed"], size=96, gsd=record["gsd"], style=record["style"], nir=True, corner=tuple(record["corner"])
    )
    wanted = {
        "opt": scene.image,
        "pre_opt": scene.before,
        "gt_ss_mask": scene.classes[None],
        "gt_nDSM": scene.height[None],
        "gt_cd_mask": scene.change[None],
        "coarse": scene.coarse[None],
    }
    for folder, array in wanted.items():
        with rasterio.open(root / folder / f"{names[1]}.tif") as file:
            assert np.array_equal(file.read(), array)
            assert file.crs.to_epsg() == 32633
            assert file.transform == (scene.coarse_transform if folder == "coarse" else scene.transform)
    with rasterio.open(root / "opt" / f"{names[1]}.tif") as file:
        assert file.descriptions == ("red", "green", "blue", "near infrared")
    with rasterio.open(root / "gt_ss_mask" / f"{names[1]}.tif") as file:
        assert file.colormap(1)[8][:3] == load_legend("openearthmap-8").colour_table()[8][:3]


def test_every_raster_is_a_valid_cog(world):
    root, names = world
    for folder in FOLDERS:
        valid, errors, warnings = cog_validate(root / folder / f"{names[0]}.tif", strict=True)
        assert valid, (errors, warnings)


def test_scenes_do_not_overlap(world):
    root, names = world
    bounds = [rasterio.open(root / "opt" / f"{name}.tif").bounds for name in names]
    for a, b in combinations(bounds, 2):
        assert a.right <= b.left or b.right <= a.left or a.top <= b.bottom or b.top <= a.bottom


def test_bytes_do_not_depend_on_the_number_of_jobs(world, tmp_path):
    root, _ = world
    write_world(tmp_path / "again", scenes=3, size=96, seed=5, nir=True, jobs=2)
    assert digests(tmp_path / "again") == digests(root)


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_leaves_whole_files_only(jobs, tmp_path):
    def stop(done, _):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_world(tmp_path, scenes=6, size=64, seed=5, jobs=jobs, progress=stop)
    assert not list(tmp_path.rglob(".*"))
    assert all(rasterio.open(path).read().size for path in tmp_path.rglob("*.tif"))
    assert not (tmp_path / "train.txt").exists()


def test_an_interrupted_world_goes_on_where_it_stopped(world, tmp_path):
    def stop(done, _):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_world(tmp_path, scenes=3, size=96, seed=5, nir=True, progress=stop)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/*.tif")}
    assert len(before) == 2 * len(FOLDERS)
    (tmp_path / "coarse" / "grid_g05_mid_00001.tif").unlink()
    seen = []
    write_world(tmp_path, scenes=3, size=96, seed=5, nir=True, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert digests(tmp_path) == digests(world[0])
    kept = [path for path in before if "00000" in path.name]
    assert all(path.stat().st_mtime_ns == before[path] for path in kept)


def test_a_world_can_be_extended_but_not_mixed(tmp_path):
    write_world(tmp_path, scenes=1, size=32, gsd=1.0, seed=1)
    assert len(write_world(tmp_path, scenes=2, size=32, gsd=1.0, seed=1)) == 2
    with pytest.raises(DataError, match="seed 1"):
        write_world(tmp_path, scenes=2, size=32, gsd=1.0, seed=2)
    with pytest.raises(DataError, match="sensor 'default'"):
        write_world(tmp_path, scenes=2, size=32, gsd=1.0, seed=1, sensor="hazy")
    with pytest.raises(DataError, match=r"off_nadir 0\.0"):
        write_world(tmp_path, scenes=2, size=32, gsd=1.0, seed=1, off_nadir=10.0)


def test_worlds_from_before_the_newer_settings_are_extended(tmp_path):
    write_world(tmp_path / "new", scenes=1, size=48, seed=4)
    write_world(tmp_path / "old", scenes=1, size=48, seed=4)
    path = tmp_path / "old" / "metadata.json"
    metadata = json.loads(path.read_text())
    for key in ("sensor", "off_nadir", "typical"):
        del metadata["settings"][key]
    path.write_text(json.dumps(metadata))
    image = tmp_path / "old" / "opt" / "grid_g05_mid_00000.tif"
    with rasterio.open(image, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as file:
        record = json.loads(file.tags()["LANDWRIGHT_WORLD"])
        del record["height_std"], record["raised"]
        file.update_tags(LANDWRIGHT_WORLD=json.dumps(record))
    made = image.stat().st_mtime_ns
    write_world(tmp_path / "old", scenes=1, size=48, seed=4)
    assert image.stat().st_mtime_ns == made
    assert json.loads(path.read_text()) == json.loads((tmp_path / "new" / "metadata.json").read_text())


OTHER = {"size": 64, "seed": 5, "family": "terrain_g05_mid", "sensor": "film", "off_nadir": 25.0, "typical": True}


@pytest.mark.slow
def test_a_world_of_the_newer_settings_goes_on_where_it_stopped(tmp_path):
    def stop(done, _):
        if done == 1:
            raise KeyboardInterrupt

    write_world(tmp_path / "whole", scenes=3, **OTHER)
    with pytest.raises(KeyboardInterrupt):
        write_world(tmp_path / "part", scenes=3, progress=stop, **OTHER)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "part").glob("*/*_00000.tif")}
    assert len(kept) == len(FOLDERS)
    write_world(tmp_path / "part", scenes=3, jobs=2, **OTHER)
    assert digests(tmp_path / "part") == digests(tmp_path / "whole")
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
    with pytest.raises(DataError, match="typical True"):
        write_world(tmp_path / "part", scenes=3, **(OTHER | {"typical": False}))


def test_typical_scenes_are_drawn_again_and_the_others_stay(tmp_path):
    settings = {"scenes": 6, "size": 64, "seed": 2}
    for name, typical in (("all", False), ("some", True)):
        write_world(tmp_path / name, typical=typical, **settings)
    every, some = (json.loads((tmp_path / name / "metadata.json").read_text()) for name in ("all", "some"))
    assert every["statistics"]["outliers"] > 0
    assert some["statistics"]["outliers"] == 0
    for first, second in zip(every["scenes"], some["scenes"], strict=True):
        assert (first["seed"] == second["seed"]) == (0.1 <= first["raised"] <= 0.9)


def test_a_filter_that_nothing_passes_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("landwright.world.write.is_typical", lambda height: False)
    with pytest.raises(DataError, match="none of 50 draws of scene 0"):
        write_world(tmp_path, scenes=1, size=16, typical=True)


def test_metadata_holds_the_statistics(world):
    root, names = world
    metadata = json.loads((root / "metadata.json").read_text())
    heights = np.stack([rasterio.open(root / "gt_nDSM" / f"{name}.tif").read(1) for name in names])
    assert metadata["statistics"]["height_std"] == pytest.approx(heights.std(), abs=0.01)
    assert metadata["statistics"]["raised"] == pytest.approx((heights > 1).mean(), abs=0.001)


def test_folders_that_are_no_world(tmp_path):
    (tmp_path / "metadata.json").write_text("[1")
    with pytest.raises(DataError, match="no folder for a world"):
        write_world(tmp_path, scenes=1, size=32)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="no folder for a world"):
        write_world(tmp_path / "file", scenes=1, size=32)


def test_a_damaged_scene_is_named(tmp_path):
    write_world(tmp_path, scenes=1, size=32, seed=1)
    path = tmp_path / "opt" / "grid_g05_mid_00000.tif"
    path.write_bytes(b"no tiff")
    with pytest.raises(DataError, match="grid_g05_mid_00000"):
        write_world(tmp_path, scenes=1, size=32, seed=1)


@pytest.mark.parametrize(
    "wrong", [{"scenes": 0}, {"jobs": 0}, {"family": "x"}, {"style": "x"}, {"size": 1}, {"sensor": "x"}]
)
def test_wrong_settings_leave_nothing_behind(wrong, tmp_path):
    with pytest.raises(UsageError):
        write_world(tmp_path / "w", **({"scenes": 1} | wrong))
    assert not (tmp_path / "w").exists()
