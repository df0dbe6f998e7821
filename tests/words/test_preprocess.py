"""The reduction, against values that OpenCV 4.10 and 5.0 gave for the same images."""

import numpy as np
import pytest

from landwright.errors import UsageError
from landwright.words.preprocess import LinearResize, fitted_size, resize_long_side

STORED = {
    "60x40": """
        132 200 67 137 113 196 98
        113 35 108 134 185 224 109
        123 52 108 135 73 149 69
        74 141 128 125 86 79 142
        97 134 168 206 77 45 75
        61 66 72 77 83 200 205
        122 97 71 129 213 201 176
        84 27 184 170 113 103 102
        86 114 57 128 172 157 143
        154 40 166 149 103 64 189
        157 124 48 156 151 154 78
    """,
    "100x73": """
        182 137 129 220 76 162 208 109
        187 168 111 134 162 145 104 100
        151 88 101 147 166 143 91 67
        63 113 116 166 169 219 62 65
        166 130 106 102 151 118 103 78
        210 112 32 141 86 109 129 154
        138 137 137 109 56 56 93 185
        70 103 39 152 88 121 57 170
        40 103 185 177 141 110 80 112
        166 115 82 106 124 53 170 95
        34 73 141 124 50 111 173 26
    """,
    "20x32": """
        91 6 177 92 7 178 93 8 179 94 9
        114 92 70 48 26 4 238 216 194 172 150
        183 224 9 50 91 132 173 214 255 40 81
        42 146 250 98 202 50 154 2 106 210 58
        203 114 25 192 103 14 181 92 3 170 81
        154 128 102 76 50 24 254 228 202 176 150
        151 188 225 6 43 80 117 154 191 228 9
    """,
    "33x64": """
        136 181 91 137 182 92 138 183 93 139 184
        111 77 134 100 157 123 90 147 113 169 136
        147 102 169 124 79 147 102 170 125 80 148
        111 182 133 84 156 107 50 122 186 137 88
        127 89 149 209 74 134 164 96 58 119 179
        76 125 173 71 120 169 217 116 164 107 156
    """,
    "31x7": """
        91 6 177
        125 101 76
        166 202 35
        38 135 233
        124 127 30
        90 178 142
        116 141 165
        200 30 116
        87 234 125
        70 22 194
        52 65 78
    """,
}


def ramp(height, width):
    """An image that a formula gives, so that stored values of OpenCV stay valid."""
    rows, columns, bands = np.mgrid[:height, :width, :3]
    return ((rows * rows * 31 + columns * 57 + rows * columns * 7 + bands * 91) % 256).astype(np.uint8)


@pytest.mark.parametrize(
    ("size", "side", "wanted"),
    [
        ((512, 512), 448, (448, 448)),
        ((683, 1024), 448, (299, 448)),
        ((10, 4000), 448, (1, 448)),
        ((5, 3), 448, (448, 269)),
    ],
)
def test_sizes(size, side, wanted):
    assert fitted_size(*size, side) == wanted


def test_a_side_of_nothing():
    with pytest.raises(UsageError, match="at least 1 pixel"):
        fitted_size(5, 5, 0)


@pytest.mark.parametrize("size", [(60, 40), (100, 73), (20, 32), (33, 64), (31, 7)])
def test_what_opencv_gives(size):
    found = resize_long_side(ramp(*size), 32)[::3, ::3, 1]
    stored = np.array(STORED[f"{size[0]}x{size[1]}"].split(), dtype=int).reshape(found.shape)
    np.testing.assert_array_equal(found, stored)


def test_an_image_of_that_size_stays_as_it_is():
    image = ramp(32, 20)
    np.testing.assert_array_equal(resize_long_side(image, 32), image)


@pytest.mark.parametrize("size", [(200, 150), (64, 48), (20, 33)])
def test_bands_of_rows_are_those_of_the_whole(size):
    image, target = ramp(*size), fitted_size(*size, 32)
    whole = resize_long_side(image, 32)
    resize = LinearResize(size, target)
    for start in range(0, target[0], 5):
        stop = min(start + 5, target[0])
        first, last = resize.rows(start, stop)
        np.testing.assert_array_equal(resize.apply(image[first:last], start, stop), whole[start:stop])
