"""How heights above ground are made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from os import PathLike
from typing import Any

from landwright.errors import UsageError
from landwright.prepare.ground import LARGEST_RADIUS, filter_name
from landwright.prepare.units import HeightUnit, check_unit
from landwright.rasters.heights import HIGHEST


@dataclass(frozen=True)
class NdsmOptions:
    """How heights above ground are made.

    Attributes:
        dtm: Terrain model of any grid, in any CRS; without it the ground is found in the surface model.
        unit: What surface and terrain model count in; by default what each file says.
        radius: Half the width in metres of the widest building, for the ground filter; 80.5 by default.
        fill: Fill holes of the terrain model from up to so many metres away; by default they stay nodata.
        min_height: Metres; what is lower becomes 0.

    Raises:
        UsageError: If a value is out of its range, or does not go with the others.
    """

    dtm: str | PathLike[str] | None = None
    unit: HeightUnit | None = None
    radius: float | None = None
    fill: float | None = None
    min_height: float = 0.0

    def __post_init__(self) -> None:
        """Check ranges and combinations."""
        check_unit(self.unit)
        if not 0 <= self.min_height < HIGHEST:
            raise UsageError(
                f"min_height {self.min_height:g} is out of range", remedy=f"Choose metres from 0 to below {HIGHEST:g}"
            )
        for name, value in (("radius", self.radius), ("fill", self.fill)):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise UsageError(f"{name} {value:g} is out of range", remedy="Choose a positive number of metres")
        if self.dtm is not None and self.radius is not None:
            raise UsageError(
                "a radius belongs to the ground filter, which a terrain model replaces",
                remedy="Leave out radius or dtm",
            )
        if self.dtm is None and self.fill is not None:
            raise UsageError(
                "fill closes holes of a terrain model, and none is given", remedy="Name one (dtm), or leave out fill"
            )

    @property
    def method(self) -> str:
        """How the ground is found.

        Raises:
            UsageError: If the ground filter is needed and not installed.
        """
        return "surface minus terrain model" if self.dtm is not None else f"ground filter {filter_name()}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "method": self.method,
            "dtm": None if self.dtm is None else str(self.dtm),
            "unit": self.unit,
            "radius": None if self.dtm is not None else self.radius or LARGEST_RADIUS,
            "fill": self.fill,
            "min_height": self.min_height,
        }
