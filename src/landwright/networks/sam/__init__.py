"""Segment Anything: masks of everything in an image, by the models that transformers has, and by MobileSAM."""

from landwright.networks.sam.generate import MaskGenerator, MaskSettings
from landwright.networks.sam.library import sam_library
from landwright.networks.sam.mobile import MobileEncoder, is_mobile_sam, mobile_sam, mobile_sam_names
from landwright.networks.sam.runs import Runs

__all__ = [
    "MaskGenerator",
    "MaskSettings",
    "MobileEncoder",
    "Runs",
    "is_mobile_sam",
    "mobile_sam",
    "mobile_sam_names",
    "sam_library",
]
