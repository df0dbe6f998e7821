"""The blocks of a run as one virtual raster."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

from affine import Affine

from landwright.errors import DataError
from landwright.maps.merging.blocks import crs_of, filled_blocks, transform_of
from landwright.maps.spec import ProductSpec
from landwright.maps.vrt import Layer, Place, write_vrt
from landwright.rasters import atomic_output
from landwright.runs import Run


def virtual_map(run: Run, product: ProductSpec, path: Path) -> Path:
    """Write a GDAL VRT of a run's blocks: the whole grid of the map, nodata where no block has data.

    It refers to the blocks by paths relative to itself, so that it can be moved together with them. No block is opened.

    Args:
        run: The run.
        product: Which raster.
        path: The file to write, ``.vrt``; it appears whole or not at all.

    Returns:
        The file.

    Raises:
        DataError: No block has data, there are gaps and the raster has no nodata, or the file cannot be written.
    """
    blocks = filled_blocks(run, product)
    grid = run.manifest.grid
    if product.nodata is None and sum(block.height * block.width for block in blocks) < grid.height * grid.width:
        raise DataError(
            f"{product.stem}.tif is not in all blocks and has no nodata", path=run.where, remedy="Finish the run first"
        )
    transform = transform_of(run)
    layer = Layer(
        height=grid.height,
        width=grid.width,
        crs=crs_of(run),
        transform=None if transform == Affine.identity() else transform,
        dtype=product.dtype,
        descriptions=product.descriptions,
        nodata=product.nodata,
        colormap=product.colormap,
        unit=product.unit,
        scale=product.scale,
        tags={"AREA_OR_POINT": "Area", **product.tags},
    )
    # Links on the way would lead a relative path elsewhere.
    folder = PurePath(os.path.relpath(run.results.path.resolve(), path.parent.resolve())).as_posix()
    places = [
        Place(f"{folder}/{block.name}/{product.stem}.tif", block.row0, block.col0, block.height, block.width)
        for block in blocks
    ]
    with atomic_output(path) as temporary, temporary.open("wb") as file:
        write_vrt(file, layer, places, relative=True)
    return path
