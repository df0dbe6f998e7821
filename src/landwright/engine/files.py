"""The files of a map: their names, and what must not be written over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from landwright.errors import UsageError

_SUFFIXES = (".tif", ".tiff")
_STYLE = ".qml"


@dataclass(frozen=True)
class MapFiles:
    """Where a map goes.

    Attributes:
        codes: The class map.
        confidence: Confidence in percent, or None.
    """

    codes: Path
    confidence: Path | None

    @property
    def rasters(self) -> tuple[Path, ...]:
        """The map and, where wanted, the confidence."""
        return (self.codes,) if self.confidence is None else (self.codes, self.confidence)

    @property
    def styles(self) -> tuple[Path, ...]:
        """QGIS style of each raster, found by QGIS through its name."""
        return tuple(raster.with_suffix(_STYLE) for raster in self.rasters)

    def refuse_existing(self, image: Path, *, overwrite: bool) -> None:
        """Refuse to write over the image, or over anything unless ``overwrite``.

        Raises:
            UsageError: A file must not be written.
        """
        for file in (*self.rasters, *self.styles):
            if file.exists() and image.exists() and file.samefile(image):
                raise UsageError("is the image itself", path=file, remedy="Name another output")
            if file.is_file() and not overwrite:
                raise UsageError("is there already", path=file, remedy="Use --force (overwrite=True) or another name")


def map_files(out: str | PathLike[str], confidence: Path | bool) -> MapFiles:
    """Name the files that belong to a map.

    Args:
        out: The class map.
        confidence: Its confidence; True for ``NAME_confidence.tif`` beside the map, False for none.

    Raises:
        UsageError: A raster's name does not end with ``.tif``, or both have one name.
    """
    codes = Path(out)
    beside = codes.with_name(f"{codes.stem}_confidence{codes.suffix}")
    files = MapFiles(codes, (beside if confidence is True else Path(confidence)) if confidence else None)
    for raster in files.rasters:
        if raster.suffix.lower() not in _SUFFIXES:
            raise UsageError(
                "maps are written as GeoTIFF", path=raster, remedy=f"Name the file {raster.with_suffix('.tif').name}"
            )
    if _repeats(files.styles):
        raise UsageError("map and confidence have one name", path=codes, remedy="Name the confidence otherwise")
    return files


def _repeats(files: Iterable[Path]) -> bool:
    names = [file.absolute() for file in files]
    return len(set(names)) < len(names)
