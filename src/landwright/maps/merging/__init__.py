"""Put the blocks of a run together: one virtual raster, a STAC catalogue, single COGs."""

from landwright.maps.merging.blocks import PRODUCTS, load_products, missing_blocks
from landwright.maps.merging.cogs import merge_maps
from landwright.maps.merging.virtual import virtual_map

__all__ = ["PRODUCTS", "load_products", "merge_maps", "missing_blocks", "virtual_map"]
