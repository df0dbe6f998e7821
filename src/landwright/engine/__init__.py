"""The mapping engine: from an image and a network to pixels, in memory that does not grow with the image."""

from landwright.engine.blocks import EXECUTORS, RunOptions
from landwright.engine.heads import ClassHead, Head, HeightHead
from landwright.engine.mapper import Job
from landwright.engine.merge import Merger, check_merge, fitting_crosswalks
from landwright.engine.options import PredictOptions
from landwright.engine.plan import Plan, plan
from landwright.engine.predict import predict_job, predict_raster, predict_shard, refuse_outputs
from landwright.engine.protocols import Progress, Reader, Scorer, Sink, Source
from landwright.engine.result import MapResult, ShardResult
from landwright.engine.score import PixelScorer
from landwright.engine.stream import Tally, Tiling, map_windows
from landwright.engine.weights import KernelWeights, window_weights
from landwright.engine.words import WordOptions, find_model
from landwright.rasters.blend import BLENDS, Blend, partition
from landwright.rasters.starts import fixed_starts, padded_starts, starts

__all__ = [
    "BLENDS",
    "EXECUTORS",
    "Blend",
    "ClassHead",
    "Head",
    "HeightHead",
    "Job",
    "KernelWeights",
    "MapResult",
    "Merger",
    "PixelScorer",
    "Plan",
    "PredictOptions",
    "Progress",
    "Reader",
    "RunOptions",
    "Scorer",
    "ShardResult",
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
    "predict_job",
    "predict_raster",
    "predict_shard",
    "refuse_outputs",
    "starts",
    "window_weights",
]
