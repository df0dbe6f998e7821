import pytest

from landwright.data.benchmarks import benchmark
from landwright.prepare.benchmarks.windows import crop_starts, crop_windows


def crops(name, height, width):
    return [(w.row, w.col) for w in crop_windows((height, width), benchmark(name).raw.crop)]


def test_starts_are_multiples_and_the_last_is_shifted_back():
    assert crop_starts(1100, 512, 512) == [0, 512, 588]
    assert crop_starts(1024, 512, 512) == [0, 512]
    assert crop_starts(512, 512, 512) == [0]
    # Of several that are shifted onto each other one is kept.
    assert crop_starts(1500, 896, 512) == [0, 512, 604]


@pytest.mark.parametrize(
    ("name", "height", "width", "number"),
    [
        ("potsdam", 6000, 6000, 144),
        ("inria", 5000, 5000, 25),
        ("uavid", 2160, 3840, 6),
        ("uavid", 2160, 4096, 8),
        ("isaid", 100, 100, 1),
        ("isaid", 896, 1408, 2),
    ],
)
def test_published_numbers(name, height, width, number):
    assert len(crops(name, height, width)) == number


def test_order_and_places():
    assert crops("uavid", 2160, 4096)[:4] == [(0, 0), (0, 1280), (0, 2560), (0, 2816)]
    assert crops("vaihingen", 700, 600) == [(0, 0), (0, 88), (188, 0), (188, 88)]
