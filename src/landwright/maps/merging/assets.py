"""What a STAC catalogue says of a raster of a map."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from landwright.legends import Legend
from landwright.maps.spec import ProductSpec

if TYPE_CHECKING:
    from pystac import Asset, Item
    from pystac.extensions.classification import Classification
    from pystac.extensions.render import Render

RASTER_SCHEMA: Final = "https://stac-extensions.github.io/raster/v2.0.0/schema.json"
PROCESSING_SCHEMA: Final = "https://stac-extensions.github.io/processing/v1.2.0/schema.json"

_SHA256: Final = "1220"
"""Prefix of a multihash: 0x12 is SHA-256, 0x20 its 32 bytes."""


def raster_asset(product: ProductSpec, href: str, *, gsd: float | None) -> Asset:
    """Describe a raster as an asset: type of the pixels, nodata, unit and scale of its bands.

    Args:
        product: What it is.
        href: Where it is.
        gsd: Metres per pixel.
    """
    import pystac

    return pystac.Asset(
        href,
        title=product.descriptions[0] if product.bands == 1 else product.stem,
        media_type=pystac.MediaType.COG,
        roles=["data"],
        extra_fields={"bands": [_band(product, number, gsd) for number in range(product.bands)]},
    )


def add_file(item: Item, key: str, path: Path) -> None:
    """Add the size and the checksum of an asset's file.

    Raises:
        OSError: The file cannot be read.
    """
    from pystac.extensions.file import FileExtension

    with path.open("rb") as file:
        checksum = f"{_SHA256}{hashlib.file_digest(file, 'sha256').hexdigest()}"
    FileExtension.ext(item.assets[key], add_if_missing=True).apply(checksum=checksum, size=path.stat().st_size)


def add_classes(item: Item, key: str, legend: Legend) -> None:
    """Add the classes of an asset."""
    from pystac.extensions.classification import ClassificationExtension

    ClassificationExtension.ext(item.assets[key], add_if_missing=True).apply(classes=_classes(legend))


def add_renders(item: Item, products: list[ProductSpec]) -> None:
    """Add the colours in which viewers show the assets."""
    from pystac.extensions.render import RenderExtension

    RenderExtension.ext(item, add_if_missing=True).apply({product.stem: _render(product) for product in products})


def _band(product: ProductSpec, number: int, gsd: float | None) -> dict[str, Any]:
    found = {
        "name": product.stem if product.bands == 1 else f"{product.stem}_{number + 1}",
        "description": product.descriptions[number],
        "data_type": product.dtype,
        "nodata": product.nodata,
        "unit": product.unit,
        "raster:sampling": "area",
        "raster:scale": product.scale,
        "raster:spatial_resolution": gsd,
    }
    return {name: value for name, value in found.items() if value is not None}


def _classes(legend: Legend) -> list[Classification]:
    from pystac.extensions.classification import Classification

    found = [
        Classification.create(
            entry.code,
            description=entry.description or None,
            # Only these characters are allowed.
            name=re.sub(r"[^0-9A-Za-z_-]+", "_", entry.name).strip("_") or f"class_{entry.code}",
            title=entry.name,
            color_hint=bytes(entry.colour).hex().upper(),
        )
        for entry in legend.classes
    ]
    return [*found, Classification.create(legend.nodata, name="nodata", nodata=True)]


def _render(product: ProductSpec) -> Render:
    from pystac.extensions.render import Render

    title = product.descriptions[0] if product.bands == 1 else product.stem
    if product.colormap is not None:
        colours = {str(value): list(colour) for value, colour in product.colormap.items()}
        return Render.create([product.stem], title=title, nodata=product.nodata, colormap=colours, resampling="nearest")
    if (tag := product.tags.get("RENDERS")) is not None:
        (fields,) = json.loads(tag).values()
        return Render.create(**{**fields, "assets": [product.stem]})
    highest = 100.0 if product.scale is None else 1 / product.scale
    return Render.create([product.stem], title=title, nodata=product.nodata, rescale=[[0.0, highest]])
