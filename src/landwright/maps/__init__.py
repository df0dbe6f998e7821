"""Maps: what a person opens - COG, QGIS style, pictures."""

from landwright.maps.cog import StripWriter
from landwright.maps.files import MapFiles, map_files
from landwright.maps.legend_picture import legend_svg
from landwright.maps.picture import (
    class_picture,
    confidence_picture,
    error_picture,
    png_bytes,
    rgb_picture,
    side_by_side,
    write_png,
)
from landwright.maps.qml import CONFIDENCE_RAMP, class_style, ramp_style

__all__ = [
    "CONFIDENCE_RAMP",
    "MapFiles",
    "StripWriter",
    "class_picture",
    "class_style",
    "confidence_picture",
    "error_picture",
    "legend_svg",
    "map_files",
    "png_bytes",
    "ramp_style",
    "rgb_picture",
    "side_by_side",
    "write_png",
]
