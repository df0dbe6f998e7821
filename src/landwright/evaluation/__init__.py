"""Scores with their protocol, area estimates, and the report that shows them."""

from landwright.evaluation.bundle import BundleEvaluation, evaluate_bundle
from landwright.evaluation.compare import Comparison
from landwright.evaluation.findings import Evaluation, LabelOptions, Merge, Pair
from landwright.evaluation.maps import evaluate_map, evaluate_maps
from landwright.evaluation.protocols import (
    Protocol,
    ProtocolResult,
    create_protocol,
    list_protocols,
    protocol_description,
)
from landwright.evaluation.report import write_report
from landwright.evaluation.trained import TrainedOn, trained_on

__all__ = [
    "BundleEvaluation",
    "Comparison",
    "Evaluation",
    "LabelOptions",
    "Merge",
    "Pair",
    "Protocol",
    "ProtocolResult",
    "TrainedOn",
    "create_protocol",
    "evaluate_bundle",
    "evaluate_map",
    "evaluate_maps",
    "list_protocols",
    "protocol_description",
    "trained_on",
    "write_report",
]
