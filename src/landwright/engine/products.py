"""The rasters of a map with their writers, colours and styles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landwright.engine.classmap import NO_CONFIDENCE
from landwright.engine.tags import class_tags, render_tags
from landwright.legends import Legend
from landwright.maps import (
    CONFIDENCE_RAMP,
    HEIGHT,
    HEIGHT_LOSS,
    HEIGHT_NODATA,
    SPREAD,
    MapFiles,
    Rendering,
    StripWriter,
    class_style,
    ramp_style,
)
from landwright.rasters import RasterInfo

Tags = Mapping[str, str]


@dataclass(frozen=True)
class Product:
    """One raster of a map.

    Attributes:
        writer: Writes it.
        style: Its QML document.
    """

    writer: StripWriter
    style: str


def class_products(files: MapFiles, legend: Legend, info: RasterInfo, tags: Tags) -> list[Product]:
    """Return the class map and, where wanted, its confidence."""
    described = {**tags, **class_tags(legend)}
    codes = StripWriter(
        files.codes,
        dtype="uint8",
        nodata=legend.nodata,
        colormap=legend.colour_table(),
        description=f"classes: {legend.name}",
        tags=described,
        overviews="mode",
        **_grid(info),
    )
    products = [Product(codes, class_style(legend))]
    if files.beside is not None:
        confidence = StripWriter(
            files.beside,
            dtype="uint8",
            nodata=NO_CONFIDENCE,
            description="maximum class probability in percent",
            unit="%",
            tags=described,
            overviews="average",
            **_grid(info),
        )
        products.append(Product(confidence, ramp_style(CONFIDENCE_RAMP, "%")))
    return products


def height_products(files: MapFiles, dates: int, info: RasterInfo, tags: Tags) -> list[Product]:
    """Return the height map, or that of the difference of two dates, and where wanted its spread."""
    rasters = ((files.height, HEIGHT if dates == 1 else HEIGHT_LOSS), (files.spread, SPREAD))
    return [
        Product(_metres_writer(path, rendering, info, tags), rendering.style())
        for path, rendering in rasters
        if path is not None
    ]


def _metres_writer(path: Path, rendering: Rendering, info: RasterInfo, tags: Tags) -> StripWriter:
    return StripWriter(
        path,
        dtype="float32",
        nodata=HEIGHT_NODATA,
        description=rendering.title,
        unit="m",
        tags={**tags, **render_tags(rendering)},
        overviews="average",
        **_grid(info),
    )


def _grid(info: RasterInfo) -> dict[str, Any]:
    return {"width": info.width, "height": info.height, "crs": info.crs, "transform": info.transform}
