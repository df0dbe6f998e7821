"""Memory and processor time of the mapping engine around a network that costs next to nothing.

    python benchmarks/mapping_memory.py [--width 8192] [--classes 8] [--tile 512] [--overlap 0.25] [--batch 1]

Maps a random 8-bit RGB raster with a 1 x 1 convolution, once as high as wide and once four times as high, each in a
process of its own, and prints the peak memory above what the process held before the map was begun (interpreter,
torch, GDAL and the network included), and the processor seconds per million pixels.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.windows import Window

ROWS = 512
MEGA = 1e6


def make_raster(path: Path, height: int, width: int) -> None:
    """Write noise that compresses about as well as aerial imagery."""
    rng = np.random.default_rng(0)
    profile = {"driver": "GTiff", "count": 3, "dtype": "uint8", "tiled": True, "blockxsize": ROWS, "blockysize": ROWS}
    profile |= {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)}
    with rasterio.open(path, "w", height=height, width=width, compress="deflate", zlevel=1, **profile) as file:
        for row in range(0, height, ROWS):
            count = min(ROWS, height - row)
            noise = rng.integers(0, 48, (3, count, width), dtype=np.uint8)
            file.write(noise, window=Window(0, row, width, count))


def measure(image: Path, out: Path, classes: int, options: dict[str, float]) -> dict[str, float]:
    """Map in this process and return what it took."""
    import torch
    from torch import Tensor, nn

    from landwright.bundles import Bundle, Card, NetworkCard, Normalization
    from landwright.engine import PredictOptions, predict_raster
    from landwright.legends import Legend, LegendClass
    from landwright.networks import Outputs

    class Point(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(3, classes, 1)

        def forward(self, image: Tensor) -> Outputs:
            return Outputs(self.layer(image))

    torch.set_num_threads(1)
    kinds = tuple(LegendClass(code=i, name=f"class {i}", colour=(i, 0, 0)) for i in range(classes))
    card = Card(
        name="point",
        regime="imported",
        network=NetworkCard(name="point", classes=classes),
        bands=("red", "green", "blue"),
        normalization=Normalization(mean=(0.5,) * 3, std=(0.2,) * 3),
        legend=Legend(name="benchmark", classes=kinds),
    )
    network = Point().eval()
    with torch.inference_mode():
        network(torch.zeros(1, 3, 64, 64))
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    result = predict_raster(Bundle(card, network), image, out, options=PredictOptions(device="cpu", **options))
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
    parser.add_argument("--width", type=int, default=8192)
    parser.add_argument("--classes", type=int, default=8)
    parser.add_argument("--tile", type=int, default=512)
    parser.add_argument("--overlap", type=float, default=0.25)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--one", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    options = {name: getattr(arguments, name) for name in ("tile", "overlap", "batch")}
    if arguments.one:
        print(json.dumps(measure(*arguments.one, arguments.classes, options)))
        return
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        for times in (1, 4):
            image = Path(folder) / f"image{times}.tif"
            make_raster(image, times * arguments.width, arguments.width)
            run = [sys.executable, __file__, *sys.argv[1:], "--one", str(image), str(Path(folder) / f"map{times}.tif")]
            done = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
            peaks.append(done["megabytes"])
            print(
                f"{times * arguments.width} x {arguments.width}, {arguments.classes} classes: "
                f"{done['megabytes']:.0f} MB above the process, {done['cpu_seconds_per_mpx']:.3f} CPU-s per Mpx, "
                f"{done['megapixels'] / done['seconds']:.1f} Mpx/s, every pixel {done['redundancy']:.2f} times"
            )
    print(f"four times the height: {peaks[1] / peaks[0] - 1:+.1%} memory")


if __name__ == "__main__":
    main()
