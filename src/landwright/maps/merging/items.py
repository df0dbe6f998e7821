"""The STAC items of a run: one for each block, or one for its merged map."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import pyproj
from affine import Affine
from rasterio.crs import CRS

from landwright import __version__
from landwright.maps.merging.assets import (
    PROCESSING_SCHEMA,
    RASTER_SCHEMA,
    add_classes,
    add_file,
    add_renders,
    raster_asset,
)
from landwright.maps.merging.footprint import footprint
from landwright.maps.spec import Products
from landwright.rasters.gsd import ground_resolution
from landwright.runs import Manifest

if TYPE_CHECKING:
    from pystac import Item


@dataclass(frozen=True)
class About:
    """What all items of a run have in common.

    Attributes:
        manifest: What the run is about.
        products: Its rasters.
        crs: Reference system of the map.
        transform: Pixel to reference system.
    """

    manifest: Manifest
    products: Products
    crs: CRS
    transform: Affine

    @cached_property
    def gsd(self) -> float | None:
        """Metres per pixel."""
        grid = self.manifest.grid
        return ground_resolution(self.crs, self.transform, (grid.height, grid.width))

    @cached_property
    def processing(self) -> dict[str, Any]:
        """Fields of the extension Processing."""
        model = self.products.model
        weights = "" if model.weights_sha256 is None else f" (SHA-256 of its weights: {model.weights_sha256})"
        count = len(self.manifest.inputs)
        source = PurePath(self.manifest.inputs[0].name).name if count == 1 else f"{count} rasters"
        return {
            "processing:level": "L4",
            "processing:lineage": f"{source}, mapped by the model {model.name}{weights}",
            "processing:software": {"landwright": __version__},
        }

    @cached_property
    def code(self) -> str | None:
        """Code of the reference system, such as ``EPSG:32632``."""
        authority = self.crs.to_authority()
        return None if authority is None else ":".join(authority)

    @cached_property
    def definition(self) -> str | None:
        """Definition (WKT2) of a reference system without a code."""
        return None if self.code else str(pyproj.CRS.from_wkt(self.crs.to_wkt()).to_wkt("WKT2_2019"))


def make_item(
    about: About, name: str, files: Mapping[str, Path], folder: Path, corner: tuple[int, int], shape: tuple[int, int]
) -> Item | None:
    """Describe the rasters of one block, or of the whole map.

    Args:
        about: The run.
        name: Name of the item.
        files: Its rasters by the products' stems.
        folder: Folder of the item, which addresses are relative to.
        corner: (row, column) of the map where they begin.
        shape: (height, width) in pixels.

    Returns:
        The item, without links; None where it has no place on the globe.

    Raises:
        OSError: A raster cannot be read.
    """
    import pystac
    from pystac.extensions.projection import ProjectionExtension

    transform = about.transform @ Affine.translation(corner[1], corner[0])
    place = footprint(about.crs, transform, *shape)
    if place is None:
        return None
    created = about.products.created
    item = pystac.Item(
        name,
        geometry=place.geometry,
        bbox=list(place.bbox),
        datetime=created,
        properties={"created": pystac.utils.datetime_to_str(created), **about.processing},
        stac_extensions=[RASTER_SCHEMA, PROCESSING_SCHEMA],
    )
    if about.gsd is not None:
        item.common_metadata.gsd = about.gsd
    ProjectionExtension.ext(item, add_if_missing=True).apply(
        code=about.code, wkt2=about.definition, shape=list(shape), transform=list(transform)[:6]
    )
    shown = [product for product in about.products.products if product.stem in files]
    for product in shown:
        path = files[product.stem]
        item.add_asset(product.stem, raster_asset(product, address(path, folder), gsd=about.gsd))
        add_file(item, product.stem, path)
        if product.kind == "classes" and about.products.legend is not None:
            add_classes(item, product.stem, about.products.legend)
    add_renders(item, shown)
    return item


def address(path: Path, folder: Path) -> str:
    """Return the address of a file relative to a folder."""
    relative = PurePath(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    return relative if relative.startswith(".") else f"./{relative}"
