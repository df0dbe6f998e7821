from __future__ import annotations

import numpy as np
import pytest

from landwright.legends import IGNORE, load_legend
from landwright.rasters import open_labels, open_raster
from landwright.rasters.palette import expand

ISPRS = load_legend("isprs-6")
GREY = {value: (value, value, value) for value in range(256)}


def entries(*colours: tuple[int, int, int]) -> dict[int, tuple[int, int, int]]:
    return dict(enumerate(colours))


@pytest.fixture
def read(make_raster):
    def reader(numbers: list[int], palette: dict[int, tuple[int, int, int]], legend=ISPRS) -> tuple[list[int], int]:
        values = np.array([numbers], np.uint8)
        with open_raster(make_raster("image.png", np.zeros((3, *values.shape), np.uint8))) as image:
            like = image.info
        with open_labels(make_raster("label.png", values, palette=palette), legend, like) as labels:
            return labels.read()[0].tolist(), len(labels.notes)

    return reader


def test_expand() -> None:
    palette = np.zeros((256, 3), np.uint8)
    palette[7] = (1, 2, 3)
    assert expand(np.array([[7, 0]], np.uint8), palette).tolist() == [[[1, 0]], [[2, 0]], [[3, 0]]]


def test_numbers_in_another_order_than_the_codes(read) -> None:
    # Valid as codes too, and wrong then: the trap of paint programs.
    palette = entries((0, 255, 0), (255, 255, 255), (0, 0, 255))
    assert read([0, 1, 2], palette)[0] == [3, 0, 1]


def test_unused_entries_do_not_matter(read) -> None:
    assert read([0, 1], entries((0, 255, 0), (255, 255, 255), (9, 9, 9)))[0] == [3, 0]


def test_palette_of_the_legend_itself(read) -> None:
    assert read([0, 5, 3], entries(*ISPRS.colours))[0] == [0, 5, 3]


def test_palette_only_for_showing(read) -> None:
    assert read([0, 1, 2, 5], GREY)[0] == [0, 1, 2, 5]


def test_ignored_colours_alone_prove_nothing(read) -> None:
    # Code 0 is shown black, which is the colour of the ignored boundary.
    assert read([0, 0], GREY)[0] == [0, 0]


def test_ignored_colours_beside_classes(read) -> None:
    assert read([0, 1], entries((0, 0, 0), (255, 0, 0)))[0] == [IGNORE, 5]


def test_grey_ramp_of_0_and_255(read) -> None:
    assert read([0, 255], GREY, load_legend("inria"))[0] == [0, 1]
    assert read([0, 1], GREY, load_legend("inria"))[0] == [0, 1]
