"""Open what a model reads: one date or two, scaled where the user says so, and checked against the model."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from landwright.bundles import Card
from landwright.engine.checks import check_bands, check_scale, warnings_about
from landwright.engine.options import PredictOptions
from landwright.engine.pair import PairSource
from landwright.engine.protocols import Source
from landwright.engine.scaled import ScaledSource
from landwright.errors import UsageError
from landwright.rasters import (
    Assembled,
    Image,
    Raster,
    common_grid,
    open_assembled,
    open_before,
    open_raster,
    shown,
    suited_gsd,
    survey,
    target_grid,
)


def open_source(
    images: Sequence[str], card: Card, options: PredictOptions, stack: ExitStack
) -> tuple[Source, list[str]]:
    """Open an image, with that of the earlier date where one is given, and refuse what does not fit the model.

    Args:
        images: The rasters to map as one, the later date of two.
        card: The model's card.
        options: What the user chose.
        stack: Closes the files.

    Returns:
        What the engine reads, and what the user should know.

    Raises:
        UsageError: The images lie on different grids and no common one is named, or the grid makes no sense.
        DataError: A file is missing, damaged or does not fit the model, or the two dates do not fit each other.
    """
    after = _opened(images, card, options)
    stack.callback(after.close)
    remarks = warnings_about(after.info, card, options.at_gsd)
    if options.before is None:
        return _checked(after, card, options, dates=card.dates), remarks
    before, found = open_before(options.before, after.info, bands=options.bands)
    stack.enter_context(before)
    known = set(remarks)
    notes = [f"{options.before}: {note}" for note in found if note not in known]
    dates = (_checked(raster, card, options, dates=1) for raster in (before, after))
    return PairSource(*dates), [*remarks, *notes]


def _opened(images: Sequence[str], card: Card, options: PredictOptions) -> Raster | Assembled:
    chosen = options.crs is not None or options.gsd is not None or options.like is not None
    if len(images) == 1 and not chosen:
        return open_raster(images[0], bands=options.bands)
    found = survey(images, bands=options.bands)
    gsd = _suited(found, card) if options.gsd == "auto" else options.gsd
    if options.crs is not None or gsd is not None or options.like is not None:
        grid = target_grid(found, crs=options.crs, gsd=gsd, like=options.like)
        return open_assembled(found, grid, order=options.overlapping)
    if len(images) == 1:
        return open_raster(images[0], bands=options.bands)
    common = common_grid(found)
    if common is None:
        raise UsageError(
            f"the {len(images)} images lie on different grids, so that their map has none",
            path=shown(images[0]),
            remedy="Name the map's grid with --crs, --gsd or --like; or name a folder with --out for a map of each",
        )
    return open_assembled(found, common, order=options.overlapping)


def _suited(found: Sequence[Image], card: Card) -> float | None:
    if card.gsd is None:
        raise UsageError(
            f"--gsd auto is not possible: {card.name} does not say what its pixels were in training",
            remedy="Name the size of pixels in metres",
        )
    known = [image.info.gsd for image in found if image.info.gsd is not None]
    return suited_gsd(min(known), card.gsd) if known else None


def _checked(raster: Raster | Assembled, card: Card, options: PredictOptions, *, dates: int) -> Source:
    check_bands(raster, card, options.bands, dates=dates)
    source: Source = raster if options.scale is None else ScaledSource(raster, options.scale)
    check_scale(source, card)
    return source
