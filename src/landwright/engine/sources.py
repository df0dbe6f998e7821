"""Open what a model reads: one date or two, scaled where the user says so, and checked against the model."""

from __future__ import annotations

from contextlib import ExitStack
from os import PathLike

from landwright.bundles import Card
from landwright.engine.checks import check_bands, check_scale, warnings_about
from landwright.engine.options import PredictOptions
from landwright.engine.pair import PairSource
from landwright.engine.protocols import Source
from landwright.engine.scaled import ScaledSource
from landwright.rasters import Raster, open_before, open_raster


def open_source(
    image: str | PathLike[str], card: Card, options: PredictOptions, stack: ExitStack
) -> tuple[Source, list[str]]:
    """Open an image, with that of the earlier date where one is given, and refuse what does not fit the model.

    Args:
        image: The raster to map, the later date of two.
        card: The model's card.
        options: What the user chose.
        stack: Closes the files.

    Returns:
        What the engine reads, and what the user should know.

    Raises:
        DataError: A file is missing, damaged or does not fit the model, or the two dates do not fit each other.
    """
    after = stack.enter_context(open_raster(image, bands=options.bands))
    remarks = warnings_about(after.info, card, options.at_gsd)
    if options.before is None:
        return _checked(after, card, options, dates=card.dates), remarks
    before, found = open_before(options.before, after.info, bands=options.bands)
    stack.enter_context(before)
    known = set(remarks)
    notes = [f"{options.before}: {note}" for note in found if note not in known]
    dates = (_checked(raster, card, options, dates=1) for raster in (before, after))
    return PairSource(*dates), [*remarks, *notes]


def _checked(raster: Raster, card: Card, options: PredictOptions, *, dates: int) -> Source:
    check_bands(raster, card, options.bands, dates=dates)
    source: Source = raster if options.scale is None else ScaledSource(raster, options.scale)
    check_scale(source, card)
    return source
