"""Training data: scenes from files, their division, tiles, augmentation, published layouts."""

from landwright.data.layouts import Layout, check_layout, list_layouts, load_layout
from landwright.data.loader import OffsetSampler, make_loader
from landwright.data.reading import Sample
from landwright.data.scenes import Part, Scene, find_scenes, find_targets
from landwright.data.splits import Region, Split, make_split
from landwright.data.statistics import band_statistics, class_histogram
from landwright.data.tiles import GridTiles, RandomTiles

__all__ = [
    "GridTiles",
    "Layout",
    "OffsetSampler",
    "Part",
    "RandomTiles",
    "Region",
    "Sample",
    "Scene",
    "Split",
    "band_statistics",
    "check_layout",
    "class_histogram",
    "find_scenes",
    "find_targets",
    "list_layouts",
    "load_layout",
    "make_loader",
    "make_split",
]
