from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

from landwright.errors import DataError, UsageError
from landwright.prepare import prepare_isprs

Make = Callable[..., Path]
FOLDERS = ("opt", "gt_nDSM", "gt_ss_mask")


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read()


def test_the_folders_of_synrs3d(make_isprs: Make, tmp_path: Path, town: tuple[np.ndarray, np.ndarray]) -> None:
    place = Affine(1.0, 0, 4e5, 0, -1.0, 5.8e6) @ Affine.rotation(10)
    root = make_isprs("potsdam", ["2_10", "2_13"], crs="EPSG:25833", transform=place)
    seen: list[tuple[int, int]] = []
    result = prepare_isprs(root, tmp_path / "out", name="potsdam", size=64, progress=lambda *at: seen.append(at))
    assert (result.tiles, result.train, result.test, result.kept) == (2, 4, 4, 0)
    assert seen[0] == (0, 8)
    assert seen[-1] == (8, 8)
    stems = [f"top_potsdam_2_10_RGB_slice_{number}" for number in range(4)]
    assert (result.path / "train.txt").read_text().split() == stems
    assert len((result.path / "test.txt").read_text().split()) == 4
    assert json.loads((result.path / "metadata.json").read_text())["size"] == 64
    for folder in FOLDERS:
        assert len(list((result.path / folder).glob("*.tif"))) == 8

    image = read(root / "2_Ortho_RGB/top_potsdam_2_10_RGB.tif")
    for number, (row, col) in enumerate((row, col) for row in (0, 56) for col in (0, 36)):
        opt, ndsm, mask = (result.path / folder / f"{stems[number]}.tif" for folder in FOLDERS)
        part = np.s_[row : row + 64, col : col + 64]
        np.testing.assert_array_equal(read(opt), image[:, *part])
        assert np.abs(read(ndsm)[0] - town[1][part]).mean() < 0.1
        if row:
            np.testing.assert_array_equal(read(mask)[0], town[1][part] > 3)
        with rasterio.open(opt) as file:
            assert file.transform.almost_equals(place @ Affine.translation(col, row))
            assert file.crs.to_epsg() == 25833
            assert file.descriptions == ("red", "green", "blue")
        with rasterio.open(ndsm) as file:
            assert (file.dtypes, file.nodata) == (("float32",), -9999)
        with rasterio.open(mask) as file:
            assert (file.dtypes, file.nodata) == (("uint8",), 255)
            assert file.colormap(1)[1][:3] == (0, 0, 255)


def test_the_filter_sees_the_whole_tile(make_isprs: Make, tmp_path: Path) -> None:
    root = make_isprs("vaihingen", ["1"])
    with rasterio.open(root / "dsm/dsm_09cm_matching_area1.tif", "r+") as file:
        surface = np.full((1, 120, 100), 30, np.float32)
        surface[:, 40:76, 30:66] = 44
        file.write(surface)
    prepare_isprs(root, tmp_path / "out", name="vaihingen", size=20)
    heights = [read(path) for path in sorted((tmp_path / "out/gt_nDSM").iterdir())]
    # Slices inside of the building hold nothing of the ground, and yet its height.
    assert sum((part > 13.9).all() for part in heights) == 1


@pytest.mark.filterwarnings("error::rasterio.errors.NotGeoreferencedWarning")
def test_unknown_heights_and_files_without_a_position(make_isprs: Make, tmp_path: Path) -> None:
    with pytest.warns(NotGeoreferencedWarning):
        root = make_isprs("vaihingen", ["1"], transform=None)
        with rasterio.open(root / "dsm/dsm_09cm_matching_area1.tif", "r+") as file:
            holed = file.read()
            holed[:, :5] = np.nan
            file.write(holed)
    ours = prepare_isprs(root, tmp_path / "ours", name="vaihingen", size=64).path
    published = prepare_isprs(root, tmp_path / "paper", name="vaihingen", size=64, paper=True).path
    with pytest.warns(NotGeoreferencedWarning):
        name = "gt_nDSM/top_mosaic_09cm_area1_slice_0.tif"
        assert (read(ours / name)[0, :5] == -9999).all()
        assert (read(published / name)[0, :5] == 0).all()
        with rasterio.open(ours / "opt/top_mosaic_09cm_area1_slice_0.tif") as file:
            assert file.transform == Affine.identity()
            assert file.descriptions == ("near infrared", "red", "green")


def test_as_published_the_end_is_left_out(make_isprs: Make, tmp_path: Path) -> None:
    root = make_isprs("vaihingen", ["1"])
    image = read(root / "top/top_mosaic_09cm_area1.tif")
    for paper, row in ((False, 71), (True, 70)):
        out = tmp_path / f"{paper}"
        result = prepare_isprs(root, out, name="vaihingen", size=49, paper=paper)
        assert result.train == 9
        last = read(out / "opt/top_mosaic_09cm_area1_slice_8.tif")
        np.testing.assert_array_equal(last, image[:, row : row + 49, (51 if not paper else 50) :][:, :, :49])


def test_a_run_that_was_interrupted_continues(make_isprs: Make, tmp_path: Path) -> None:
    root, out = make_isprs("vaihingen", ["1", "2", "3"]), tmp_path / "out"

    def stop(done: int, _total: int) -> None:
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_isprs(root, out, name="vaihingen", size=64, progress=stop)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.tif")}
    assert len(before) == 18
    result = prepare_isprs(root, out, name="vaihingen", size=64)
    assert (result.kept, result.train, result.test) == (6, 8, 4)
    assert all(path.stat().st_mtime_ns == at for path, at in before.items())
    assert len(list(out.rglob("*.tif"))) == 36
    assert prepare_isprs(root, out, name="vaihingen", size=64).kept == 12
    with pytest.raises(DataError, match=r"holds slices made with .*Repeat its settings"):
        prepare_isprs(root, out, name="vaihingen", size=50)
    (out / "metadata.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        prepare_isprs(root, out, name="vaihingen", size=64)


def test_nothing_is_left_of_a_run_that_cannot_start(make_isprs: Make, tmp_path: Path) -> None:
    root, out = make_isprs("vaihingen", ["1"]), tmp_path / "out"
    with pytest.raises(UsageError, match=r"top_mosaic_09cm_area1\.tif: a slice of 512 pixels does not fit"):
        prepare_isprs(root, out, name="vaihingen")
    (root / "dsm/dsm_09cm_matching_area1.tif").write_text("no raster")
    with pytest.raises(DataError, match="is not a readable raster"):
        prepare_isprs(root, out, name="vaihingen", size=64)
    assert not out.exists()
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="is not an empty folder"):
        prepare_isprs(root, out, name="vaihingen", size=64)
