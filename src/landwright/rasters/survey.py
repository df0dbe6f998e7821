"""Many images, each opened once to learn where it lies and what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from landwright.errors import DataError
from landwright.rasters.info import RasterInfo
from landwright.rasters.names import is_network
from landwright.rasters.raster import open_raster

_AT_A_TIME = 16
"""Files on the network that are asked at once: each answer is waited for."""


class Image(NamedTuple):
    """What is known of one of several images.

    Attributes:
        source: File, URL or GDAL name.
        info: Grid and bands.
        bands: The chosen bands, 1-based, in reading order.
    """

    source: str
    info: RasterInfo
    bands: tuple[int, ...]


def survey(sources: Sequence[str], *, bands: Sequence[int | str] | None = None) -> list[Image]:
    """Look at each of several images; none stays open.

    Args:
        sources: Files, URLs or GDAL names.
        bands: What is chosen of every image; by default all bands but an alpha mask.

    Raises:
        DataError: An image is missing or unreadable or has no such band, or two have different numbers of bands.
    """
    with _mapping(sources) as each:
        images = list(each(partial(_look, bands=bands), sources))
    first, odd = images[0], next((image for image in images if len(image.bands) != len(images[0].bands)), None)
    if odd is not None:
        raise DataError(
            f"has {len(odd.bands)} bands to read, {first.info.path} has {len(first.bands)}",
            path=odd.info.path,
            remedy="Choose the same number of each with --bands, or map them one by one",
        )
    return images


def _look(source: str, bands: Sequence[int | str] | None) -> Image:
    with open_raster(source, bands=bands) as raster:
        return Image(source, raster.info, raster.bands)


@contextmanager
def _mapping(sources: Sequence[str]) -> Iterator[type[map[Image]]]:
    if any(map(is_network, sources)):
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            yield pool.map  # type: ignore[misc]  # the same for one sequence
    else:
        yield map
