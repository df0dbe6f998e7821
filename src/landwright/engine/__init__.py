"""The mapping engine: from an image and a network to pixels, in memory that does not grow with the image."""

from landwright.engine.heads import ClassHead, Head, HeightHead
from landwright.engine.merge import Merger, check_merge, fitting_crosswalks
from landwright.engine.options import PredictOptions
from landwright.engine.plan import Plan, plan
from landwright.engine.predict import predict_raster
from landwright.engine.protocols import Progress, Reader, Scorer, Sink, Source
from landwright.engine.result import MapResult
from landwright.engine.score import PixelScorer
from landwright.engine.stream import Tally, Tiling, map_windows
from landwright.engine.weights import KernelWeights, window_weights
from landwright.engine.words import WordOptions, find_model
from landwright.rasters.blend import BLENDS, Blend, partition
from landwright.rasters.starts import fixed_starts, padded_starts, starts

__all__ = [
    "BLENDS",
    "Blend",
    "ClassHead",
    "Head",
    "HeightHead",
    "KernelWeights",
    "MapResult",
    "Merger",
    "PixelScorer",
    "Plan",
    "PredictOptions",
    "Progress",
    "Reader",
    "Scorer",
    "Sink",
    "Source",
    "Tally",
    "Tiling",
    "WordOptions",
    "check_merge",
    "find_model",
    "fitting_crosswalks",
    "fixed_starts",
    "map_windows",
    "padded_starts",
    "partition",
    "plan",
    "predict_raster",
    "starts",
    "window_weights",
]
