"""The mapping engine: from an image and a network to pixels, in memory that does not grow with the image."""

from landwright.engine.blend import BLENDS, Blend, partition
from landwright.engine.files import MapFiles, map_files
from landwright.engine.grid import redundancy, starts
from landwright.engine.options import MapResult, PredictOptions
from landwright.engine.predict import predict_raster
from landwright.engine.protocols import Progress, Reader, Scorer, Sink
from landwright.engine.score import ClassScorer
from landwright.engine.stream import Tally, Tiling, map_windows

__all__ = [
    "BLENDS",
    "Blend",
    "ClassScorer",
    "MapFiles",
    "MapResult",
    "PredictOptions",
    "Progress",
    "Reader",
    "Scorer",
    "Sink",
    "Tally",
    "Tiling",
    "map_files",
    "map_windows",
    "partition",
    "predict_raster",
    "redundancy",
    "starts",
]
