import numpy as np
import pytest

from landwright.data.benchmarks import read_picture
from landwright.prepare.benchmarks.files import copy_file, write_pixels


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
