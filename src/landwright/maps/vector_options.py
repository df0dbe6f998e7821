"""What a user asks of the polygons of a map, and what comes of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from landwright.errors import UsageError
from landwright.maps.map_legend import map_legend

ALL = "all"
_DEFAULT = "building"


@dataclass(frozen=True)
class VectorOptions:
    """How a map becomes polygons.

    Attributes:
        category: Name or code of the class, or several of them; ``all`` for all; None for the class named building.
        min_area: Smallest polygon kept, in square metres.
        simplify: How far an outline may move, in metres: 0 keeps the steps of the pixels, None is 1.25 pixels. Polygons
            of one class are simplified each by itself (Douglas and Peucker). Those of several classes keep their common
            borders: corners go whose triangle is smaller than the square of that distance (Visvalingam and Whyatt).
        regularize: Make outlines of one class right-angled where that fits.
        percentile: Percentile of the heights inside a footprint that is its roof, above 0 and at most 100.
        confidence: Raster whose mean is given for each polygon; True takes ``NAME_confidence.tif`` where it lies beside
            the map, or the confidence of a run's blocks, False none.
        overwrite: Replace a file that is there.

    Raises:
        UsageError: A value is out of range, or some do not go together.
    """

    category: str | int | Sequence[str | int] | None = None
    min_area: float = 10.0
    simplify: float | None = None
    regularize: bool = False
    percentile: float = 90.0
    confidence: str | PathLike[str] | bool = True
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not (math.isfinite(self.min_area) and self.min_area >= 0):
            raise UsageError(f"the smallest area is {self.min_area:g}", remedy="Give square metres, 0 or more")
        if self.simplify is not None and not (math.isfinite(self.simplify) and self.simplify >= 0):
            raise UsageError(f"outlines cannot move by {self.simplify:g} m", remedy="Give metres, 0 or more")
        if not 0 < self.percentile <= 100:
            raise UsageError(f"there is no percentile {self.percentile:g}", remedy="Give one above 0 and up to 100")
        if self.regularize and self.several:
            raise UsageError(
                "right-angled outlines of several classes would tear their common borders",
                remedy="Choose one class with --class, or leave --regularize out",
            )

    @property
    def categories(self) -> tuple[str, ...]:
        """Names or codes of the classes wanted, or ``all``."""
        given = _DEFAULT if self.category is None else self.category
        names = [given] if isinstance(given, str | int) else given
        texts = [str(name).strip() for name in names]
        return (ALL,) if any(text.casefold() == ALL for text in texts) else tuple(dict.fromkeys(texts))

    @property
    def several(self) -> bool:
        """Whether polygons of more than one class are wanted, so that they may share borders."""
        return len(self.categories) > 1 or self.categories == (ALL,)


@dataclass(frozen=True)
class VectorResult:
    """What was written.

    Attributes:
        path: The file.
        category: Name of the class, or those of all that are in the file.
        code: Its code in the map; None for several.
        polygons: Polygons found, of the smallest area or larger.
        written: Polygons in the file; fewer in CityJSON, which holds only those with a height.
        small: Polygons left out because they are smaller.
        area: Square metres of all polygons found.
        volume: Cubic metres of those with a known height; None without heights.
        unknown: Footprints without a known height; None without heights.
        baseless: Footprints without a known base; None without a terrain model.
        flat: Footprints whose roof is not above their base; None without heights.
        notes: Plain remarks on the rasters.
        seconds: Time taken.
        classes: Polygons of each class by its name.
        regular: Polygons with a right-angled outline; None where that was not wanted.
        confidence: The raster of confidence that was used, or None.
    """

    path: Path
    category: str
    code: int | None
    polygons: int
    written: int
    small: int
    area: float
    volume: float | None
    unknown: int | None
    baseless: int | None
    flat: int | None
    notes: tuple[str, ...]
    seconds: float
    classes: dict[str, int]
    regular: int | None = None
    confidence: Path | None = None

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values for JSON."""
        confidence = None if self.confidence is None else str(self.confidence)
        return {**self.__dict__, "path": str(self.path), "notes": list(self.notes), "confidence": confidence}


@dataclass(frozen=True)
class Wanted:
    """The classes that become polygons.

    Attributes:
        codes: Their codes; None for all that the map holds.
        names: Names by code, as far as they are known.
    """

    codes: tuple[int, ...] | None
    names: dict[int, str]


def wanted_classes(options: VectorOptions, path: str) -> Wanted:
    """Look the classes wanted up in the map's legend.

    Args:
        options: What the user asks for.
        path: The map.

    Raises:
        UsageError: The map has no such class, or does not name its classes and they are not given by their codes.
    """
    try:
        legend = map_legend(path)
    except UsageError as error:  # the map says nothing about its classes
        if options.categories == (ALL,):
            return Wanted(None, {})
        for text in options.categories:
            if not text.isdecimal():
                raise UsageError(
                    f"does not say which classes it holds, so that {text!r} is not known",
                    path=path,
                    remedy="Give the code of the class: --class CODE",
                ) from error
        return Wanted(tuple(map(int, options.categories)), {})
    names = dict(zip(legend.codes, legend.names, strict=True))
    if options.categories == (ALL,):
        return Wanted(None, names)
    codes = {}
    for text in options.categories:
        fit = (
            code
            for code, name in names.items()
            if text.casefold() == name.casefold() or (text.isdecimal() and int(text) == code)
        )
        code = next(fit, None)
        if code is None:
            known = ", ".join(f"{name} ({code})" for code, name in names.items())
            raise UsageError(f"has no class {text!r}", path=path, remedy=f"Choose one with --class: {known}, or all")
        codes[code] = names[code]
    return Wanted(tuple(codes), codes)
