"""Scores with their protocol, area estimates, and the report that shows them."""

from landwright.evaluation.bundle import BundleEvaluation, evaluate_bundle
from landwright.evaluation.compare import Comparison
from landwright.evaluation.findings import Evaluation, LabelOptions, Pair
from landwright.evaluation.maps import evaluate_map, evaluate_maps
from landwright.evaluation.protocols import (
    Protocol,
    ProtocolResult,
    create_protocol,
    list_protocols,
    protocol_description,
)
from landwright.evaluation.report import write_report

__all__ = [
    "BundleEvaluation",
    "Comparison",
    "Evaluation",
    "LabelOptions",
    "Pair",
    "Protocol",
    "ProtocolResult",
    "create_protocol",
    "evaluate_bundle",
    "evaluate_map",
    "evaluate_maps",
    "list_protocols",
    "protocol_description",
    "write_report",
]
