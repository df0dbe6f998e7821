from __future__ import annotations

import numpy as np
import pytest
from rasterio.io import MemoryFile

from landwright.evaluation.heights import HeightPreview
from landwright.evaluation.report.heightpictures import ERROR, METRES, height_pictures, ramp_picture


def pixels(png):
    with MemoryFile(png) as memory, memory.open() as file:
        return file.read()


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_too_high_is_red_and_too_low_is_blue():
    reference = np.full((4, 4), 5.0, np.float32)
    reference[3, 3] = np.nan
    prediction = reference.copy()
    prediction[0, 0], prediction[0, 1], prediction[1, 1] = 15, -5, np.nan
    shown = height_pictures(HeightPreview("s", (40, 40), 0.5, reference, prediction))
    assert shown.caption == "20 x 20 m, 40 x 40 pixels of 0.5 m"
    assert list(shown.pictures) == [
        "Reference, 0 (dark) to 5 m",
        "Map on the same scale (white: none)",
        "Error: blue too low, red too high, up to 10 m",
    ]
    error = pixels(list(shown.pictures.values())[2])
    assert tuple(error[:, 0, 0]) == ERROR[-1]
    assert tuple(error[:, 0, 1]) == ERROR[0]
    assert tuple(error[:, 2, 2]) == ERROR[2]
    assert tuple(error[:, 1, 1]) == tuple(error[:, 3, 3]) == (255, 255, 255)


def test_values_beyond_the_ramp_have_its_ends():
    picture = ramp_picture(np.array([[-3, 0, 10, 99]], np.float32), METRES, 0, 10)
    assert [tuple(picture[:, 0, place]) for place in range(4)] == [METRES[0], METRES[0], METRES[-1], METRES[-1]]


def test_nothing_known_can_be_drawn():
    nothing = np.full((3, 3), np.nan, np.float32)
    image = np.zeros((3, 3, 3), np.uint8)
    shown = height_pictures(HeightPreview("s", (3, 3), None, nothing, nothing, image))
    assert len(shown.pictures) == 4
    assert shown.caption == "3 x 3 pixels"
