"""Rasters: windowed reading of any grid, labels on an image's grid, and writing that is whole or not at all."""

from landwright.rasters.cog import COG_OPTIONS, write_cog
from landwright.rasters.describe import describe
from landwright.rasters.description import Description
from landwright.rasters.info import RasterInfo
from landwright.rasters.inputs import RASTER_SUFFIXES, expand_inputs
from landwright.rasters.label_reader import LabelReader, Tally
from landwright.rasters.labels import open_labels
from landwright.rasters.output import atomic_output
from landwright.rasters.raster import Raster, open_raster
from landwright.rasters.vectors import VECTOR_SUFFIXES
from landwright.rasters.window import Window

__all__ = [
    "COG_OPTIONS",
    "RASTER_SUFFIXES",
    "VECTOR_SUFFIXES",
    "Description",
    "LabelReader",
    "Raster",
    "RasterInfo",
    "Tally",
    "Window",
    "atomic_output",
    "describe",
    "expand_inputs",
    "open_labels",
    "open_raster",
    "write_cog",
]
