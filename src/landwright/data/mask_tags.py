"""Tags from masks: which classes cover enough of an image."""

from __future__ import annotations

from collections import Counter

from landwright.rasters import LabelReader, Tally, Window

_ROWS = 1024


def mask_tags(labels: LabelReader, *, min_pixels: int = 1, min_share: float = 0.0) -> frozenset[str]:
    """Return the classes that a mask holds, a background among them.

    Args:
        labels: Labels on the image's grid; read in strips.
        min_pixels: Pixels that a class needs.
        min_share: Share of all the image's pixels that it needs too, 0..1.

    Raises:
        DataError: The labels hold something that their legend does not have, or are damaged.
    """
    height, width = labels.shape
    tally = Tally()
    for row in range(0, height, _ROWS):
        indices = labels.read(Window(row, 0, min(_ROWS, height - row), width))
        tally.add(indices, Counter())
    needed = max(min_pixels, min_share * height * width)
    return frozenset(labels.legend.names[index] for index, pixels in tally.classes.items() if pixels >= needed)
