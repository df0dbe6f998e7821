"""Puts an image and a map of it beside what they are judged by, as in the README and the tutorials.

python docs/make_picture.py IMAGE REFERENCE MAP LEGEND OUT.png           image, reference, map, errors
python docs/make_picture.py IMAGE REFERENCE MAP LEGEND OUT.png PRODUCT   image, coarse product, map, reference

PRODUCT lies on any grid, and is FILE, or FILE=CROSSWALK where its classes are not those of LEGEND.
"""

from __future__ import annotations

import sys

from landwright import load_legend
from landwright.maps import class_picture, error_picture, rgb_picture, side_by_side, write_png
from landwright.prepare import parse_product
from landwright.rasters import open_labels, open_raster

SIZE = 300


def main(image: str, reference: str, mapped: str, legend_name: str, out: str, product: str | None = None) -> None:
    """Read all on the image's grid and write the picture."""
    legend = load_legend(legend_name)
    with open_raster(image) as raster:
        wanted, found = (open_labels(path, legend, raster.info).read() for path in (reference, mapped))
        shown = [wanted, found]
        if product is not None:
            coarse = parse_product(product, legend)
            labels = open_labels(coarse.path, legend, raster.info, crosswalk=coarse.crosswalk).read()
            shown = [labels, found, wanted]
        panels = [rgb_picture(raster, size=SIZE), *(class_picture(indices, legend, size=SIZE) for indices in shown)]
        if product is None:
            panels.append(error_picture(found, wanted, size=SIZE))
    write_png(out, side_by_side(panels))


if __name__ == "__main__":
    main(*sys.argv[1:])
