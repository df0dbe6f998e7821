"""What `describe` finds out about a raster and its labels, ready for JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BandStatistics(_Part):
    """Statistics of one band over the usable pixels of the sample; None where there is none.

    Attributes:
        number: Band, 1-based.
        description: The file's description of the band.
        minimum: Smallest value.
        maximum: Largest value.
        mean: Mean.
        std: Standard deviation.
        percentiles: Values at 2, 50 and 98 percent.
    """

    number: int
    description: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    std: float | None = None
    percentiles: dict[int, float] = {}


class ClassShare(_Part):
    """Pixels of one class in the sample; `share` is of the labelled pixels, 0..1."""

    name: str
    code: int
    colour: tuple[int, int, int]
    pixels: int
    share: float


class LabelDescription(_Part):
    """Labels on the grid of an image.

    Attributes:
        path: The label file.
        aligned: "exact", "warped" or "burnt", as in `LabelReader`.
        overlap: Share of the image that the label raster covers, 0..1; None for polygons and without georeference.
        crs: The labels' own coordinate reference system.
        gsd: Their own ground size of a pixel in metres.
        polygons: Number of polygons.
        legend: Name of the legend, if one was given.
        classes: Pixels by class of the legend, absent ones with 0.
        ignored: Share of the sample without a usable label, 0..1.
        unknown: Pixels by code or colour that the legend does not have; all of them without a legend.
        notes: Plain remarks.
    """

    path: str
    aligned: Literal["exact", "warped", "burnt"]
    overlap: float | None = None
    crs: str | None = None
    gsd: float | None = None
    polygons: int | None = None
    legend: str | None = None
    classes: tuple[ClassShare, ...] = ()
    ignored: float | None = None
    unknown: dict[str, int] = {}
    notes: tuple[str, ...] = ()


class Description(_Part):
    """A raster: its grid, its storage, statistics of its bands and, if asked for, its labels.

    Attributes:
        path: The file.
        width: Columns.
        height: Rows.
        crs: Coordinate reference system, as authority code where there is one.
        bounds: (left, bottom, right, top) of the outline in the CRS.
        gsd: Metres on the ground per pixel.
        dtype: Type of the values.
        nodata: Declared nodata.
        driver: File format.
        compression: Compression of the blocks.
        block: (height, width) of the blocks.
        overviews: Factors of the overviews.
        sampled: Pixels in the sample.
        nodata_share: Share of the sample that cannot be used (nodata, mask, NaN, infinite), 0..1.
        bands: Statistics by band.
        labels: The labels, if given.
        notes: Plain remarks.
    """

    path: str
    width: int
    height: int
    crs: str | None
    bounds: tuple[float, float, float, float] | None
    gsd: float | None
    dtype: str
    nodata: float | Literal["nan"] | None
    driver: str
    compression: str | None
    block: tuple[int, int]
    overviews: tuple[int, ...]
    sampled: int
    nodata_share: float
    bands: tuple[BandStatistics, ...]
    labels: LabelDescription | None = None
    notes: tuple[str, ...] = ()
