"""Make training labels from what is at hand."""

from landwright.prepare.agreement import NO_VOTES, Agreement, count_votes
from landwright.prepare.fuse import fuse_products
from landwright.prepare.products import Product, parse_product
from landwright.prepare.result import FuseResult, ProductUse

__all__ = [
    "NO_VOTES",
    "Agreement",
    "FuseResult",
    "Product",
    "ProductUse",
    "count_votes",
    "fuse_products",
    "parse_product",
]
