"""The network of CTFA and ATSG, which learns maps from image-level tags."""

from landwright.networks.ctfa.cam import SCALES, multi_scale_cams
from landwright.networks.ctfa.network import Ctfa, CtfaStep

__all__ = ["SCALES", "Ctfa", "CtfaStep", "multi_scale_cams"]
