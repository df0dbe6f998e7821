"""Make training labels and heights from what is at hand."""

from landwright.prepare.above_ground import NdsmResult, made_already, ndsm
from landwright.prepare.agreement import NO_VOTES, Agreement, count_votes
from landwright.prepare.fuse import fuse_products
from landwright.prepare.isprs import IsprsResult, prepare_isprs
from landwright.prepare.options import NdsmOptions
from landwright.prepare.products import Product, parse_product
from landwright.prepare.result import FuseResult, ProductUse
from landwright.prepare.slices import slice_starts

__all__ = [
    "NO_VOTES",
    "Agreement",
    "FuseResult",
    "IsprsResult",
    "NdsmOptions",
    "NdsmResult",
    "Product",
    "ProductUse",
    "count_votes",
    "fuse_products",
    "made_already",
    "ndsm",
    "parse_product",
    "prepare_isprs",
    "slice_starts",
]
