"""Rasters: windowed reading of any grid, labels on an image's grid, and writing that is whole or not at all."""

from landwright.rasters.cog import write_cog
from landwright.rasters.dates import open_before
from landwright.rasters.describe import describe
from landwright.rasters.description import Description
from landwright.rasters.heights import HeightReader, HeightTally, open_heights
from landwright.rasters.info import RasterInfo
from landwright.rasters.inputs import RASTER_SUFFIXES, expand_inputs, expand_sources
from landwright.rasters.label_reader import LabelReader, Tally
from landwright.rasters.labels import open_labels
from landwright.rasters.layout import cog_options
from landwright.rasters.output import atomic_output
from landwright.rasters.raster import Raster, open_raster
from landwright.rasters.vectors import VECTOR_SUFFIXES
from landwright.rasters.window import Window

__all__ = [
    "RASTER_SUFFIXES",
    "VECTOR_SUFFIXES",
    "Description",
    "HeightReader",
    "HeightTally",
    "LabelReader",
    "Raster",
    "RasterInfo",
    "Tally",
    "Window",
    "atomic_output",
    "cog_options",
    "describe",
    "expand_inputs",
    "expand_sources",
    "open_before",
    "open_heights",
    "open_labels",
    "open_raster",
    "write_cog",
]
