"""The files of a map: their names, and what must not be written over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from landwright.errors import UsageError

_SUFFIXES = (".tif", ".tiff")
_STYLE = ".qml"
LEGEND_SUFFIX = ".legend.yaml"


@dataclass(frozen=True)
class MapFiles:
    """Where a map goes.

    Attributes:
        codes: The map itself: raster of class codes, or of heights where there are no classes.
        beside: The raster that goes with it, such as the confidence, or None.
        height: Raster of heights, or None.
        spread: Raster of their spread, or None.
        legend: The classes as a legend file, or None.
        probabilities: Raster of the probabilities of all classes, or None.
        disagreement: Raster of how much overlapping windows disagree, or None.
    """

    codes: Path
    beside: Path | None
    height: Path | None = None
    spread: Path | None = None
    legend: Path | None = None
    probabilities: Path | None = None
    disagreement: Path | None = None

    @property
    def rasters(self) -> tuple[Path, ...]:
        """The map and, where wanted, the rasters beside it."""
        height = None if self.height == self.codes else self.height
        found = (self.codes, self.beside, self.probabilities, self.disagreement, height, self.spread)
        return tuple(path for path in found if path is not None)

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
        for file in (*self.rasters, *self.styles, *([] if self.legend is None else [self.legend])):
            if file.exists() and any(file.samefile(source) for source in sources):
                raise UsageError("is one of the inputs", path=file, remedy="Name another output")
            if file.is_file() and not overwrite:
                raise UsageError("is there already", path=file, remedy="Use --force (overwrite=True) or another name")


def map_files(
    out: str | PathLike[str],
    beside: str | PathLike[str] | bool,
    *,
    word: str = "confidence",
    classes: bool = True,
    height: bool = False,
    spread: bool = False,
    legend: bool = False,
    probabilities: bool = False,
    disagreement: bool = False,
) -> MapFiles:
    """Name the files that belong to a map.

    Args:
        out: The map: raster of class codes, or of heights where there are no classes.
        beside: The raster that goes with the classes; True for ``NAME_<word>.tif`` beside the map, False for none.
        word: What that raster holds.
        classes: There are classes.
        height: There are heights: ``NAME_height.tif`` beside the classes, or ``out`` itself.
        spread: There is a spread of heights: the name of the heights with ``_spread``.
        legend: The classes are wanted as a legend file too: ``NAME.legend.yaml`` beside the map.
        probabilities: The probabilities of the classes are wanted: ``NAME_probabilities.tif`` beside the map.
        disagreement: The disagreement of overlapping windows is wanted: ``NAME_disagreement.tif`` beside the map.

    Raises:
        UsageError: A raster's name does not end with ``.tif``, or two have one name.
    """
    codes = Path(out)
    other = Path(beside) if not isinstance(beside, bool) else _named(codes, word) if beside else None
    heights = (_named(codes, "height") if classes else codes) if height else None
    files = MapFiles(
        codes,
        other if classes else None,
        heights,
        _named(heights, "spread") if heights and spread else None,
        codes.with_suffix(LEGEND_SUFFIX) if legend else None,
        _named(codes, "probabilities") if classes and probabilities else None,
        _named(codes, "disagreement") if classes and disagreement else None,
    )
    for raster in files.rasters:
        if raster.suffix.lower() not in _SUFFIXES:
            raise UsageError(
                "maps are written as GeoTIFF", path=raster, remedy=f"Name the file {raster.with_suffix('.tif').name}"
            )
    if len({style.absolute() for style in files.styles}) < len(files.styles):
        raise UsageError(
            f"the {word} and another raster of the map have one name", path=other, remedy=f"Name the {word} otherwise"
        )
    return files


def _named(raster: Path, word: str) -> Path:
    return raster.with_name(f"{raster.stem}_{word}{raster.suffix}")
