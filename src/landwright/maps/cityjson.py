"""Buildings as CityJSON 2.0: one block (LoD1) for each footprint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS

from landwright.errors import DataError
from landwright.maps.footprints import true_to_scale
from landwright.rasters import RasterInfo

_SCALE = 0.001
_GAP = 10.0
"""Millimetres by which a footprint shrinks where its rings touch each other."""

_SURFACES = ("GroundSurface", "RoofSurface", "WallSurface")


class Block(NamedTuple):
    """A building of one height.

    Attributes:
        name: Its identifier in the file.
        polygon: Footprint in the reference system; a polygon or several.
        base: Elevation of the ground surface in metres.
        roof: Elevation of the roof in metres; higher than the base.
        attributes: What is known of it.
    """

    name: str
    polygon: Any
    base: float
    roof: float
    attributes: dict[str, Any]


def city_json(blocks: Iterable[Block], info: RasterInfo, *, title: str) -> dict[str, Any]:
    """Describe blocks as a CityJSON object, ready to be written as JSON.

    Every block is a closed solid with ground, roof and walls that face outwards; its vertices are whole millimetres.
    Rings of a footprint that touch each other in a vertex are moved one centimetre inwards, because a solid must not
    touch itself. A footprint of several parts has a solid for each.

    Source: CityJSON 2.0.1 (OGC 20-072r5), geometry of type Solid with semantics.

    Args:
        blocks: The buildings, in the reference system of the map.
        info: Grid of the map; see `reference_system` for what it must be.
        title: Title of the file.

    Raises:
        DataError: The map's reference system cannot be that of a CityJSON file.
    """
    system = reference_system(info)
    blocks = list(blocks)
    bounds = np.array([shapely.bounds(block.polygon) for block in blocks]).reshape(-1, 4)
    west, south = np.floor(bounds[:, :2].min(axis=0)) if blocks else np.zeros(2)
    origin = np.array([west, south, np.floor(min((block.base for block in blocks), default=0.0))])
    vertices: dict[tuple[int, int, int], int] = {}
    objects = {
        block.name: {
            "type": "Building",
            "attributes": block.attributes,
            "geometry": [_solid(rings, block, origin, vertices) for rings in _parts(block.polygon, origin)],
        }
        for block in blocks
    }
    metadata: dict[str, Any] = {"title": title, "referenceSystem": system}
    corners = np.array(list(vertices)).reshape(-1, 3)
    if len(corners):
        extent = np.concatenate([corners.min(axis=0), corners.max(axis=0)]) * _SCALE + np.tile(origin, 2)
        metadata["geographicalExtent"] = extent.round(3).tolist()
    return {
        "type": "CityJSON",
        "version": "2.0",
        "transform": {"scale": [_SCALE] * 3, "translate": origin.tolist()},
        "metadata": metadata,
        "CityObjects": objects,
        "vertices": corners.tolist(),
    }


def reference_system(info: RasterInfo) -> str:
    """Name of a map's reference system as OGC does it: a URL.

    Raises:
        DataError: It is not projected in metres, not true to scale, or has no code in a registry.
    """
    remedy = "Reproject the map first, for example with `gdalwarp -t_srs EPSG:CODE` to the UTM zone or national grid"
    system = None if info.crs is None else pyproj.CRS.from_wkt(CRS.from_user_input(info.crs).to_wkt())
    if system is None or not system.is_projected:
        raise DataError(
            "CityJSON needs a map in a projected reference system, in metres", path=info.path, remedy=remedy
        )
    if any(axis.unit_conversion_factor != 1 for axis in system.axis_info):
        unit = system.axis_info[0].unit_name
        raise DataError(f"CityJSON needs metres, and the map is in {unit}", path=info.path, remedy=remedy)
    if not true_to_scale(info):
        raise DataError(
            f"a metre of {system.name} is not one on the ground here, and blocks would be too wide for their height",
            path=info.path,
            remedy=remedy,
        )
    code = system.to_authority()
    if code is None:
        raise DataError(
            f"its reference system {system.name!r} has no code that CityJSON could name", path=info.path, remedy=remedy
        )
    return f"https://www.opengis.net/def/crs/{code[0]}/0/{code[1]}"


def _parts(polygon: Any, origin: NDArray[np.float64]) -> Iterator[list[NDArray[np.int64]]]:
    """Rings of each part in whole millimetres: the outer one counterclockwise, holes clockwise, none closed."""
    moved = shapely.transform(polygon, lambda points: (points - origin[:2]) / _SCALE)
    snapped = shapely.set_precision(moved, 1.0)
    for part in shapely.get_parts(snapped):
        rings = _rings(part)
        if not _touching(rings):
            yield rings
            continue
        apart = shapely.set_precision(shapely.buffer(part, -_GAP, join_style="mitre"), 1.0)
        yield from (_rings(piece) for piece in shapely.get_parts(apart))


def _rings(polygon: Any) -> list[NDArray[np.int64]]:
    oriented = shapely.orient_polygons(polygon)
    return [np.rint(ring.coords).astype(np.int64)[:-1] for ring in (oriented.exterior, *oriented.interiors)]


def _touching(rings: list[NDArray[np.int64]]) -> bool:
    points = np.concatenate(rings)
    return len(np.unique(points, axis=0)) < len(points)


def _solid(
    rings: list[NDArray[np.int64]],
    block: Block,
    origin: NDArray[np.float64],
    vertices: dict[tuple[int, int, int], int],
) -> dict[str, Any]:
    """A prism over rings; vertices that are new are added to `vertices`."""
    low, high = (round((level - origin[2]) / _SCALE) for level in (block.base, block.roof))

    def numbers(ring: NDArray[np.int64], level: int) -> list[int]:
        return [vertices.setdefault((x, y, level), len(vertices)) for x, y in ring.tolist()]

    bottoms, tops = ([numbers(ring, level) for ring in rings] for level in (low, high))
    # Seen from below, the ground turns the other way round than the roof seen from above.
    ground = [ring[::-1] for ring in bottoms]
    walls = [
        [[bottom[here - 1], bottom[here], top[here], top[here - 1]]]
        for bottom, top in zip(bottoms, tops, strict=True)
        for here in range(len(bottom))
    ]
    return {
        "type": "Solid",
        "lod": "1",
        "boundaries": [[ground, tops, *walls]],
        "semantics": {
            "surfaces": [{"type": name} for name in _SURFACES],
            "values": [[0, 1, *[2] * len(walls)]],
        },
    }
