import numpy as np
import pytest

from landwright.data.benchmarks import benchmark, read_picture
from landwright.errors import DataError
from landwright.prepare.benchmarks.labels import label_values


@pytest.fixture
def values(miniatures, tmp_path):
    """Return `values(name, label, suffix, **options)`: what the preparation reads."""

    def read(name, label, suffix=".png", **options):
        path = tmp_path / f"label{suffix}"
        miniatures.write(path, label, **options)
        return label_values(benchmark(name), read_picture(path))

    return read


@pytest.mark.parametrize(
    ("name", "table", "expected"),
    [
        ("potsdam", "ISPRS", [0, 1, 2, 3, 4, 5, 6]),
        ("vaihingen", "ISPRS", [0, 1, 2, 3, 4, 5, 6]),
        ("isaid", "ISAID", list(range(16))),
        ("uavid", "UAVID", [0, 1, 2, 3, 4, 5, 6, 3]),
    ],
)
def test_colours(miniatures, values, name, table, expected):
    colours = getattr(miniatures, table)
    numbers = np.arange(len(colours), dtype=np.uint8)[None]
    assert values(name, miniatures.coloured(numbers, colours))[0].tolist() == [expected]
    # Some tools save the same masks with a palette; its numbers may be in any order.
    palette = {number: (*colour, 255) for number, colour in enumerate(reversed(colours))}
    assert values(name, numbers, palette=palette)[0].tolist() == [expected[::-1]]


def test_colours_of_no_class(miniatures, values):
    label = miniatures.coloured(np.ones((8, 8), np.uint8), miniatures.ISPRS)
    label[:, 0, :2] = 7
    found, notes = values("potsdam", label)
    assert found[0].tolist() == [0, 0, 1, 1, 1, 1, 1, 1]
    assert notes == ["label.png: 2 pixels have a colour that no class has (7,7,7 (2 px)): ignored"]
    label[:, :4] = 9
    with pytest.raises(DataError, match=r"50% of its pixels have colours that no class has, such as 9,9,9 \(32 px\)"):
        values("potsdam", label)


def test_values_as_shipped(values):
    assert values("loveda", np.arange(8, dtype=np.uint8)[None])[0].tolist() == [[0, 1, 2, 3, 4, 5, 6, 7]]
    with pytest.raises(DataError, match=r"loveda do not have: 8 \(1 px\).*zenodo|Zenodo"):
        values("loveda", np.array([[8]], np.uint8))


def test_grey_masks(values):
    levels = np.array([[0, 1, 127, 128, 255]], np.uint8)
    assert values("inria", levels, ".tif")[0].tolist() == [[0, 0, 0, 1, 1]]
    assert values("xbd", np.array([[0, 1, 4]], np.uint8))[0].tolist() == [[0, 1, 1]]
    assert values("whu-aerial", np.eye(8, dtype=np.uint8), ".tif", nbits=1)[0].tolist() == np.eye(8).tolist()
    assert values("chn6-cug", np.repeat(levels[None], 3, 0))[0].tolist() == [[0, 0, 0, 1, 1]]
    palette = {0: (0, 0, 0, 255), 1: (255, 255, 255, 255)}
    assert values("chn6-cug", np.array([[0, 1]], np.uint8), palette=palette)[0].tolist() == [[0, 1]]
    assert not values("whu-aerial", np.zeros((4, 4), np.uint8))[0].any()


def test_masks_that_were_converted_already(values):
    for suffix in (".png", ".jpg"):
        with pytest.raises(DataError, match=r"levels of 0 to \d+ where 0 and 255 are expected"):
            values("wbs-si", np.kron(np.eye(4), np.ones((8, 8))).astype(np.uint8), suffix)


def test_jpeg_masks_are_thresholded(values):
    mask = np.kron(np.eye(4), np.ones((9, 9))).astype(np.uint8)
    found = values("wbs-si", mask * 255, ".jpg")[0]
    assert set(np.unique(found)) == {0, 1} and np.mean(found == mask) > 0.98
