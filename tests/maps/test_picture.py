from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import rasterio
from rasterio.io import MemoryFile

from landwright.legends import IGNORE, load_legend
from landwright.maps.legend_picture import legend_svg
from landwright.maps.picture import (
    class_picture,
    confidence_picture,
    error_picture,
    png_bytes,
    rgb_picture,
    side_by_side,
    thinned,
    write_png,
)
from landwright.rasters import open_raster

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def test_eight_bit_images_keep_their_colours() -> None:
    image = np.random.default_rng(0).integers(0, 101, (3, 40, 50)).astype(np.uint8)
    image[2] //= 2
    picture = rgb_picture(image)
    assert picture.dtype == np.uint8
    assert int(picture[0].max()) == 255
    assert int(picture[2].max()) == pytest.approx(128, abs=6)


def test_other_types_are_stretched_by_band() -> None:
    image = np.random.default_rng(0).random((4, 40, 50)) * np.array([1, 1000, 5, 7])[:, None, None]
    picture = rgb_picture(image.astype(np.float32))
    assert picture.shape == (3, 40, 50)
    assert picture.reshape(3, -1).max(axis=1).tolist() == [255] * 3
    assert picture.reshape(3, -1).min(axis=1).tolist() == [0] * 3


def test_one_band_is_grey_and_invalid_pixels_are_white() -> None:
    image = np.arange(20, dtype=np.float32).reshape(1, 4, 5)
    image[0, 0, 0] = np.nan
    valid = np.ones((4, 5), bool)
    valid[1, 1] = False
    picture = rgb_picture(image, valid=valid)
    assert (picture[0] == picture[1]).all()
    assert (picture[:, 0, 0] == 255).all()
    assert (picture[:, 1, 1] == 255).all()
    assert (rgb_picture(image, valid=~valid & False) == 255).all()
    assert (rgb_picture(np.full((3, 2, 2), 7, np.uint8)) == 0).all()


def test_reduction_averages_valid_pixels() -> None:
    image = np.zeros((1, 4, 6), np.float32)
    image[0, :, 2:4] = 10
    image[0, 0, 2] = 1000
    valid = np.ones((4, 6), bool)
    valid[0, 2] = False
    picture = rgb_picture(image, valid=valid, size=3)
    np.testing.assert_array_equal(picture[0], [[0, 255, 0], [0, 255, 0]])


def test_a_raster_is_read_in_pieces(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(1, 255, (3, 1300, 300), dtype=np.uint8)
    image[:, :90, :90] = 0
    path = tmp_path / "image.tif"
    with rasterio.open(path, "w", driver="GTiff", count=3, height=1300, width=300, dtype="uint8", nodata=0) as file:
        file.write(image)
    with open_raster(path) as raster:
        picture = rgb_picture(raster, size=200)
        np.testing.assert_array_equal(picture, rgb_picture(image, valid=image[0] > 0, size=200))
        assert picture.shape == (3, 186, 43)
        with pytest.raises(ValueError, match="knows"):
            rgb_picture(raster, valid=np.ones((1300, 300), bool))


def test_classes_have_the_legends_colours() -> None:
    legend = load_legend("isprs-6")
    indices = np.array([[0, 5], [2, IGNORE]], np.uint8)
    picture = class_picture(indices, legend)
    assert tuple(picture[:, 0, 1]) == legend.colours[5]
    assert tuple(picture[:, 1, 0]) == legend.colours[2]
    assert tuple(picture[:, 1, 1]) == (255, 255, 255)


def test_confidence_runs_from_red_to_green() -> None:
    picture = confidence_picture(np.array([[0, 50, 100, 255]], np.uint8)).astype(int)
    assert tuple(picture[:, 0, 0]) == (165, 0, 38)
    assert tuple(picture[:, 0, 2]) == (26, 150, 65)
    assert tuple(picture[:, 0, 3]) == (255, 255, 255)


def test_errors_are_red() -> None:
    found = np.array([[0, 1, 2, IGNORE]], np.uint8)
    picture = error_picture(found, np.array([[0, 2, IGNORE, 1]], np.uint8))
    assert picture[:, 0].T.tolist() == [[222] * 3, [200, 30, 30], [255] * 3, [255] * 3]


def test_pictures_stand_side_by_side() -> None:
    sheet = side_by_side([np.zeros((3, 4, 5), np.uint8), np.ones((3, 2, 3), np.uint8)], gap=2)
    assert sheet.shape == (3, 4, 10)
    assert (sheet[:, :, 5:7] == 255).all()
    assert (sheet[:, :2, 7:] == 1).all()
    assert (sheet[:, 2:, 7:] == 255).all()


@pytest.mark.parametrize(
    ("shape", "size", "small"), [((10, 20), 5, (3, 5)), ((7, 7), 100, (7, 7)), ((9, 1), 4, (3, 1))]
)
def test_thinning_keeps_values(shape: tuple[int, int], size: int, small: tuple[int, int]) -> None:
    values = np.random.default_rng(0).integers(0, 9, shape, dtype=np.uint8)
    assert thinned(values, size).shape == small
    assert thinned(values, None).shape == shape


@pytest.mark.parametrize("shape", [(3, 5, 7), (5, 7)])
def test_png_holds_the_picture(tmp_path: Path, shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    data = png_bytes(picture)
    assert data.startswith(b"\x89PNG")
    with MemoryFile(data) as memory, memory.open() as file:
        np.testing.assert_array_equal(file.read().squeeze(), picture)
    write_png(tmp_path / "a.png", picture)
    assert (tmp_path / "a.png").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("columns", [1, 3])
def test_the_legend_is_a_picture_with_text(columns: int) -> None:
    legend = load_legend("openearthmap-8")
    svg = ET.fromstring(legend_svg(legend, columns=columns))
    space = "{http://www.w3.org/2000/svg}"
    assert [text.text for text in svg.iter(f"{space}text")] == list(legend.names)
    fills = [rect.get("fill") for rect in svg.iter(f"{space}rect")]
    assert fills == ["#{:02x}{:02x}{:02x}".format(*colour) for colour in legend.colours]
    assert len({rect.get("x") for rect in svg.iter(f"{space}rect")}) == columns
    assert svg.get("height") == str(24 * -(-8 // columns))
