"""What the numbers of an elevation raster count in."""

from __future__ import annotations

from typing import Literal, get_args

import pyproj
from rasterio.crs import CRS

from landwright.errors import DataError, UsageError

HeightUnit = Literal["metres", "feet", "us-feet"]
"""Units that heights can be given in; ``us-feet`` is the survey foot, 2 millionths longer than the foot."""

FACTORS: dict[HeightUnit, float] = {"metres": 1.0, "feet": 0.3048, "us-feet": 1200 / 3937}
"""Metres per unit."""

# What files write as the unit of a band, in lower case and without spaces.
_WRITTEN: dict[str, HeightUnit] = {
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), "metres"),
    **dict.fromkeys(("ft", "foot", "feet", "internationalfoot"), "feet"),
    **dict.fromkeys(("us-ft", "usft", "ftus", "ussurveyfoot", "ussurveyfeet", "foot_us"), "us-feet"),
}


def check_unit(unit: str | None) -> None:
    """Refuse a unit that is not known.

    Raises:
        UsageError: If there is no such unit.
    """
    if unit is not None and unit not in FACTORS:
        raise UsageError(f"there is no unit {unit!r} of heights", remedy=f"Choose {', '.join(get_args(HeightUnit))}")


def metres_per_unit(crs: CRS, written: str | None, unit: HeightUnit | None, path: str) -> float:
    """Settle what heights count in: what the user says, else what the file writes, else what its CRS suggests.

    Args:
        crs: The raster's CRS.
        written: Unit that the file declares for its band, or None.
        unit: Unit that the user states, or None.
        path: The file, for messages.

    Returns:
        Metres per unit.

    Raises:
        DataError: If the file declares an unknown unit, or nothing but a CRS in feet is known.
    """
    if unit is not None:
        return FACTORS[unit]
    if written:
        known = _WRITTEN.get(written.lower().replace(" ", ""))
        if known is None:
            raise DataError(
                f"declares heights in {written!r}, which is not known",
                path=path,
                remedy=f"Convert them to metres, or state the unit: --unit {'|'.join(FACTORS)}",
            )
        return FACTORS[known]
    system = pyproj.CRS.from_wkt(crs.to_wkt())
    upwards = [axis for axis in system.axis_info if axis.direction == "up"]
    if upwards:
        return float(upwards[0].unit_conversion_factor)
    if not system.is_geographic and abs(system.axis_info[0].unit_conversion_factor - 1) > 1e-3:
        raise DataError(
            f"its CRS counts in {system.axis_info[0].unit_name}, and nothing says what its heights count in",
            path=path,
            remedy="State the unit of the heights: --unit feet, --unit us-feet or --unit metres",
        )
    return 1.0
