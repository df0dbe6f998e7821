"""The reduction of an image before its windows are cut, as the published pipelines do it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from landwright.errors import UsageError

CLIP_MEAN = (122.771 / 255, 116.746 / 255, 104.094 / 255)
"""Mean of red, green and blue in 0..1, with the digits of the published configurations."""

CLIP_STD = (68.501 / 255, 66.632 / 255, 70.323 / 255)
"""Standard deviation of red, green and blue in 0..1, with the digits of the published configurations."""

LONG_SIDE = 448
"""Long side in pixels to which both published pipelines bring every image."""

_BITS = 11
_ONE = 1 << _BITS
_CHUNK = 64


def fitted_size(height: int, width: int, side: int = LONG_SIDE) -> tuple[int, int]:
    """Return (height, width) of an image whose long side becomes ``side``; smaller images become larger.

    Args:
        height: Rows of the image.
        width: Columns of the image.
        side: Long side wanted, in pixels.

    Raises:
        UsageError: The side is below 1.
    """
    if side < 1:
        raise UsageError(f"the long side must be at least 1 pixel, not {side}")
    scale = side / max(height, width)
    return max(1, int(height * scale + 0.5)), max(1, int(width * scale + 0.5))


def resize_long_side(image: NDArray[np.uint8], side: int = LONG_SIDE) -> NDArray[np.uint8]:
    """Bring the long side of an image to ``side`` pixels, keeping its proportions.

    Args:
        image: uint8 (H, W, C).
        side: Long side wanted, in pixels.

    Returns:
        uint8 (h, w, C), the values that ``cv2.resize`` gives with ``INTER_LINEAR`` (no antialiasing).
    """
    height, width = image.shape[:2]
    resize = LinearResize((height, width), fitted_size(height, width, side))
    first, last = resize.rows(0, resize.target[0])
    return resize.apply(image[first:last])


@dataclass(frozen=True)
class LinearResize:
    """OpenCV's bilinear resize of bytes in its fixed-point arithmetic, whole or by bands of rows.

    Weights are rounded to 11 bits, rows are summed as integers of 22 bits of which four are dropped on the way, and
    exact halving of both sides is the rounded mean of four pixels.

    Attributes:
        source: (height, width) of the image.
        target: (height, width) wanted.
    """

    source: tuple[int, int]
    target: tuple[int, int]

    def rows(self, start: int, stop: int) -> tuple[int, int]:
        """Return the rows of the image, first and one past the last, that target rows ``start`` to ``stop`` need."""
        if self._halves:
            return 2 * start, 2 * stop
        first, second, _, _ = self._vertical
        return int(first[start:stop].min()), int(second[start:stop].max()) + 1

    def apply(self, strip: NDArray[np.uint8], start: int = 0, stop: int | None = None) -> NDArray[np.uint8]:
        """Return target rows ``start`` to ``stop``.

        Args:
            strip: uint8 (rows, W, C), the rows of the image that :meth:`rows` names.
            start: First target row.
            stop: One past the last target row; by default all that follow.

        Returns:
            uint8 (stop - start, w, C).
        """
        stop = self.target[0] if stop is None else stop
        if self._halves:
            wide = strip.astype(np.uint16)
            four = wide[0::2, 0::2] + wide[0::2, 1::2] + wide[1::2, 0::2] + wide[1::2, 1::2]
            mean: NDArray[np.uint8] = ((four + 2) >> 2).astype(np.uint8)
            return mean
        offset, _ = self.rows(start, stop)
        result = np.empty((stop - start, self.target[1], *strip.shape[2:]), dtype=np.uint8)
        for row in range(start, stop, _CHUNK):
            part = slice(row, min(row + _CHUNK, stop))
            result[part.start - start : part.stop - start] = self._band(strip, part, offset)
        return result

    def _band(self, strip: NDArray[np.uint8], part: slice, offset: int) -> NDArray[np.uint8]:
        first, second, low, high = (values[part] for values in self._vertical)
        shape = (-1, 1, *(1,) * (strip.ndim - 2))
        above = (low.reshape(shape) * (self._across(strip[first - offset]) >> 4)) >> 16
        below = (high.reshape(shape) * (self._across(strip[second - offset]) >> 4)) >> 16
        band: NDArray[np.uint8] = ((above + below + 2) >> 2).astype(np.uint8)
        return band

    def _across(self, rows: NDArray[np.uint8]) -> NDArray[np.int32]:
        first, second, low, high = self._horizontal
        shape = (1, -1, *(1,) * (rows.ndim - 2))
        left, right = rows[:, first].astype(np.int32), rows[:, second].astype(np.int32)
        return left * low.reshape(shape) + right * high.reshape(shape)

    @cached_property
    def _halves(self) -> bool:
        return self.source == (2 * self.target[0], 2 * self.target[1])

    @cached_property
    def _horizontal(self) -> tuple[NDArray[np.int32], ...]:
        return _taps(self.source[1], self.target[1], whole=True)

    @cached_property
    def _vertical(self) -> tuple[NDArray[np.int32], ...]:
        return _taps(self.source[0], self.target[0], whole=False)


def _taps(source: int, target: int, *, whole: bool) -> tuple[NDArray[np.int32], ...]:
    """Return both neighbours and both weights of every target pixel along one axis.

    Beyond the outermost centres OpenCV gives the ``whole`` weight to one column, but parts it between a row and itself.
    """
    place = ((np.arange(target) + 0.5) * (source / target) - 0.5).astype(np.float32)
    first = np.floor(place).astype(np.int32)
    share = place - first.astype(np.float32)
    if whole:
        share[(first < 0) | (first >= source - 1)] = 0
    high = np.rint(share * np.float32(_ONE)).astype(np.int32)
    low = np.rint((np.float32(1) - share) * np.float32(_ONE)).astype(np.int32)
    return first.clip(0, source - 1), (first + 1).clip(0, source - 1), low, high
