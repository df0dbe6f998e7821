from __future__ import annotations

import pytest
from rasterio.crs import CRS

from landwright.errors import DataError, UsageError
from landwright.prepare.units import check_unit, metres_per_unit

UTM, DEGREES, FEET, SURVEY_FEET = (CRS.from_epsg(code) for code in (32631, 4326, 2994, 2229))
FOOT, SURVEY_FOOT = 0.3048, 1200 / 3937


@pytest.mark.parametrize(
    ("crs", "written", "unit", "expected"),
    [
        (UTM, None, None, 1),
        (DEGREES, None, None, 1),
        (UTM, "metre", None, 1),
        (UTM, "ft", None, FOOT),
        (UTM, "US survey foot", None, SURVEY_FOOT),
        (FEET, "m", None, 1),
        (FEET, None, "feet", FOOT),
        (FEET, None, "metres", 1),
        (UTM, "ft", "us-feet", SURVEY_FOOT),
        (UTM, "furlong", "feet", FOOT),
        (CRS.from_string("EPSG:2994+6360"), None, None, SURVEY_FOOT),
        (CRS.from_string("EPSG:2994+5703"), None, None, 1),
    ],
)
def test_what_heights_count_in(crs: CRS, written: str | None, unit: str | None, expected: float) -> None:
    assert metres_per_unit(crs, written, unit, "dsm.tif") == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("crs", [FEET, SURVEY_FEET])
def test_a_crs_in_feet_alone_is_refused(crs: CRS) -> None:
    with pytest.raises(DataError, match=r"nothing says what its heights count in.*--unit feet"):
        metres_per_unit(crs, None, None, "dsm.tif")


def test_a_unit_that_is_not_known_is_refused() -> None:
    with pytest.raises(DataError, match=r"'furlong', which is not known.*--unit"):
        metres_per_unit(UTM, "furlong", None, "dsm.tif")
    with pytest.raises(UsageError, match=r"no unit 'yards'.*metres, feet, us-feet"):
        check_unit("yards")
    check_unit("feet")
    check_unit(None)
