"""Puts an image, its map, its heights and the reference of these side by side, as in the README and the tutorials.

python docs/make_height_picture.py IMAGE MAP HEIGHT REFERENCE LEGEND OUT.png [METRES]

HEIGHT and REFERENCE are metres above ground on any grid, shown in the colours of height maps from 0 to METRES (30, as
the styles of height maps have it); white is unknown.
"""

from __future__ import annotations

import sys

from landwright import load_legend
from landwright.evaluation.report.heightpictures import ramp_picture
from landwright.maps import HEIGHT, class_picture, rgb_picture, side_by_side, write_png
from landwright.maps.picture import thinned
from landwright.rasters import open_heights, open_labels, open_raster

SIZE = 300


def main(
    image: str, mapped: str, height: str, reference: str, legend_name: str, out: str, metres: str | None = None
) -> None:
    """Read all on the image's grid and write the picture."""
    legend = load_legend(legend_name)
    stops, colours = zip(*HEIGHT.ramp, strict=True)
    top = stops[-1] if metres is None else float(metres)
    with open_raster(image) as raster:
        found = open_labels(mapped, legend, raster.info).read()
        heights = [thinned(open_heights(path, raster.info).read(), SIZE) for path in (height, reference)]
        panels = [
            rgb_picture(raster, size=SIZE),
            class_picture(found, legend, size=SIZE),
            *(ramp_picture(values, colours, 0.0, top) for values in heights),
        ]
    write_png(out, side_by_side(panels))


if __name__ == "__main__":
    main(*sys.argv[1:])
