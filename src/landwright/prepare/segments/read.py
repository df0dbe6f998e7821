"""Read the segments of images from their folder."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling

from landwright.errors import DataError
from landwright.prepare.segments.identity import image_hash
from landwright.prepare.segments.record import are_there, files_of, load_record
from landwright.rasters import Window
from landwright.rasters.gdal import reading, without_georeference_warning
from landwright.rasters.window import whole_or_inside

_SHOWN = 5
_AGAIN = "Run landwright prepare segments with these images and this folder: what is there and right is kept"


class SegmentFolder:
    """A folder that `make_segments` wrote. Images are known by their content, wherever they lie.

    It may be sent to other processes.

    Attributes:
        path: The folder.
        provider: Who made the segments.
        params: With which settings.

    Args:
        path: The folder.

    Raises:
        DataError: If it is no folder of segments, or its record is damaged.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        """Read its record."""
        self.path = Path(path)
        record = load_record(self.path)
        self.provider, self.params = record.provider, dict(record.params)
        self._entries = record.images
        self._by_content = record.by_content()
        self._sources = {entry.source for entry in record.images.values()}
        self._names: dict[Path, str] = {}

    def __len__(self) -> int:
        """Number of images that have segments here."""
        return len(self._entries)

    def check(self, images: Iterable[str | PathLike[str]]) -> None:
        """Find the segments of images, so that reading them needs no search.

        Args:
            images: Files.

        Raises:
            DataError: If images have no segments here, or were changed since they were made; all are counted.
        """
        changed: list[Path] = []
        absent: list[Path] = []
        for image in map(Path, images):
            name = self._by_content.get(image_hash(image))
            if name is None or not are_there(self.path, name):
                (changed if name is None and self._knew(image) else absent).append(image)
            else:
                self._names[image] = name
        for files, what in ((changed, "changed since segments were made"), (absent, "without segments here")):
            if files:
                names = ", ".join(path.name for path in files[:_SHOWN])
                more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
                images_are = "images are" if len(files) > 1 else "image is"
                raise DataError(f"{len(files)} {images_are} {what}: {names}{more}", path=self.path, remedy=_AGAIN)

    def read(
        self, image: str | PathLike[str], window: Window | None = None, size: tuple[int, int] | None = None
    ) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Read the segments of a window of an image.

        Args:
            image: Its file.
            window: A window inside the image; None for all of it.
            size: (height, width) to bring it to, by the nearest pixel; by default the window's own.

        Returns:
            Objects (h, w), numbers from 1 and 0 for none, and boundaries (h, w).

        Raises:
            DataError: If the image has no segments here, was changed since, or a file is damaged.
            ValueError: If the window does not lie in the image.
        """
        path = Path(image)
        if path not in self._names:
            self.check([path])
        name = self._names[path]
        entry = self._entries[name]
        area = whole_or_inside(window, (entry.height, entry.width))
        objects, boundary = (
            self._part(file, entry.height, entry.width, area, size) for file in files_of(self.path, name)
        )
        return objects.astype(np.int32), boundary > 0

    def _knew(self, image: Path) -> bool:
        """Whether segments were made of what this file held before, here or where the images lay then."""
        if str(image.resolve()) in self._sources:
            return True
        entry = self._entries.get(image.stem)
        return entry is not None and not Path(entry.source).exists()

    @staticmethod
    def _part(
        path: Path, height: int, width: int, area: Window, size: tuple[int, int] | None
    ) -> NDArray[np.uint8 | np.uint16]:
        with (
            reading(str(path), "is not a readable map of segments"),
            without_georeference_warning(),
            rasterio.open(path) as file,
        ):
            if file.shape != (height, width):
                raise DataError(
                    f"has {file.width} x {file.height} pixels, its image {width} x {height}",
                    path=path,
                    remedy="Remove the file and run landwright prepare segments again",
                )
            found: NDArray[np.uint8 | np.uint16] = file.read(
                1, window=area.to_rasterio(), out_shape=size, resampling=Resampling.nearest
            )
        return found
