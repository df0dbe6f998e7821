"""Make the folders of the benchmark sets from what their publishers hand out."""

from landwright.prepare.benchmarks.prepare import PreparedBenchmark, prepare_benchmark

__all__ = ["PreparedBenchmark", "prepare_benchmark"]
