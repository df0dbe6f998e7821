import numpy as np
import pytest

from landwright.data.benchmarks import benchmark, read_picture
from landwright.errors import DataError
from landwright.prepare.benchmarks.files import MARKER, check_folder, copy_file, mark_folder, write_pixels


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_pixels_survive(tmp_path, suffix):
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    write_pixels(tmp_path / f"a/v{suffix}", values)
    label = read_picture(tmp_path / f"a/v{suffix}")
    assert np.array_equal(label.codes(), values) and label.palette is None
    assert [path.name for path in (tmp_path / "a").iterdir()] == [f"v{suffix}"]  # no .aux.xml


def test_colours_survive(tmp_path):
    colours = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    write_pixels(tmp_path / "c.png", colours)
    assert np.array_equal(read_picture(tmp_path / "c.png").rgb(), colours)
    copy_file(tmp_path / "c.png", tmp_path / "d/c.png")
    assert (tmp_path / "d/c.png").read_bytes() == (tmp_path / "c.png").read_bytes()


def test_folders(tmp_path):
    potsdam, udd5 = benchmark("potsdam"), benchmark("udd5")
    folder = tmp_path / "set"
    check_folder(folder, potsdam)
    assert not folder.exists()
    for _ in range(2):
        mark_folder(folder, potsdam)
    check_folder(folder, potsdam)
    with pytest.raises(DataError, match=r"holds files made for .*potsdam.* not .*udd5"):
        check_folder(folder, udd5)
    (folder / MARKER).write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        check_folder(folder, potsdam)
    (folder / MARKER).rename(folder / "holiday.jpg")
    with pytest.raises(DataError, match="holds something else already"):
        check_folder(folder, potsdam)
