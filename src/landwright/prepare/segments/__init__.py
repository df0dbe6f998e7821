"""Segments of images, made once and kept: objects and boundaries that losses follow."""

from landwright.prepare.segments.cache import SEGMENTS_VARIABLE, kept_segments
from landwright.prepare.segments.make import complete_params, make_segments
from landwright.prepare.segments.maps import MOST, SMALLEST, object_and_boundary, partition_maps
from landwright.prepare.segments.params import PARAMS, read_params
from landwright.prepare.segments.read import SegmentFolder
from landwright.prepare.segments.result import SegmentsResult

__all__ = [
    "MOST",
    "PARAMS",
    "SEGMENTS_VARIABLE",
    "SMALLEST",
    "SegmentFolder",
    "SegmentsResult",
    "complete_params",
    "kept_segments",
    "make_segments",
    "object_and_boundary",
    "partition_maps",
    "read_params",
]
