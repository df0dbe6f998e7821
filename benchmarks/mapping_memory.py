"""Memory and processor time of the mapping engine around a network that costs next to nothing.

    python benchmarks/mapping_memory.py [--height N] [--width 8192] [--bands 3] [--classes 8]
                                        [--tile 512] [--overlap 0.25] [--blend cosine] [--batch 1] [--network NAME]

Maps a random 8-bit raster with a 1 x 1 convolution, or with a network of that name and random weights, in a process of
its own, and prints the peak memory above what the process held before the map was begun (interpreter, torch, GDAL and
the network's weights included), and the processor seconds per million pixels. Without a height, once as high as wide
and once four times as high.
"""

from __future__ import annotations

import argparse
import platform
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from fresh import fresh
from rasterio.windows import Window

ROWS = 512
MEGA = 1e6


def make_raster(path: Path, height: int, width: int, bands: int) -> None:
    """Write noise that compresses about as well as aerial imagery."""
    rng = np.random.default_rng(0)
    profile = {
        "driver": "GTiff",
        "count": bands,
        "dtype": "uint8",
        "tiled": True,
        "blockxsize": ROWS,
        "blockysize": ROWS,
    }
    profile |= {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)}
    with rasterio.open(path, "w", height=height, width=width, compress="deflate", zlevel=1, **profile) as file:
        for row in range(0, height, ROWS):
            count = min(ROWS, height - row)
            noise = rng.integers(0, 48, (bands, count, width), dtype=np.uint8)
            file.write(noise, window=Window(0, row, width, count))


def point_bundle(bands: int, classes: int) -> Any:
    """Return a model that costs next to nothing: one convolution of single pixels."""
    import torch
    from torch import Tensor, nn

    from landwright.bundles import Bundle
    from landwright.networks import Outputs

    class Point(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(bands, classes, 1)

        def forward(self, image: Tensor) -> Outputs:
            return Outputs(self.layer(image))

    torch.manual_seed(0)
    network = Point().eval()
    with torch.inference_mode():
        network(torch.zeros(1, bands, 64, 64))
    return Bundle(point_card("point", bands, classes), network)


def point_card(name: str, bands: int, classes: int) -> Any:
    """Return the card of a model with so many bands and classes."""
    from landwright.bundles import Card, NetworkCard, Normalization
    from landwright.legends import Legend, LegendClass

    kinds = tuple(LegendClass(code=i, name=f"class {i}", colour=(i, 0, 0)) for i in range(classes))
    return Card(
        name=name,
        regime="imported",
        network=NetworkCard(name=name, classes=classes),
        bands=tuple(f"band {number}" for number in range(bands)),
        normalization=Normalization(mean=(0.0,) * bands, std=(1.0,) * bands),
        legend=Legend(name="benchmark", classes=kinds),
    )


def measure(
    image: Path, out: Path, name: str | None, bands: int, classes: int, options: dict[str, Any]
) -> dict[str, float]:
    """Map in this process and return what it took."""
    import torch

    from landwright.bundles import Bundle
    from landwright.engine import PredictOptions, predict_raster
    from landwright.networks import create_network

    torch.set_num_threads(1)
    if name is None:
        bundle = point_bundle(bands, classes)
    else:
        # What it needs to compute counts; only its weights are there before.
        network = create_network(name, classes=classes, bands=bands).eval()
        bundle = Bundle(point_card("point", bands, classes), network)
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    result = predict_raster(bundle, image, out, options=PredictOptions(device="cpu", **options))
    after = resource.getrusage(resource.RUSAGE_SELF)
    pixels = result.width * result.height / MEGA
    unit = 1 if platform.system() == "Darwin" else 1024
    return {
        "megabytes": (after.ru_maxrss - before.ru_maxrss) * unit / MEGA,
        "cpu_seconds_per_mpx": (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / pixels,
        "seconds": time.perf_counter() - started,
        "megapixels": pixels,
        "redundancy": result.redundancy,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--height", type=int)
    parser.add_argument("--width", type=int, default=8192)
    parser.add_argument("--bands", type=int, default=3)
    parser.add_argument("--classes", type=int, default=8)
    parser.add_argument("--tile", type=int, default=512)
    parser.add_argument("--overlap", type=float, default=0.25)
    parser.add_argument("--blend", default="cosine")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--network", help="registered network instead of a 1 x 1 convolution")
    arguments = parser.parse_args()
    options = {name: getattr(arguments, name) for name in ("tile", "overlap", "blend", "batch")}
    model = arguments.network, arguments.bands, arguments.classes
    peaks = []
    heights = (arguments.width, 4 * arguments.width) if arguments.height is None else (arguments.height,)
    with tempfile.TemporaryDirectory() as folder:
        for height in heights:
            image = Path(folder) / f"image{height}.tif"
            make_raster(image, height, arguments.width, arguments.bands)
            done = fresh(measure, image, Path(folder) / f"map{height}.tif", *model, options)
            peaks.append(done["megabytes"])
            print(
                f"{height} x {arguments.width}, {arguments.classes} classes: "
                f"{done['megabytes']:.0f} MB above the process, {done['cpu_seconds_per_mpx']:.3f} CPU-s per Mpx, "
                f"{done['megapixels'] / done['seconds']:.1f} Mpx/s, every pixel {done['redundancy']:.2f} times"
            )
    if len(peaks) > 1:
        print(f"four times the height: {peaks[1] / peaks[0] - 1:+.1%} memory")


if __name__ == "__main__":
    main()
