from pathlib import Path

import numpy as np
import pytest

from landwright.data.benchmarks import read_picture
from landwright.errors import DataError

RAMP = np.arange(48, dtype=np.uint8).reshape(3, 4, 4)


def test_colours_whatever_the_suffix(miniatures, tmp_path):
    for name, options in (("a.png", {}), ("b.tif", {"photometric": "RGB"}), ("bmp.png", {"driver": "BMP"})):
        miniatures.write(tmp_path / name, RAMP, **options)
        picture = read_picture(tmp_path / name)
        assert picture.fault_of_image() is None and not picture.is_grey and picture.shape == (4, 4)
        assert np.array_equal(picture.rgb(), np.moveaxis(RAMP, 0, -1))
        assert np.array_equal(picture.colours(), RAMP)
    assert picture.driver == "BMP"


def test_grey(miniatures, tmp_path):
    miniatures.write(tmp_path / "one.png", RAMP[0])
    one = read_picture(tmp_path / "one.png")
    assert one.is_grey and one.fault_of_image() == "is grey: it has one band"
    assert np.array_equal(one.codes(), RAMP[0]) and np.array_equal(one.grey(), RAMP[0])
    assert np.array_equal(one.rgb(grey=True), np.repeat(RAMP[0][..., None], 3, -1))
    with pytest.raises(DataError, match=r"one\.png: is grey: it has one band.* published colour file\.$"):
        one.rgb()
    miniatures.write(tmp_path / "three.png", np.repeat(RAMP[:1], 3, 0))
    assert read_picture(tmp_path / "three.png").is_grey
    miniatures.write(tmp_path / "black.png", np.zeros((3, 4, 4), np.uint8))
    assert not read_picture(tmp_path / "black.png").is_grey  # an empty crop is not one of a grey scene


def test_transparency_and_many_bands(miniatures, tmp_path):
    miniatures.write(tmp_path / "alpha.png", np.concatenate([RAMP, RAMP[:1]]))
    alpha = read_picture(tmp_path / "alpha.png")
    assert alpha.fault_of_image() == "has a band of transparency (4 bands)" and not alpha.is_grey
    assert np.array_equal(alpha.colours(), RAMP)
    with pytest.raises(DataError, match=r"transparency.*gdal_translate -b 1 -b 2 -b 3"):
        alpha.rgb()
    miniatures.write(tmp_path / "five.tif", np.zeros((5, 4, 4), np.uint8), photometric="MINISBLACK")
    five = read_picture(tmp_path / "five.tif")
    assert five.fault_of_image() == "has 5 bands"
    for read in (five.colours, five.codes, five.grey):
        with pytest.raises(DataError, match="5 bands"):
            read()


def test_a_palette_gives_numbers_or_colours(miniatures, tmp_path):
    numbers = np.array([[0, 1], [2, 1]], np.uint8)
    palette = {0: (0, 0, 0, 255), 1: (255, 255, 255, 255), 2: (0, 0, 255, 255)}
    miniatures.write(tmp_path / "p.png", numbers, palette=palette)
    picture = read_picture(tmp_path / "p.png")
    assert np.array_equal(picture.codes(), numbers) and not picture.is_grey
    assert picture.colours()[:, 1, 0].tolist() == [0, 0, 255]
    assert picture.grey().tolist() == [[0, 255], [29, 255]]
    with pytest.raises(DataError, match=r"has a palette.*-expand rgb"):
        picture.rgb()


def test_masks_of_one_bit_are_black_and_white(miniatures, tmp_path):
    mask = np.eye(8, dtype=np.uint8)
    for name in ("m.png", "m.tif"):
        miniatures.write(tmp_path / name, mask, nbits=1)
        picture = read_picture(tmp_path / name)
        assert picture.bits == 1
        assert np.array_equal(picture.grey(), mask * 255) and np.array_equal(picture.codes(), mask)


def test_files_that_are_no_8_bit_images(miniatures, tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        read_picture(tmp_path / "none.png")
    miniatures.write(tmp_path / "deep.tif", RAMP[0], dtype="uint16")
    with pytest.raises(DataError, match=r"deep\.tif: holds values of uint16, not of 8 bits"):
        read_picture(tmp_path / "deep.tif")
    miniatures.write(tmp_path / "cut.png", np.random.default_rng(0).integers(0, 256, (3, 64, 64), np.uint8))
    cut(tmp_path / "cut.png")
    with pytest.raises(DataError, match=r"cut\.png: is not a readable image"):
        read_picture(tmp_path / "cut.png")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:2000])
