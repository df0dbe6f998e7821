"""Scores with their protocol, area estimates, and the report that shows them."""

from landwright.evaluation.bundle import BundleEvaluation, evaluate_bundle
from landwright.evaluation.compare import Comparison
from landwright.evaluation.findings import Evaluation, LabelOptions, Merge, Pair
from landwright.evaluation.heights import HEIGHT_PROTOCOLS, HeightErrors, HeightPair, HeightProtocol, HeightResult
from landwright.evaluation.heights.maps import evaluate_heights
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
    "HEIGHT_PROTOCOLS",
    "BundleEvaluation",
    "Comparison",
    "Evaluation",
    "HeightErrors",
    "HeightPair",
    "HeightProtocol",
    "HeightResult",
    "LabelOptions",
    "Merge",
    "Pair",
    "Protocol",
    "ProtocolResult",
    "TrainedOn",
    "create_protocol",
    "evaluate_bundle",
    "evaluate_heights",
    "evaluate_map",
    "evaluate_maps",
    "list_protocols",
    "protocol_description",
    "trained_on",
    "write_report",
]
