"""Does the image fit the model? Asked before anything is computed or written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landwright.bundles import Card
from landwright.engine.eightbit import WHITE, full_scale, is_eight_bit
from landwright.engine.protocols import Source
from landwright.engine.stream import Tiling
from landwright.errors import DataError
from landwright.rasters import RasterInfo, Window
from landwright.rasters.gsd import TOLERANCE
from landwright.words.language import language_note

_PROBES = 3
_PROBE_SIDE = 256
_FAR = 2.0
_MANY = 100
"""A model whose values reach this far is none of reflectances or other shares."""


def check_bands(raster: Source, card: Card, chosen: Sequence[int | str] | None, *, dates: int = 1) -> None:
    """Refuse an image with another number of bands than the model.

    Args:
        raster: The image.
        card: The model's card.
        chosen: Bands that the user chose, or None.
        dates: Number of dates in the image; with fewer than the model's it needs the bands of one date.

    Raises:
        DataError: The numbers differ; the message tells both.
    """
    names = card.bands[: len(card.bands) * dates // card.dates]
    wanted = len(names)
    if len(raster.bands) == wanted:
        return
    needs = f"the model takes {wanted} ({', '.join(names)})"
    if dates == 2 and len(raster.bands) * 2 == wanted:
        raise DataError(
            f"has the {len(raster.bands)} bands of one date but the model compares two",
            path=raster.info.path,
            remedy="Name both images: --before EARLIER --after LATER",
        )
    if chosen is not None:
        raise DataError(
            f"{len(chosen)} bands were chosen but {needs}",
            path=raster.info.path,
            remedy=f"Give {wanted} bands in the model's order",
        )
    remedy = (
        f"Choose {wanted} in the model's order, for example --bands {','.join(str(n + 1) for n in range(wanted))}"
        if len(raster.bands) > wanted
        else "Use a model for these bands, or an image that has them all"
    )
    raise DataError(f"has {len(raster.bands)} bands but {needs}", path=raster.info.path, remedy=remedy)


def check_scale(raster: Source, card: Card) -> None:
    """Refuse an image whose values are on another scale than the model's.

    Raises:
        DataError: Values exceed what 8-bit models have seen, are those of 0..1, or are far above or below the model's
            scale.
    """
    full = full_scale(card.normalization)
    dtype = np.dtype(raster.info.dtype)
    what = f"has {dtype.name} values"
    if dtype.kind in "ui" and np.iinfo(dtype).max * _FAR < full:
        raise _misfit(raster, f"{what}, at most {np.iinfo(dtype).max}, but the model was trained on 0 to {full:g}")
    values = _probe(raster)
    if not len(values):
        return
    most, middle = float(values.max()), float(np.median(values))
    eight_bit = is_eight_bit(card.normalization)
    white = WHITE if eight_bit else full
    if full >= _MANY and 0 < most <= 1 and (dtype.kind == "f" or dtype == np.uint8):
        raise _misfit(
            raster,
            f"{what} up to {most:.3g} but the model was trained on 0 to {white:g}: it would see black",
            f"If 1 is white, say --scale {white:g} (scale={white:g} in Python)",
        )
    if eight_bit and most > WHITE and dtype.kind in "ui":
        raise _misfit(
            raster,
            f"{what} up to {most:g} but the model was trained on 8-bit images (0 to 255)",
            f"Say how to bring them to 0..255, for example --scale {WHITE / np.iinfo(dtype).max:.3g} for the full "
            f"range of {dtype.name}, or use a model for such images",
        )
    if middle > _FAR * full:
        raise _misfit(raster, f"{what} around {middle:g} but the model was trained on 0 to {full:g}")


def check_grid(raster: Source, tiling: Tiling, shape: tuple[int, int] | None = None) -> None:
    """Refuse a raster that a published grid has no window for.

    Args:
        raster: The image.
        tiling: The grid.
        shape: (height, width) that it is shown at; by default its own.

    Raises:
        DataError: A side is too short.
    """
    height, width = shape or raster.shape
    if tiling.starts(height) and tiling.starts(width):
        return
    spare = next(side for side in range(min(height, width), tiling.tile + 1) if tiling.starts(side + 1))
    raise DataError(
        f"is {width} x {height} pixels, but the grid published with {tiling.blend} has no window where a side is "
        f"{spare} pixels or shorter",
        path=raster.info.path,
        remedy="Use --blend cosine, which maps images of any size, or a smaller --tile",
    )


def warnings_about(info: RasterInfo, card: Card, at_gsd: float | None = None) -> list[str]:
    """Say in plain words what may make the map worse than the model's scores promise.

    Args:
        info: The image.
        card: The model's card.
        at_gsd: Ground size in metres that pixels are given before the network sees them, or None.
    """
    remarks = list(info.notes)
    if card.words is not None:
        notes = (card.words.note, language_note(card.words.vocabulary.queries))
        remarks += [note for note in notes if note]
    gsd = info.gsd if at_gsd is None else at_gsd
    if card.gsd is None:
        return remarks
    low, high = card.gsd
    span = f"{low:g} m" if low == high else f"{low:g} to {high:g} m"
    if gsd is None:
        remarks.append(f"the ground size of a pixel is unknown; the model was trained for {span}")
    elif not low / TOLERANCE <= gsd <= high * TOLERANCE:
        seen = "is" if at_gsd is None else "is shown as"
        remarks.append(f"a pixel {seen} {gsd:.3g} m on the ground; the model was trained for {span}")
    return remarks


def _probe(raster: Source) -> NDArray[Any]:
    """Valid values of windows along the diagonal."""
    height, width = raster.shape
    rows, cols = min(_PROBE_SIDE, height), min(_PROBE_SIDE, width)
    found = []
    for step in range(_PROBES):
        share = (step + 1) / (_PROBES + 1)
        window = Window(int((height - rows) * share), int((width - cols) * share), rows, cols)
        try:
            pixels, valid = raster.read_with_valid(window)
        except DataError:
            continue  # damaged there, which is told when it is mapped, and may be left out
        found.append(pixels[:, valid].ravel())
    return np.concatenate(found) if found else np.empty(0)


def _misfit(raster: Source, problem: str, remedy: str | None = None) -> DataError:
    return DataError(
        problem,
        path=raster.info.path,
        remedy=remedy
        or "Rescale the image as the training images were (--scale FACTOR), or use a model for such images",
    )
