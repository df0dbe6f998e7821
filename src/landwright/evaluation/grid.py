"""The pixels in which a map and its reference are compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from affine import Affine

from landwright.rasters import VECTOR_SUFFIXES, RasterInfo, open_raster


def comparison_grid(map_info: RasterInfo, reference: Path) -> RasterInfo:
    """Return the map's grid, its pixels divided where the reference is finer.

    On its own grid a coarse product would be asked only what lies under the centres of its cells, where it is right
    more often than at their edges.

    Args:
        map_info: Grid of the map.
        reference: Raster or polygons.

    Returns:
        The map's extent in pixels at most 1.5 times those of the reference; the map's own grid for polygons and where
        a pixel size is not known.

    Raises:
        DataError: The reference cannot be opened.
    """
    if reference.suffix.lower() in VECTOR_SUFFIXES or map_info.gsd is None:
        return map_info
    with open_raster(reference) as raster:
        finer = raster.info.gsd
    parts = 1 if finer is None else round(map_info.gsd / finer)
    if parts < 2:
        return map_info
    return replace(
        map_info,
        width=map_info.width * parts,
        height=map_info.height * parts,
        transform=map_info.transform @ Affine.scale(1 / parts),
        gsd=map_info.gsd / parts,
    ).with_notes(f"the reference is finer: each pixel of the map was compared as {parts} x {parts}")
