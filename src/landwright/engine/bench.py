"""How fast a model maps here, how much memory that takes, and where the time goes."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch
from affine import Affine
from rasterio.windows import Window

from landwright.bundles import Bundle, Card
from landwright.engine.clock import Clock
from landwright.engine.eightbit import WHITE, full_scale
from landwright.engine.mapper import Job
from landwright.engine.memory import Peak
from landwright.engine.options import SMALLEST_TILE, PredictOptions
from landwright.errors import UsageError
from landwright.rasters.gdal import settings

SIZE = 4096
"""Side in pixels of the raster that is mapped."""

_BLOCK = 512
_RUGGED = 48
_GSD = 0.5


@dataclass(frozen=True)
class BenchResult:
    """What it took to map a raster of noise.

    Attributes:
        model: Name of the model.
        size: Side of the raster in pixels.
        bands: Bands of the raster.
        tile: Side of a window in pixels.
        overlap: Overlap of neighbouring windows as a share of the tile.
        batch: Windows that went through the network together.
        tta: Test-time augmentation.
        device: Where it was computed.
        precision: ``32``, ``bf16`` or ``16``.
        compiled: Whether the network was compiled; how long that took is not counted.
        threads: Threads of torch on a CPU.
        windows: Windows that went through the network.
        redundancy: Pixels through the network per pixel of the raster, without test-time augmentation.
        seconds: Wall time from the image on disk to the maps on disk; the model was loaded and had mapped one window.
        processor_seconds: Processor time of the same.
        memory: Peak of the process's memory above what it was, in bytes; None where the system does not tell it.
        device_memory: Peak of what tensors took on the GPU besides the model, in bytes; None on a CPU.
        read: Seconds of reading and decoding, in a thread of its own beside the other stages.
        wait: Seconds of gathering windows and waiting for the other threads.
        compute: Seconds of the network and all around it.
        blend: Seconds of weighting and summing windows, beside the network where it leaves a core.
        write: Seconds of choosing classes and writing rows, in the same thread, and of turning them into finished
            files at the end.
    """

    model: str
    size: int
    bands: int
    tile: int
    overlap: float
    batch: int
    tta: str
    device: str
    precision: str
    compiled: bool
    threads: int
    windows: int
    redundancy: float
    seconds: float
    processor_seconds: float
    memory: int | None
    device_memory: int | None
    read: float
    wait: float
    compute: float
    blend: float
    write: float

    @property
    def rate(self) -> float:
        """Pixels of the raster per second."""
        return self.size**2 / self.seconds

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "pixels_per_second": self.rate}


def bench(bundle: Bundle, *, size: int = SIZE, options: PredictOptions | None = None) -> BenchResult:
    """Map a raster of noise, made for the model in a temporary folder, and tell what it took.

    The model has mapped one window before, so that what is done once (kernels chosen, memory reserved) is not counted.
    The raster is mapped in one piece.

    Args:
        bundle: The model.
        size: Side of the raster in pixels.
        options: How it is mapped; by default what the model's card says.

    Raises:
        UsageError: The size or an option does not fit.
        DataError: The temporary folder has no room for the raster and its map.
    """
    if size < SMALLEST_TILE:
        raise UsageError(f"size {size} is too small", remedy=f"Use at least {SMALLEST_TILE} pixels")
    options = options or PredictOptions()
    with tempfile.TemporaryDirectory(prefix="landwright-bench-") as name:
        folder = Path(name)
        # From before the first map, as the process keeps part of what that took.
        memory = Peak(torch.device("cpu"))
        _map(bundle, min(size, options.tile or bundle.card.tiling.tile), options, folder / "first")
        result = _map(bundle, size, options, folder / "whole")
        return replace(result, memory=memory())


def _map(bundle: Bundle, size: int, options: PredictOptions, folder: Path) -> BenchResult:
    folder.mkdir()
    image = folder / "image.tif"
    _write_noise(image, bundle.card, size)
    clock = Clock()
    with Job(bundle, (str(image),), replace(options, overwrite=True)).open() as maker:
        targets = [folder / f"{spec.stem}.tif" for spec in maker.products.products]
        device = torch.device(maker.device)
        tensors, started, processor = Peak(device), time.perf_counter(), time.process_time()
        counts = maker.map_whole(targets, {}, clock=clock)
        seconds = time.perf_counter() - started
        return BenchResult(
            model=bundle.card.name,
            size=size,
            bands=len(bundle.card.bands),
            tile=maker.tiling.tile,
            overlap=maker.tiling.overlap,
            batch=maker.tiling.batch,
            tta=options.tta,
            device=maker.device,
            precision=maker.precision,
            compiled=options.compile,
            threads=torch.get_num_threads(),
            windows=counts.windows,
            redundancy=counts.windows * maker.tiling.tile**2 / size**2,
            seconds=seconds,
            processor_seconds=time.process_time() - processor,
            memory=None,
            device_memory=tensors() if device.type == "cuda" else None,
            read=clock.read,
            wait=clock.wait,
            compute=clock.compute,
            blend=clock.blend,
            # What comes before the first row and after the last is the making of files.
            write=clock.write + max(0.0, seconds - clock.total),
        )


def _write_noise(path: Path, card: Card, size: int) -> None:
    """Write noise with a model's bands and values, which compresses about as well as aerial imagery."""
    full = full_scale(card.normalization)
    dtype = "uint8" if full <= WHITE else "uint16"
    top = int(max(1, min(full, np.iinfo(dtype).max)))
    gsd = _GSD if card.gsd is None else sum(card.gsd) / 2
    rng = np.random.default_rng(0)
    profile = {"driver": "GTiff", "count": len(card.bands), "dtype": dtype, "compress": "DEFLATE", "zlevel": 1}
    profile |= {"tiled": True, "blockxsize": _BLOCK, "blockysize": _BLOCK, "bigtiff": "IF_SAFER"}
    profile |= {"crs": "EPSG:32632", "transform": Affine(gsd, 0, 500_000, 0, -gsd, 5_300_000)}
    with settings(str(path)), rasterio.open(path, "w", height=size, width=size, **profile) as file:
        for row in range(0, size, _BLOCK):
            shape = (len(card.bands), min(_BLOCK, size - row), size)
            noise = rng.integers(top - min(top, _RUGGED), top, shape, dtype=dtype, endpoint=True)
            file.write(noise, window=Window(0, row, size, shape[1]))
