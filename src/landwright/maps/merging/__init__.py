"""Put the blocks of a run together: one virtual raster, a STAC catalogue, single COGs."""

from landwright.maps.merging.blocks import PRODUCTS, load_products, missing_blocks
from landwright.maps.merging.catalog import MODEL, refuse_no_catalog, write_catalog
from landwright.maps.merging.cogs import merge_maps
from landwright.maps.merging.virtual import virtual_map

__all__ = [
    "MODEL",
    "PRODUCTS",
    "load_products",
    "merge_maps",
    "missing_blocks",
    "refuse_no_catalog",
    "virtual_map",
    "write_catalog",
]
