"""Maps: what a person opens - COG, QGIS style, pictures."""

from landwright.maps.cog import StripWriter
from landwright.maps.files import LEGEND_SUFFIX, MapFiles, map_files
from landwright.maps.legend_file import legend_yaml
from landwright.maps.legend_picture import legend_svg
from landwright.maps.map_legend import map_legend, read_tags
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
from landwright.maps.render import HEIGHT, HEIGHT_LOSS, HEIGHT_NODATA, SPREAD, Rendering
from landwright.maps.spec import Model, Products, ProductSpec
from landwright.maps.vector_options import VectorOptions, VectorResult
from landwright.maps.vectorize import vectorize_map

__all__ = [
    "CONFIDENCE_RAMP",
    "HEIGHT",
    "HEIGHT_LOSS",
    "HEIGHT_NODATA",
    "LEGEND_SUFFIX",
    "SPREAD",
    "MapFiles",
    "Model",
    "ProductSpec",
    "Products",
    "Rendering",
    "StripWriter",
    "VectorOptions",
    "VectorResult",
    "class_picture",
    "class_style",
    "confidence_picture",
    "error_picture",
    "legend_svg",
    "legend_yaml",
    "map_files",
    "map_legend",
    "png_bytes",
    "ramp_style",
    "read_tags",
    "rgb_picture",
    "side_by_side",
    "vectorize_map",
    "write_png",
]
