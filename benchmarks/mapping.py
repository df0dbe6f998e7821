"""Wide-area mapping beside other tools: processor time and memory around a network that costs next to nothing.

    python benchmarks/mapping.py [--engines landwright terratorch ...] [--side 4096] [--classes 8] [--repeats 3]
                                 [--peers FOLDER] [--long] [--json]

Every engine maps the same random 8-bit raster with a 1 x 1 convolution, in a process of its own with one thread, from
the GeoTIFF to the class map on disk. Told are the medians of processor seconds and of peak memory, both less what the
process had taken when everything was imported and the network was made. ``--peers`` names a folder that holds
terratorch and geoai (``pip install --no-deps --target FOLDER terratorch geoai-py``). landwright also writes the
confidence, and both as cloud-optimized GeoTIFFs.

``--long`` maps instead, with landwright alone, a raster of four times the height, and rasters of 100,000 x 4,000 and
4,000 x 100,000 pixels that are black (their map is quicker to write, and takes as much memory). Those of more than 8192
pixels a side are mapped in blocks.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mapping_memory import MEGA, make_raster, point_bundle

TILE, OVERLAP, BATCH, BANDS = 512, 128, 8, 3
BLACK = 50_000
NAMES = {
    "read": "reading every block once",
    "landwright": "**landwright**",
    "terratorch": "terratorch `tiled_inference`",
    "geoai": "geoai `predict_geotiff`",
    "torchgeo": "torchgeo grid sampler, probabilities averaged",
    "torchgeo-latest": "torchgeo grid sampler, no blending",
    "synrs3d": "SynRS3D loop, restated",
    "paraformer": "Paraformer loop, restated",
}


def measure(engine: str, image: Path, out: Path, classes: int) -> dict[str, float]:
    """Map in this process and return what it took."""
    import torch

    torch.set_num_threads(1)
    run = prepare(engine, image, out, classes)
    resident = status("VmRSS")
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, started = processor_seconds(), time.perf_counter()
    with Helpers() as helpers:
        run()
    seconds, peak = time.perf_counter() - started, status("VmHWM") - resident
    return {
        "cpu_seconds": processor_seconds() - before,
        "seconds": seconds,
        "megabytes": peak / MEGA,
        "helper_megabytes": helpers.peak / MEGA,
    }


def measure_all(jobs: list[tuple[str, Path, Path, int]]) -> list[dict[str, float]]:
    """Map one after the other in this process, for tests of the maps: what an engine took says little then."""
    return [measure(*job) for job in jobs]


class Helpers:
    """Looks ten times a second how much memory processes take that this one has begun: the one that joins blocks."""

    def __init__(self) -> None:
        self.peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Helpers:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            for listing in Path("/proc/self/task").glob("*/children"):
                with contextlib.suppress(OSError, StopIteration):
                    for child in listing.read_text().split():
                        self.peak = max(self.peak, status("VmHWM", child))


def processor_seconds() -> float:
    """Return what this process and its finished children have taken."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def prepare(engine: str, image: Path, out: Path, classes: int) -> Callable[[], object]:
    """Import what an engine needs and return what maps with it."""
    if engine == "read":
        return lambda: read_only(image)
    if engine == "landwright":
        return landwright(image, out, classes)
    from mapping_peers import PEERS, Case

    return PEERS[engine](Case(image, out, BANDS, classes, TILE, OVERLAP, BATCH))


def read_only(image: Path) -> None:
    """Read every block of a raster once: no engine can take less."""
    import rasterio

    with rasterio.open(image) as file:
        for _, window in file.block_windows(1):
            file.read(window=window)


def landwright(image: Path, out: Path, classes: int) -> Callable[[], object]:
    """Return what maps as ``landwright predict`` does: class map and confidence, as COGs."""
    from landwright.engine import PredictOptions, predict_raster

    bundle = point_bundle(BANDS, classes)
    options = PredictOptions(device="cpu", tile=TILE, overlap=OVERLAP / TILE, overwrite=True)
    return lambda: predict_raster(bundle, image, out, options=options)


def status(key: str, process: str = "self") -> int:
    """Return a size in bytes of what Linux says about a process."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) * 1024


def child(engine: str, image: Path, classes: int, peers: Path | None) -> dict[str, float] | str:
    """Measure in a process of its own; of one that fails, return the last line of what it said."""
    paths = [str(peers)] if peers else []
    # landwright's own dependencies come first: torch is not to be loaded from the peers' folder.
    found = [path for path in (*sys.path[1:], *paths) if path]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(found)}
    with tempfile.TemporaryDirectory(dir=image.parent) as folder:
        command = [
            sys.executable,
            __file__,
            "--one",
            engine,
            str(image),
            f"{folder}/map.tif",
            "--classes",
            str(classes),
        ]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def compare(arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Measure every engine on the same raster, in turns."""
    image = folder / "image.tif"
    make_raster(image, arguments.side, arguments.side, BANDS)
    runs: dict[str, list[dict[str, float]]] = {engine: [] for engine in arguments.engines}
    failures: dict[str, str] = {}
    for _ in range(arguments.repeats):
        for engine in arguments.engines:
            if engine in failures:
                continue
            result = child(engine, image, arguments.classes, arguments.peers)
            if isinstance(result, str):
                failures[engine] = result
            else:
                runs[engine].append(result)
    pixels = arguments.side**2 / MEGA
    return [
        {"engine": engine, "height": arguments.side, "width": arguments.side}
        | ({"failed": failures[engine]} if engine in failures else summary(runs[engine], pixels))
        for engine in arguments.engines
    ]


def long_rasters(arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Measure landwright on rasters of four times the height and of a hundred thousand rows or columns."""
    rows = []
    for height, width in ((4 * arguments.side, arguments.side), (100_000, 4000), (4000, 100_000)):
        image = folder / f"long{height}.tif"
        if max(height, width) < BLACK:
            make_raster(image, height, width, BANDS)
        else:
            make_black(image, height, width)
        # Black rasters take minutes, and are read as quickly every time.
        repeats = 1 if max(height, width) > BLACK else arguments.repeats
        results = [child("landwright", image, arguments.classes, None) for _ in range(repeats)]
        image.unlink()
        failures = [result for result in results if isinstance(result, str)]
        runs = [result for result in results if not isinstance(result, str)]
        told = {"failed": failures[0]} if failures else summary(runs, height * width / MEGA)
        rows.append({"engine": "landwright", "height": height, "width": width} | told)
    return rows


def make_black(path: Path, height: int, width: int) -> None:
    """Write a raster of valid zeros without storing one."""
    import rasterio
    from affine import Affine

    place = {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)}
    layout = {"tiled": True, "blockxsize": TILE, "blockysize": TILE, "compress": "deflate", "sparse_ok": True}
    profile = {"driver": "GTiff", "height": height, "width": width, "count": BANDS, "dtype": "uint8"}
    with rasterio.open(path, "w", **profile, **place, **layout):
        pass


def summary(runs: list[dict[str, float]], pixels: float) -> dict[str, float]:
    """Return the medians of several runs."""
    median = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    return median | {
        "cpu_seconds_per_mpx": median["cpu_seconds"] / pixels,
        "bytes_per_pixel": median["megabytes"] / pixels,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as Markdown."""
    lines = [
        "| engine | height x width | CPU-s | CPU-s per Mpx | wall s | peak MB | bytes per pixel |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        start = f"| {NAMES[row['engine']]} | {row['height']} x {row['width']} |"
        if "failed" in row:
            lines.append(f"{start} failed: {row['failed']} | | | | |")
        else:
            helper = f" + {row['helper_megabytes']:.0f} in a helper" if row["helper_megabytes"] else ""
            lines.append(
                f"{start} {row['cpu_seconds']:.1f} | {row['cpu_seconds_per_mpx']:.3f} | {row['seconds']:.1f} | "
                f"{row['megabytes']:.0f}{helper} | {row['bytes_per_pixel']:.1f} |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--classes", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers", type=Path, help="folder with terratorch and geoai")
    parser.add_argument("--folder", type=Path, help="where the rasters go for a while")
    parser.add_argument("--long", action="store_true", help="landwright alone on rasters of many rows or columns")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        engine, image, out = arguments.one
        print(json.dumps(measure(engine, Path(image), Path(out), arguments.classes)))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        rows = (long_rasters if arguments.long else compare)(arguments, Path(name))
    print(json.dumps(rows) if arguments.json else table(rows))


if __name__ == "__main__":
    main()
