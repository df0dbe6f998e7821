"""What a network sees of the images: band names, input scaling, ground sampling distance."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from landwright.bundles.card import IMAGENET_MEAN, IMAGENET_STD, Normalization
from landwright.data.layouts import Layout
from landwright.data.statistics import band_statistics
from landwright.data.tiles import GridTiles, RandomTiles
from landwright.errors import DataError, UsageError
from landwright.rasters import RasterInfo
from landwright.recipe import NormalizeSpec

FULL_SCALE = {"uint8": 255.0, "uint16": 65535.0}
FINER, COARSER = 0.75, 1.5
"""How far outside the training images' ground sampling distance a network may be used without a warning."""

_CONSTANTS = {"imagenet": (IMAGENET_MEAN, IMAGENET_STD), "half": ((0.5,), (0.5,))}


def normalization(
    spec: NormalizeSpec,
    infos: Sequence[RasterInfo],
    bands: int,
    tiles: Callable[[], GridTiles | RandomTiles],
    expected: str,
    *,
    dates: int = 1,
) -> Normalization:
    """Work out the input scaling of a recipe.

    Args:
        spec: The recipe's ``normalize`` section.
        infos: Grids of the training images.
        bands: Number of bands that are read, of all dates.
        tiles: Returns training tiles without augmentation; called where statistics are asked for.
        expected: Scaling that the network's weights expect, ``imagenet`` or ``half``.
        dates: Number of dates that the bands are of.

    Returns:
        The scaling, the same for every tile.

    Raises:
        UsageError: The number of means does not fit the bands, ImageNet's three means are asked for other than three
            bands, or the sensor's full scale is not known.
        DataError: The images have different types.
    """
    chosen: dict[str, str | list[float]] = {
        key: expected if value == "network" else value for key, value in (("mean", spec.mean), ("std", spec.std))
    }
    measured = "data" in chosen.values()
    divide = spec.divide or _full_scale(infos, measured=all(value == "data" for value in chosen.values()))
    statistics = [values / divide for values in band_statistics(tiles())] if measured else []
    constants: dict[str, tuple[float, ...]] = {}
    for place, (key, value) in enumerate(chosen.items()):
        if value == "data":
            constants[key] = tuple(round(float(number), 6) for number in statistics[place])
        elif isinstance(value, str):
            constants[key] = _named(value, place, bands // dates) * dates
        else:
            constants[key] = tuple(value)
        if len(constants[key]) != bands:
            raise UsageError(
                f"normalize.{key} has {len(constants[key])} values, the images have {bands} bands",
                remedy="Give one value per band, or `data`",
            )
    return Normalization(divide=divide, mean=constants["mean"], std=constants["std"])


def band_names(
    chosen: Sequence[int | str] | None, info: RasterInfo, layout: Layout | None = None, *, dates: int = 1
) -> tuple[str, ...]:
    """Name the bands: by what the recipe calls them, the image's own descriptions, the layout's, or their number.

    Args:
        chosen: The recipe's ``data.bands``, None for all.
        info: Grid of a training image.
        layout: The published layout that the images come from.
        dates: 2 where an earlier image stands in front of every image; its bands are named ``before ...``.
    """
    published = dict(enumerate(layout.bands, start=1)) if layout is not None else {}
    names = []
    for band in chosen if chosen is not None else range(1, info.count + 1):
        described = band if isinstance(band, str) else info.descriptions[band - 1] or published.get(band)
        names.append(described or f"band {band}")
    if dates == 1:
        return tuple(names)
    return tuple(f"{date} {name}" for date in ("before", "after") for name in names)


def gsd_range(infos: Sequence[RasterInfo], layout: Layout | None = None) -> tuple[float, float] | None:
    """Return the ground sampling distances that a network is good for.

    The rule: from 0.75 times the finest to 1.5 times the coarsest training image.

    Args:
        infos: Grids of the training images.
        layout: The published layout, whose distance stands for that of images without georeference.

    Returns:
        Metres per pixel, or None if that of any image is not known.
    """
    published = layout.gsd if layout is not None else None
    known = [gsd for info in infos if (gsd := info.gsd or published) is not None]
    if len(known) < len(infos):
        return None
    return round(FINER * min(known), 4), round(COARSER * max(known), 4)


def _full_scale(infos: Sequence[RasterInfo], *, measured: bool) -> float:
    types = sorted({info.dtype for info in infos})
    if len(types) > 1:
        raise DataError(
            f"the training images have different types: {', '.join(types)}",
            remedy="Convert them to one type, or give normalize.divide if their values mean the same",
        )
    if types[0] in FULL_SCALE:
        return FULL_SCALE[types[0]]
    if measured:
        return 1.0
    raise UsageError(
        f"the largest value of {types[0]} imagery is not known",
        remedy="Give normalize.divide, or set normalize.mean and normalize.std to `data`",
    )


def _named(name: str, place: int, bands: int) -> tuple[float, ...]:
    values = _CONSTANTS[name][place]
    if len(values) == 1:
        return values * bands
    if bands != len(values):
        raise UsageError(
            f"ImageNet's mean and standard deviation are those of 3 bands, the images have {bands}",
            remedy="Use --set normalize.mean=data --set normalize.std=data",
        )
    return values
