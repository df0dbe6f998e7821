"""Executors: who computes the blocks of a run, on one machine or many."""

from landwright.engine.executors.job import BlockMapper, Job
from landwright.engine.executors.local import local_devices, run_local
from landwright.engine.executors.options import ExecutorOptions
from landwright.engine.executors.outcome import Outcome
from landwright.engine.executors.rays import run_ray

__all__ = ["BlockMapper", "ExecutorOptions", "Job", "Outcome", "local_devices", "run_local", "run_ray"]
