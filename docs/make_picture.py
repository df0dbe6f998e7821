"""Makes the picture of the README from a folder that `landwright demo` wrote.

python docs/make_picture.py landwright-demo docs/images/demo.png
"""

from __future__ import annotations

import sys
from pathlib import Path

from landwright import load_legend
from landwright.maps import class_picture, error_picture, rgb_picture, side_by_side, write_png
from landwright.rasters import open_labels, open_raster

SIZE = 256


def main(demo: Path, out: Path) -> None:
    """Put image, reference, map and errors of the unseen scene side by side."""
    legend = load_legend("openearthmap-8")
    unseen = demo / "world" / "unseen"
    [image] = (unseen / "opt").glob("*.tif")
    with open_raster(image) as raster:
        reference = open_labels(unseen / "gt_ss_mask" / image.name, legend, raster.info).read()
        mapped = open_labels(demo / "map.tif", legend, raster.info).read()
        panels = [
            rgb_picture(raster, size=SIZE),
            class_picture(reference, legend, size=SIZE),
            class_picture(mapped, legend, size=SIZE),
            error_picture(mapped, reference, size=SIZE),
        ]
    write_png(out, side_by_side(panels))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
