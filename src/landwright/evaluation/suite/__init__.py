"""Suites: several models on several data sets, in one table beside the published figures."""

from landwright.evaluation.suite.definition import Suite, list_suites, load_suite
from landwright.evaluation.suite.published import PublishedRow, PublishedTable, load_published
from landwright.evaluation.suite.result import Making, PairResult, Settings, SuiteScores, pair_scores
from landwright.evaluation.suite.runner import Opener, Segmenter, SuiteRun, run_suite
from landwright.evaluation.suite.store import Store
from landwright.evaluation.suite.table import Table, build_table
from landwright.evaluation.suite.write import write_table

__all__ = [
    "Making",
    "Opener",
    "PairResult",
    "PublishedRow",
    "PublishedTable",
    "Segmenter",
    "Settings",
    "Store",
    "Suite",
    "SuiteRun",
    "SuiteScores",
    "Table",
    "build_table",
    "list_suites",
    "load_published",
    "load_suite",
    "pair_scores",
    "run_suite",
    "write_table",
]
