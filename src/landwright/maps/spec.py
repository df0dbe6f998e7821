"""What a raster of a map is, said once: for the writer, for the blocks of a run and for catalogues."""

from __future__ import annotations

from datetime import datetime
from os import PathLike
from typing import Literal

from affine import Affine
from pydantic import BaseModel, ConfigDict
from rasterio.crs import CRS

from landwright.legends import Legend
from landwright.maps.cog import Overviews, StripWriter
from landwright.rasters import PACKERS

Kind = Literal["classes", "confidence", "probabilities", "disagreement", "height", "spread"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProductSpec(_Frozen):
    """One raster of a map.

    Attributes:
        kind: What its pixels are.
        stem: Name of its file in a block, without suffix.
        suffix: What the name of its file has behind the map's stem.
        dtype: Type of its pixels.
        bands: Number of bands.
        nodata: Value that means nodata.
        colormap: Colours (r, g, b, alpha) by value, or None.
        descriptions: What the bands hold, one text each.
        unit: Unit of the values.
        scale: Factor from stored to physical values, or None for 1.
        tags: Metadata of the file.
        overviews: How pixels are summarised in overviews.
        style: Its QML document for QGIS.
    """

    kind: Kind
    stem: str
    suffix: str
    dtype: str
    bands: int = 1
    nodata: float | None = None
    colormap: dict[int, tuple[int, int, int, int]] | None = None
    descriptions: tuple[str, ...]
    unit: str | None = None
    scale: float | None = None
    tags: dict[str, str] = {}
    overviews: Overviews = "nearest"
    style: str

    def writer(
        self,
        path: str | PathLike[str],
        *,
        width: int,
        height: int,
        crs: CRS | None,
        transform: Affine | None,
        threads: int = PACKERS,
    ) -> StripWriter:
        """Return a writer of this raster, or of a block of it.

        Args:
            path: The file to write.
            width: Columns.
            height: Rows.
            crs: Coordinate reference system, or None.
            transform: Pixel to CRS, or None.
            threads: How many pack the file.
        """
        return StripWriter(
            path,
            width=width,
            height=height,
            dtype=self.dtype,
            crs=crs,
            transform=transform,
            nodata=self.nodata,
            colormap=self.colormap,
            bands=self.bands,
            description=self.descriptions,
            unit=self.unit,
            scale=self.scale,
            tags=self.tags,
            overviews=self.overviews,
            threads=threads,
        )


class Model(_Frozen):
    """The model that a map was made with.

    Attributes:
        name: Its name.
        weights_sha256: SHA-256 of its weights, None where unknown.
    """

    name: str
    weights_sha256: str | None = None


class Products(_Frozen):
    """All rasters of a map.

    Attributes:
        products: The rasters; the first is the map itself.
        legend: Classes of the class map, or None where there is none.
        model: What made it.
        created: When its making began.
        as_labels: Labels to train with were asked for: the legend goes beside the map as a file of its own.
    """

    products: tuple[ProductSpec, ...]
    legend: Legend | None
    model: Model
    created: datetime
    as_labels: bool = False
