"""Rasters: windowed reading of any grid, labels on an image's grid, and writing that is whole or not at all."""

from landwright.rasters.assembled import Assembled, Order, open_assembled
from landwright.rasters.cog import write_cog
from landwright.rasters.dates import open_before
from landwright.rasters.describe import describe
from landwright.rasters.description import Description
from landwright.rasters.gsd import suited_gsd
from landwright.rasters.heights import HeightReader, HeightTally, open_heights
from landwright.rasters.info import RasterInfo
from landwright.rasters.inputs import RASTER_SUFFIXES, expand_inputs, expand_sources
from landwright.rasters.label_reader import LabelReader, Tally
from landwright.rasters.labels import open_labels
from landwright.rasters.layout import PACKERS, cog_options
from landwright.rasters.names import shown, stem_of
from landwright.rasters.output import atomic_output
from landwright.rasters.raster import Grid, Raster, open_raster
from landwright.rasters.survey import Image, survey
from landwright.rasters.target import common_grid, target_grid
from landwright.rasters.vectors import VECTOR_SUFFIXES
from landwright.rasters.window import Window

__all__ = [
    "PACKERS",
    "RASTER_SUFFIXES",
    "VECTOR_SUFFIXES",
    "Assembled",
    "Description",
    "Grid",
    "HeightReader",
    "HeightTally",
    "Image",
    "LabelReader",
    "Order",
    "Raster",
    "RasterInfo",
    "Tally",
    "Window",
    "atomic_output",
    "cog_options",
    "common_grid",
    "describe",
    "expand_inputs",
    "expand_sources",
    "open_assembled",
    "open_before",
    "open_heights",
    "open_labels",
    "open_raster",
    "shown",
    "stem_of",
    "suited_gsd",
    "survey",
    "target_grid",
    "write_cog",
]
