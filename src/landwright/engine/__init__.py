"""The mapping engine: from an image and a network to pixels, in memory that does not grow with the image."""

from landwright.engine.blend import BLENDS, Blend, partition
from landwright.engine.grid import fixed_starts, starts
from landwright.engine.merge import Merger, check_merge, fitting_crosswalks
from landwright.engine.options import MapResult, PredictOptions
from landwright.engine.predict import predict_raster
from landwright.engine.protocols import Progress, Reader, Scorer, Sink
from landwright.engine.score import ClassScorer
from landwright.engine.stream import Tally, Tiling, map_windows
from landwright.engine.weights import KernelWeights, window_weights

__all__ = [
    "BLENDS",
    "Blend",
    "ClassScorer",
    "KernelWeights",
    "MapResult",
    "Merger",
    "PredictOptions",
    "Progress",
    "Reader",
    "Scorer",
    "Sink",
    "Tally",
    "Tiling",
    "check_merge",
    "fitting_crosswalks",
    "fixed_starts",
    "map_windows",
    "partition",
    "predict_raster",
    "starts",
    "window_weights",
]
