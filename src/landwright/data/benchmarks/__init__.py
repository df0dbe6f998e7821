"""Benchmark sets of open-vocabulary segmentation: where images and labels lie, and what the labels' values mean."""

from landwright.data.benchmarks.description import Benchmark, Crop, Raw
from landwright.data.benchmarks.findings import Findings
from landwright.data.benchmarks.picture import Picture, read_picture
from landwright.data.benchmarks.shipped import SUITES, benchmark, list_benchmarks

__all__ = [
    "SUITES",
    "Benchmark",
    "Crop",
    "Findings",
    "Picture",
    "Raw",
    "benchmark",
    "list_benchmarks",
    "read_picture",
]
