"""Describe a raster and its labels from a bounded sample of their pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from landwright.legends import Legend
from landwright.legends.lookup import tally, tally_colours
from landwright.rasters.codes import open_on_grid
from landwright.rasters.description import BandStatistics, ClassShare, Description, LabelDescription
from landwright.rasters.grids import overlap
from landwright.rasters.info import RasterInfo
from landwright.rasters.label_reader import Tally
from landwright.rasters.labels import open_labels
from landwright.rasters.raster import Raster, open_raster
from landwright.rasters.sampling import sample_windows
from landwright.rasters.vectors import VECTOR_SUFFIXES, read_polygons
from landwright.rasters.window import Window

_SAMPLE_VALUES = 2**24
_PERCENTILES = (2, 50, 98)
_SHOWN = 32


def describe(
    path: str | PathLike[str],
    labels: str | PathLike[str] | None = None,
    legend: Legend | None = None,
    *,
    field: str | None = None,
) -> Description:
    """Describe a raster, and its labels, from at most 16 million values spread evenly over it.

    Args:
        path: The raster.
        labels: Label raster or polygons.
        legend: The classes of the labels; without it their bare codes or colours are counted.
        field: Attribute of polygons that holds the class.

    Raises:
        DataError: If a file is missing or damaged, or the labels do not lie on the image.
    """
    with open_raster(path) as raster:
        info = raster.info
        windows = sample_windows(info.shape, _SAMPLE_VALUES // max(4, len(raster.bands)))
        bands, unusable = _statistics(raster, windows)
        pixels = sum(window.height * window.width for window in windows)
    notes = info.notes if unusable < pixels else (*info.notes, "no usable pixel in the sample: all nodata")
    return Description(
        path=info.path,
        width=info.width,
        height=info.height,
        crs=_crs_name(info),
        bounds=_bounds(info) if info.georeferenced else None,
        gsd=info.gsd,
        dtype=info.dtype,
        nodata=_nodata(info.nodata),
        driver=info.driver,
        compression=info.compression,
        block=info.block,
        overviews=info.overviews,
        sampled=pixels,
        nodata_share=unusable / pixels,
        bands=bands,
        labels=None if labels is None else _describe_labels(labels, info, windows, legend, field),
        notes=notes,
    )


def _statistics(raster: Raster, windows: Sequence[Window]) -> tuple[tuple[BandStatistics, ...], int]:
    """Statistics of each band, and the number of pixels that cannot be used."""
    parts = []
    unusable = 0
    for window in windows:
        values, valid = raster.read_with_valid(window)
        parts.append(values[:, valid])
        unusable += int(np.count_nonzero(~valid))
    sample = np.concatenate(parts, axis=1)
    names = raster.info.descriptions
    return tuple(
        _band_statistics(band, names[band - 1], values) for band, values in zip(raster.bands, sample, strict=True)
    ), unusable


def _band_statistics(number: int, description: str | None, values: NDArray[Any]) -> BandStatistics:
    if not values.size:
        return BandStatistics(number=number, description=description)
    return BandStatistics(
        number=number,
        description=description,
        minimum=float(values.min()),
        maximum=float(values.max()),
        mean=float(values.mean(dtype=np.float64)),
        std=float(values.std(dtype=np.float64)),
        percentiles=dict(zip(_PERCENTILES, np.percentile(values, _PERCENTILES).tolist(), strict=True)),
    )


def _describe_labels(
    path: str | PathLike[str], image: RasterInfo, windows: Sequence[Window], legend: Legend | None, field: str | None
) -> LabelDescription:
    facts: dict[str, Any] = {"path": str(path), "legend": legend.name if legend else None}
    if Path(path).suffix.lower() in VECTOR_SUFFIXES:
        polygons = read_polygons(path)
        facts |= {"aligned": "burnt", "polygons": len(polygons.geometries), "crs": polygons.crs.to_string()}
    else:
        with open_raster(path) as raster:
            own = raster.info
        both_placed = own.georeferenced and image.georeferenced
        facts |= {"crs": _crs_name(own), "gsd": own.gsd, "overlap": overlap(own, image) if both_placed else None}
    if legend is not None:
        with open_labels(path, legend, image, field=field) as reader:
            counts = Tally()
            for window in windows:
                reader.count(counts, window)
            facts |= {"aligned": reader.aligned, "notes": reader.notes, **_by_class(counts, legend)}
    elif "polygons" not in facts:
        found = open_on_grid(path, image)
        with found.raster as codes:
            facts |= {"aligned": found.aligned, "unknown": _bare_values(codes, windows), "notes": found.notes}
    return LabelDescription(**facts)


def _by_class(counts: Tally, legend: Legend) -> dict[str, Any]:
    labelled = sum(counts.classes.values())
    total = labelled + counts.ignored + sum(counts.unknown.values())
    classes = tuple(
        ClassShare(
            name=entry.name,
            code=entry.code,
            colour=entry.colour,
            pixels=counts.classes[index],
            share=counts.classes[index] / max(1, labelled),
        )
        for index, entry in enumerate(legend.classes)
    )
    return {"classes": classes, "ignored": counts.ignored / total, "unknown": dict(counts.unknown.most_common(_SHOWN))}


def _bare_values(codes: Raster, windows: Sequence[Window]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for window in windows:
        values, valid = codes.read_with_valid(window)
        counts.update(tally_colours(values[:, valid]) if len(values) > 1 else tally(values[0][valid]))
    return dict(counts.most_common(_SHOWN))


def _crs_name(info: RasterInfo) -> str | None:
    return info.crs.to_string() if info.crs is not None else None


def _bounds(info: RasterInfo) -> tuple[float, float, float, float]:
    corners = [info.transform @ corner for corner in ((0, 0), (info.width, 0), (0, info.height), info.shape[::-1])]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _nodata(value: float | None) -> float | Literal["nan"] | None:
    return "nan" if value is not None and np.isnan(value) else value  # JSON has no NaN
