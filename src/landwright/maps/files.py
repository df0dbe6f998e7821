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
        codes: Raster of class codes.
        beside: The raster that goes with it, such as the confidence, or None.
    """

    codes: Path
    beside: Path | None

    @property
    def rasters(self) -> tuple[Path, ...]:
        """The map and, where wanted, the raster beside it."""
        return (self.codes,) if self.beside is None else (self.codes, self.beside)

    @property
    def styles(self) -> tuple[Path, ...]:
        """QGIS style of each raster, found by QGIS through its name."""
        return tuple(raster.with_suffix(_STYLE) for raster in self.rasters)

    def refuse_existing(self, inputs: Iterable[str | PathLike[str]], *, overwrite: bool) -> None:
        """Refuse to write over an input, or over anything unless ``overwrite``.

        Args:
            inputs: What the map is made from; names that are no files (URLs) are no obstacle.
            overwrite: Files that are no inputs may be replaced.

        Raises:
            UsageError: A file must not be written.
        """
        sources = [path for path in map(Path, inputs) if path.exists()]
        for file in (*self.rasters, *self.styles):
            if file.exists() and any(file.samefile(source) for source in sources):
                raise UsageError("is one of the inputs", path=file, remedy="Name another output")
            if file.is_file() and not overwrite:
                raise UsageError("is there already", path=file, remedy="Use --force (overwrite=True) or another name")


def map_files(out: str | PathLike[str], beside: str | PathLike[str] | bool, *, word: str = "confidence") -> MapFiles:
    """Name the files that belong to a map.

    Args:
        out: Raster of class codes.
        beside: The raster that goes with it; True for ``NAME_<word>.tif`` beside the map, False for none.
        word: What that raster holds.

    Raises:
        UsageError: A raster's name does not end with ``.tif``, or both have one name.
    """
    codes = Path(out)
    if isinstance(beside, bool):
        other = codes.with_name(f"{codes.stem}_{word}{codes.suffix}") if beside else None
    else:
        other = Path(beside)
    files = MapFiles(codes, other)
    for raster in files.rasters:
        if raster.suffix.lower() not in _SUFFIXES:
            raise UsageError(
                "maps are written as GeoTIFF", path=raster, remedy=f"Name the file {raster.with_suffix('.tif').name}"
            )
    if len({style.absolute() for style in files.styles}) < len(files.styles):
        raise UsageError(f"map and {word} have one name", path=codes, remedy=f"Name the {word} otherwise")
    return files
