"""Time and memory of `landwright vectorize` beside the two usual ways.

    python benchmarks/vectorize.py [--sizes 4096x4096 16384x4096] [--kinds map noise] [--ways ours one-shot ...]

Makes class maps of five classes - `map`: patches of some hundred pixels; `noise`: specks of a few - and writes all
their polygons, with class and area, as GeoParquet, each way in a process of its own:

    ours       landwright, all classes, outlines along the pixels (--simplify 0 --min-area 0)
    shared     landwright, all classes, borders simplified together by 1.25 pixels (--min-area 0)
    buildings  landwright, one class, simplified, polygons of 10 square metres or more: the default
    one-shot   the whole map in memory, rasterio.features.shapes, geopandas
    dissolve   the same by blocks of 1024 pixels, joined by geopandas' dissolve and explode

Prints processor seconds, which other work on the machine disturbs least, the peak of memory above the process with its
packages, the number of polygons, and their area.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio import features
from rasterio.windows import Window

CLASSES = 5
SIDE = 1024
SIGMAS = {"map": 8.0, "noise": 1.0}
PLACE = {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)}
WAYS = ("ours", "shared", "buildings", "one-shot", "dissolve")


def make_map(path: Path, height: int, width: int, kind: str) -> None:
    """Write where the largest of five smooth random fields is which; rows come in mirrored stripes."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(0)
    rows = min(height, 2048)
    best = np.full((rows, width), -np.inf, np.float32)
    codes = np.zeros((rows, width), np.uint8)
    for number in range(CLASSES):
        field = gaussian_filter(rng.standard_normal((rows, width), np.float32), SIGMAS[kind])
        codes[field > best] = number + 1
        np.maximum(best, field, out=best)
    profile = {"driver": "GTiff", "count": 1, "dtype": "uint8", "tiled": True, "blockxsize": 512, "blockysize": 512}
    with rasterio.open(path, "w", height=height, width=width, compress="deflate", **profile, **PLACE) as file:
        for place, row in enumerate(range(0, height, rows)):
            count = min(rows, height - row)
            stripe = codes if place % 2 == 0 else codes[::-1]
            file.write(stripe[:count], 1, window=Window(0, row, width, count))


def landwright_way(path: Path, out: Path, way: str) -> tuple[int, float]:
    """Write the polygons with landwright."""
    from landwright.maps import VectorOptions, vectorize_map

    options = {
        "ours": VectorOptions("all", min_area=0, simplify=0),
        "shared": VectorOptions("all", min_area=0),
        "buildings": VectorOptions(1),
    }[way]
    done = vectorize_map(path, out, options=options)
    return done.polygons, done.area


def usual_way(path: Path, out: Path, way: str) -> tuple[int, float]:
    """Write the polygons with rasterio and geopandas."""
    import geopandas
    import shapely

    shapes, codes = [], []
    with rasterio.open(path) as file:
        side = max(file.shape) if way == "one-shot" else SIDE
        for row in range(0, file.height, side):
            for col in range(0, file.width, side):
                window = Window(col, row, min(side, file.width - col), min(side, file.height - row))
                block: NDArray[np.uint8] = file.read(1, window=window)
                place = rasterio.windows.transform(window, file.transform)
                for shape, code in features.shapes(block, connectivity=4, transform=place):
                    shapes.append(shapely.geometry.shape(shape))
                    codes.append(int(code))
        table = geopandas.GeoDataFrame({"class": codes}, geometry=shapes, crs=file.crs)
    if way == "dissolve":
        table = table.dissolve("class").explode(index_parts=False).reset_index()
    table["area_m2"] = table.geometry.area
    table.to_parquet(out, schema_version="1.1.0", write_covering_bbox=True)
    return len(table), float(table["area_m2"].sum())


def measure(way: str, path: Path, out: Path) -> dict[str, float]:
    """Write the polygons in this process and return what it took."""
    import geopandas
    import pyarrow.parquet
    import pyogrio

    import landwright.maps

    # The packages of all ways are there before anything is counted.
    assert geopandas and pyarrow.parquet and pyogrio
    ours = way in ("ours", "shared", "buildings")
    run: Callable[[Path, Path, str], tuple[int, float]] = landwright_way if ours else usual_way
    assert landwright.maps.vectorize_map
    before = resource.getrusage(resource.RUSAGE_SELF)
    polygons, area = run(path, out, way)
    after = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1 if platform.system() == "Darwin" else 1024
    return {
        "seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "megabytes": (after.ru_maxrss - before.ru_maxrss) * unit / 1e6,
        "polygons": polygons,
        "area": area,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["4096x4096", "16384x4096"], help="HEIGHTxWIDTH")
    parser.add_argument("--kinds", nargs="+", default=list(SIGMAS), choices=list(SIGMAS))
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        way, path, out = arguments.one
        print(json.dumps(measure(way, Path(path), Path(out))))
        return
    print("| size | kind | way | polygons | area (m2) | CPU-s | CPU-s per Mpx | peak (MB) |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for size in arguments.sizes:
            height, width = map(int, size.split("x"))
            for kind in arguments.kinds:
                path, out = Path(folder) / "map.tif", Path(folder) / "out.parquet"
                make_map(path, height, width, kind)
                for way in arguments.ways:
                    run = [sys.executable, "-X", "faulthandler", __file__, "--one", way, str(path), str(out)]
                    done = subprocess.run(run, check=False, capture_output=True, text=True)
                    out.unlink(missing_ok=True)
                    if done.returncode:
                        print(f"| {size} | {kind} | {way} | ended with {done.returncode} | | | | |", flush=True)
                        print(done.stderr, file=sys.stderr)
                        continue
                    found = json.loads(done.stdout.splitlines()[-1])
                    print(
                        f"| {size} | {kind} | {way} | {found['polygons']} | {found['area']:.0f} | "
                        f"{found['seconds']:.1f} | {found['seconds'] / (height * width / 1e6):.2f} | "
                        f"{found['megabytes']:.0f} |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
