"""Does the image fit the model? Asked before anything is computed or written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landwright.bundles import Card, Normalization
from landwright.errors import DataError
from landwright.rasters import Raster, RasterInfo, Window

_EIGHT_BIT = 255
_PROBES = 3
_PROBE_SIDE = 256
_FAR = 2.0
_GSD_TOLERANCE = 1.05


def check_bands(raster: Raster, card: Card, chosen: Sequence[int | str] | None) -> None:
    """Refuse an image with another number of bands than the model.

    Raises:
        DataError: The numbers differ; the message tells both.
    """
    wanted = len(card.bands)
    if len(raster.bands) == wanted:
        return
    needs = f"the model takes {wanted} ({', '.join(card.bands)})"
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


def check_scale(raster: Raster, card: Card) -> None:
    """Refuse an image whose values are on another scale than the model's.

    Raises:
        DataError: Values exceed what 8-bit models have seen, or are far above or below the model's scale.
    """
    divide, full = card.normalization.divide, _full_scale(card.normalization)
    dtype = np.dtype(raster.info.dtype)
    what = f"has {dtype.name} values"
    if dtype.kind in "ui" and np.iinfo(dtype).max * _FAR < full:
        raise _misfit(raster, f"{what}, at most {np.iinfo(dtype).max}, but the model was trained on 0 to {full:g}")
    if dtype == np.uint8 and full >= _EIGHT_BIT:
        return
    values = _probe(raster)
    if not len(values):
        return
    most, middle = float(values.max()), float(np.median(values))
    if divide == _EIGHT_BIT and most > divide and dtype.kind in "ui":
        raise _misfit(raster, f"{what} up to {most:g} but the model was trained on 8-bit images (0 to 255)")
    if middle > _FAR * full:
        raise _misfit(raster, f"{what} around {middle:g} but the model was trained on 0 to {full:g}")


def warnings_about(info: RasterInfo, card: Card) -> list[str]:
    """Say in plain words what may make the map worse than the model's scores promise."""
    remarks = list(info.notes)
    if card.gsd is None:
        return remarks
    low, high = card.gsd
    span = f"{low:g} m" if low == high else f"{low:g} to {high:g} m"
    if info.gsd is None:
        remarks.append(f"the ground size of a pixel is unknown; the model was trained for {span}")
    elif not low / _GSD_TOLERANCE <= info.gsd <= high * _GSD_TOLERANCE:
        remarks.append(f"a pixel is {info.gsd:.3g} m on the ground; the model was trained for {span}")
    return remarks


def _full_scale(normalization: Normalization) -> float:
    """Return the sensor value up to which a model has seen images."""
    # Published constants are often in sensor units, with nothing to divide by.
    bright = max(mean + 2 * std for mean, std in zip(normalization.mean, normalization.std, strict=True))
    return normalization.divide * (round(bright) if max(normalization.mean) > 1 else 1)


def _probe(raster: Raster) -> NDArray[Any]:
    """Valid values of windows along the diagonal."""
    height, width = raster.shape
    rows, cols = min(_PROBE_SIDE, height), min(_PROBE_SIDE, width)
    found = []
    for step in range(_PROBES):
        share = (step + 1) / (_PROBES + 1)
        window = Window(int((height - rows) * share), int((width - cols) * share), rows, cols)
        pixels, valid = raster.read_with_valid(window)
        found.append(pixels[:, valid].ravel())
    return np.concatenate(found)


def _misfit(raster: Raster, problem: str) -> DataError:
    return DataError(
        problem,
        path=raster.info.path,
        remedy="Rescale the image as the training images were (gdal_translate -scale), or use a model for such images",
    )
