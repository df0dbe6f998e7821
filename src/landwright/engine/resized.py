"""Images that are brought to a small size first, as published: reduced and enlarged again strip by strip."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.engine.protocols import Progress, Reader, Scorer, Sink, Summing, just_do
from landwright.engine.stream import Tally, Tiling
from landwright.rasters import Window
from landwright.words.enlarge import enlarged
from landwright.words.preprocess import LinearResize, fitted_size

_ROWS = 512
"""Rows read at a time: a row of blocks of most files."""
_PIECE = 64
"""Rows handed out at a time."""
_FAR = 4
"""Reduced by more than this, an image has lost what people look for in it."""


@torch.inference_mode()
def map_resized(
    first: Reader,
    second: Reader,
    scorer: Scorer,
    sink: Sink,
    tiling: Tiling,
    side: int,
    *,
    progress: Progress | None = None,
    summing: Summing = just_do,
) -> Tally:
    """Bring a raster to a long side, score it, and hand on scores enlarged to the raster's own rows.

    The raster is read twice, from top to bottom, and never held; what is held is the small image and its scores. Both
    are those of the published pipelines: 8-bit, bilinear without antialiasing, scores enlarged bilinearly.

    Args:
        first: The raster, for its pixels.
        second: The same, for what is valid; every row is read once.
        scorer: Scores the whole small image.
        sink: Takes the rows; every row of the raster exactly once, in order.
        tiling: Windows of the small image.
        side: Length in pixels of the longer side of the small image.
        progress: Called now and then.
        summing: Called with the enlarging and handing out of some rows.

    Returns:
        The number of windows and of valid pixels.
    """
    height, width = first.shape
    total = height * width
    small = fitted_size(height, width, side)

    def tell(row: int, half: int) -> None:
        if progress is not None:
            progress((row + half * height) * width // 2, total)

    pixels, seen = _reduced(first, small, lambda row: tell(row, 0))
    scores = scorer(pixels[None], seen[None])[0]

    def hand_out(start: int, valid: NDArray[np.bool_]) -> None:
        for row in range(start, start + len(valid), _PIECE):
            part = valid[row - start : row - start + _PIECE]
            sink.write(row, enlarged(scores, (height, width), row, row + len(part)), part)

    valid_pixels = 0
    for start in range(0, height, _ROWS):
        stop = min(start + _ROWS, height)
        _, valid = second.read_with_valid(Window(start, 0, stop - start, width))
        summing(partial(hand_out, start, valid))
        valid_pixels += int(np.count_nonzero(valid))
        tell(stop, 1)
    return Tally(len(tiling.starts(small[0])) * len(tiling.starts(small[1])), 0, valid_pixels)


def remarks_on_size(shape: tuple[int, int], side: int) -> list[str]:
    """Say what a great reduction of an image of (height, width) loses."""
    factor = max(shape) / side
    if factor <= _FAR:
        return []
    return [
        f"the image is reduced {factor:.3g} times, to {side} pixels along its longer side, before it is looked at: "
        f"what is smaller than {factor:.0f} pixels cannot be found; --preset landwright looks at it as it is"
    ]


def _reduced(
    reader: Reader, small: tuple[int, int], tell: Callable[[int], None]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the small image (C, h, w) and where it is valid (h, w); what is not is black."""
    height, width = reader.shape
    resize = LinearResize((height, width), small)
    step = max(1, _ROWS * small[0] // height)
    bands = []
    for start in range(0, small[0], step):
        stop = min(start + step, small[0])
        row, end = resize.rows(start, stop)
        pixels, valid = reader.read_with_valid(Window(row, 0, end - row, width))
        known = np.where(valid, pixels, pixels.dtype.type(0))
        if known.dtype != np.uint8:
            known = np.clip(np.rint(known), 0, 255).astype(np.uint8)
        seen = valid[None].astype(np.uint8) * np.uint8(255)
        strip = np.concatenate([known, seen]).transpose(1, 2, 0)
        bands.append(resize.apply(np.ascontiguousarray(strip), start, stop))
        tell(end)
    whole = np.concatenate(bands).transpose(2, 0, 1)
    return np.ascontiguousarray(whole[:-1]), whole[-1] >= 128
