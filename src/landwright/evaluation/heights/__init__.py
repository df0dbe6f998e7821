"""Scores of heights: errors in metres, pooled and as published with SynRS3D."""

from landwright.evaluation.heights.base import HeightProtocol
from landwright.evaluation.heights.errors import HeightErrors
from landwright.evaluation.heights.findings import HeightFindings, HeightPair, HeightPreview, HeightScene
from landwright.evaluation.heights.protocols import HEIGHT_PROTOCOLS, create_height_protocol, split_protocols
from landwright.evaluation.heights.result import HeightResult, HeightRow, HeightSet

__all__ = [
    "HEIGHT_PROTOCOLS",
    "HeightErrors",
    "HeightFindings",
    "HeightPair",
    "HeightPreview",
    "HeightProtocol",
    "HeightResult",
    "HeightRow",
    "HeightScene",
    "HeightSet",
    "create_height_protocol",
    "split_protocols",
]
