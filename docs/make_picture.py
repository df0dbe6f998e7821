"""Puts an image, its reference, a map of it and the errors side by side, as in the README.

python docs/make_picture.py IMAGE REFERENCE MAP LEGEND OUT.png
"""

from __future__ import annotations

import sys

from landwright import load_legend
from landwright.maps import class_picture, error_picture, rgb_picture, side_by_side, write_png
from landwright.rasters import open_labels, open_raster

SIZE = 300


def main(image: str, reference: str, mapped: str, legend_name: str, out: str) -> None:
    """Read all three on the image's grid and write the picture."""
    legend = load_legend(legend_name)
    with open_raster(image) as raster:
        wanted, found = (open_labels(path, legend, raster.info).read() for path in (reference, mapped))
        panels = [
            rgb_picture(raster, size=SIZE),
            class_picture(wanted, legend, size=SIZE),
            class_picture(found, legend, size=SIZE),
            error_picture(found, wanted, size=SIZE),
        ]
    write_png(out, side_by_side(panels))


if __name__ == "__main__":
    main(*sys.argv[1:])
