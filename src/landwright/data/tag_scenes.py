"""Which scene an entry of a file of tags is on: by name, or by place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.crs import CRS
from shapely.geometry.base import BaseGeometry

from landwright.data.scene import Scene
from landwright.data.tag_files import TagRow
from landwright.errors import DataError
from landwright.rasters import RASTER_SUFFIXES, open_raster

_EDGE = 16  # points on each side of a footprint: straight in one reference system, bent in another


class SceneNames:
    """Scenes by all that may name them."""

    def __init__(self, scenes: Sequence[Scene]) -> None:
        """Index the scenes."""
        self._by_path = {scene.image.resolve(): scene for scene in scenes}
        self._by_name = {scene.name: scene for scene in scenes}
        self._by_file: dict[str, list[Scene]] = {}
        for scene in scenes:
            for key in {scene.image.name, scene.image.stem}:
                self._by_file.setdefault(key, []).append(scene)
        self._folders = {scene.image.parent for scene in scenes}
        self._beside: frozenset[str] | None = None

    def find(self, row: TagRow, file: Path) -> Scene | None:
        """The scene of an entry, or None.

        Raises:
            DataError: Several scenes are called so.
        """
        for image in row.images:
            named = PurePosixPath(image)
            if scene := self._by_path.get((file.parent / image).resolve()) or self._by_name.get(image):
                return scene
            # The file of a remote asset may lie here under its own name.
            key = named.name if "://" in image else image
            if called := self._by_file.get(key) or self._by_file.get(PurePosixPath(key).stem if "://" in image else ""):
                if len(called) > 1:
                    raise DataError(
                        f"{row.where} is on {image}, which is the name of {len(called)} images",
                        path=file,
                        remedy="Write their paths from the file's folder",
                    )
                return called[0]
        return None

    def exists(self, row: TagRow, file: Path) -> bool:
        """Whether an entry is on an image that is there, though none of the scenes."""
        if self._beside is None:
            there = (entry for folder in self._folders for entry in folder.iterdir())
            images = [entry for entry in there if entry.suffix.lower() in RASTER_SUFFIXES]
            self._beside = frozenset(name for image in images for name in (image.name, image.stem))
        return any((file.parent / image).is_file() or image in self._beside for image in row.images)


def rows_in(scenes: Iterable[Scene], rows: Sequence[TagRow], crs: CRS, path: Path) -> dict[str, list[TagRow]]:
    """Find the features that reach into scenes; those that only touch their edge do not.

    Args:
        scenes: Georeferenced scenes.
        rows: Entries of a file; those without a place are left alone.
        crs: Reference system of the places.
        path: The file, for messages.

    Returns:
        Entries by name of the scene, for all scenes.

    Raises:
        DataError: A scene has no georeference.
    """
    placed = [(row, row.place) for row in rows if row.place is not None]
    places: list[BaseGeometry] = [place for _, place in placed]
    tree = shapely.STRtree(places)
    found = {}
    for scene in scenes:
        area = _footprint(scene, crs, path)
        near = np.sort(tree.query(area, predicate="intersects"))
        found[scene.name] = [placed[index][0] for index in near if not area.touches(places[index])]
    return found


def _footprint(scene: Scene, crs: CRS, path: Path) -> shapely.Polygon:
    """Outline of a scene in another reference system."""
    with open_raster(scene.image) as raster:
        info = raster.info
    if not info.georeferenced:
        raise DataError(
            f"its features cannot be placed on {scene.image}, which has no georeference",
            path=path,
            remedy="Give the features an attribute `image` with the image's name, or georeference the image",
        )
    outline: NDArray[np.float64] = shapely.get_coordinates(
        shapely.segmentize(shapely.box(0, 0, info.width, info.height), max(info.width, info.height) / _EDGE)
    )
    x, y = info.transform @ (outline[:, 0], outline[:, 1])
    project = Transformer.from_crs(CRS.from_user_input(info.crs).to_wkt(), crs.to_wkt(), always_xy=True)
    return shapely.Polygon(np.column_stack(project.transform(x, y)))
