"""Runs: one map made by any number of workers, block by block, so that nothing is lost and nothing done twice."""

from landwright.runs.blocks import Block, cut, parse_shard, shard
from landwright.runs.journal import Event, FileJournal, Journal
from landwright.runs.manifest import Grid, Input, Manifest
from landwright.runs.pull import Summary, Work, pull, worker_name
from landwright.runs.results import FileResults, Results
from landwright.runs.run import Run, State
from landwright.runs.store import FileStore, Store

__all__ = [
    "Block",
    "Event",
    "FileJournal",
    "FileResults",
    "FileStore",
    "Grid",
    "Input",
    "Journal",
    "Manifest",
    "Results",
    "Run",
    "State",
    "Store",
    "Summary",
    "Work",
    "cut",
    "parse_shard",
    "pull",
    "shard",
    "worker_name",
]
