"""Ways that other tools turn a GeoTIFF into a class map, for `mapping.py`.

`terratorch` and `geoai` are their own published code, of which only the module that maps is imported: what their
packages import besides (see `_alone`) is not needed to map. The loop around torchgeo's sampler is our own, because
torchgeo ends at the predictions of single windows. The loops of SynRS3D and Paraformer are restated from what their
scripts do.

Each way imports what it needs and returns the function that maps.
"""

from __future__ import annotations

import importlib.util
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import rasterio
import torch
from numpy.typing import NDArray
from torch import nn


@dataclass(frozen=True)
class Case:
    """What is mapped, and how.

    Attributes:
        image: The 8-bit raster.
        out: The class map to write.
        bands: Bands of the raster.
        classes: Number K of classes.
        tile: Side of a window in pixels.
        overlap: Overlap of neighbouring windows in pixels.
        batch: Windows that go through the network together, where the way has such a setting.
    """

    image: Path
    out: Path
    bands: int
    classes: int
    tile: int
    overlap: int
    batch: int

    @property
    def stride(self) -> int:
        """Step of the windows in pixels."""
        return self.tile - self.overlap

    def network(self) -> nn.Module:
        """Return a network that costs next to nothing: one convolution of single pixels."""
        torch.manual_seed(0)
        return nn.Conv2d(self.bands, self.classes, 1).eval()


def terratorch(case: Case) -> Callable[[], None]:
    """`terratorch.tasks.tiled_inference`, between the reading and writing of terratorch's command line."""
    module = _alone("terratorch", "tasks/tiled_inference.py", {"terratorch.models.utils": {"pad_images": None}})
    network = case.network()

    def run() -> None:
        with rasterio.open(case.image) as file:
            profile, pixels = file.profile, file.read()
        image = torch.from_numpy(pixels).float().div_(255)[None]
        del pixels
        logits = module.tiled_inference(
            network, image, crop=case.tile, stride=case.stride, delta=8, batch_size=case.batch
        )
        classes = logits.argmax(dim=1)[0].numpy()
        _write(case.out, classes.astype(np.int16), profile, dtype="int16", compress="lzw", nodata=-1)

    return run


def geoai(case: Case) -> Callable[[], None]:
    """`geoai.inference.predict_geotiff` with its defaults."""
    module = _alone("geoai", "inference.py", {"geoai.utils": {"get_device": None}})
    network = case.network()

    def run() -> None:
        module.predict_geotiff(
            network,
            str(case.image),
            str(case.out),
            tile_size=case.tile,
            overlap=case.overlap,
            batch_size=case.batch,
            num_classes=case.classes,
            output_dtype="uint8",
            output_nodata=255,
            postprocess_fn=lambda scores: scores.argmax(axis=0).astype(np.uint8),
            device="cpu",
            verbose=False,
        )

    return run


def torchgeo(case: Case) -> Callable[[], None]:
    """A loop around torchgeo's grid sampler that averages probabilities."""
    batches, network = _sampled(case), case.network()

    def run() -> None:
        profile, shape, transform = _grid(case.image)
        sums = np.zeros((case.classes, *shape), dtype=np.float32)
        counts = np.zeros(shape, dtype=np.float32)
        with torch.inference_mode():
            for batch in batches():
                scores = network(batch["image"] / 255).softmax(dim=1).numpy()
                for probabilities, bounds in zip(scores, batch["bounds"], strict=True):
                    place, inside = _place(bounds, transform, shape, case.tile)
                    sums[:, *place] += probabilities[:, *inside]
                    counts[place] += 1
        sums /= counts
        _write(case.out, sums.argmax(axis=0).astype(np.uint8), profile, dtype="uint8")

    return run


def torchgeo_latest(case: Case) -> Callable[[], None]:
    """The same without blending: every window overwrites the class of those before it, so that seams stay."""
    batches, network = _sampled(case), case.network()

    def run() -> None:
        profile, shape, transform = _grid(case.image)
        classes = np.zeros(shape, dtype=np.uint8)
        with torch.inference_mode():
            for batch in batches():
                scores = network(batch["image"] / 255).argmax(dim=1).to(torch.uint8).numpy()
                for codes, bounds in zip(scores, batch["bounds"], strict=True):
                    place, inside = _place(bounds, transform, shape, case.tile)
                    classes[place] = codes[inside]
        _write(case.out, classes, profile, dtype="uint8")

    return run


def synrs3d(case: Case) -> Callable[[], None]:
    """The loop of SynRS3D: the whole raster and all sums as float64, one window at a time, logits averaged."""
    network = case.network()

    def run() -> None:
        with rasterio.open(case.image) as file:
            profile, pixels = file.profile, file.read()
        image = pixels.transpose(1, 2, 0).astype(np.float64)
        height, width, _ = image.shape
        down, across = (max(0, math.ceil((side - case.tile) / case.stride)) + 1 for side in (height, width))
        canvas = (case.tile + case.stride * (down - 1), case.tile + case.stride * (across - 1))
        image = np.pad(image, ((0, canvas[0] - height), (0, canvas[1] - width), (0, 0))) / 255
        sums, total = np.zeros((case.classes, *canvas)), np.zeros(canvas)
        place = np.arange(case.tile)
        ramp = np.where(place < case.stride, 1.0, 1 - (place - case.stride + 1) / (1 + case.overlap))
        weight = np.outer(ramp * ramp[::-1], ramp * ramp[::-1])
        with torch.no_grad():
            for row in range(0, case.stride * down, case.stride):
                for col in range(0, case.stride * across, case.stride):
                    window = (slice(row, row + case.tile), slice(col, col + case.tile))
                    tensor = torch.from_numpy(image[window].transpose(2, 0, 1)).float()[None]
                    sums[:, *window] += network(tensor)[0].numpy() * weight
                    total[window] += weight
        scores = (sums / total)[:, :height, :width]
        _write(case.out, scores.argmax(axis=0).astype(np.uint8), profile, dtype="uint8", compress=None)

    return run


def paraformer(case: Case) -> Callable[[], None]:
    """The loop of Paraformer: the whole raster, float32 sums, a kernel of 5 in the middle and 1 at the rim."""
    network = case.network()

    def starts(side: int) -> list[int]:
        return [*range(0, side - case.tile, case.stride), side - case.tile]

    def run() -> None:
        with rasterio.open(case.image) as file:
            profile, image = file.profile, file.read()
        shape = image.shape[1:]
        sums = np.zeros((case.classes, *shape), dtype=np.float32)
        kernels = np.zeros(shape, dtype=np.float32)
        rim = case.tile // 4
        kernel = np.ones((case.tile, case.tile), dtype=np.float32)
        kernel[rim:-rim, rim:-rim] = 5
        with torch.no_grad():
            for row in starts(shape[0]):
                for col in starts(shape[1]):
                    window = (slice(row, row + case.tile), slice(col, col + case.tile))
                    tensor = torch.from_numpy((image[:, *window] / 255).astype(np.float32))[None]
                    sums[:, *window] += network(tensor).softmax(dim=1)[0].numpy() * kernel
                    kernels[window] += kernel
        classes = (sums / kernels).argmax(axis=0).astype(np.uint8)
        _write(case.out, classes, profile, dtype="uint8", nodata=0)

    return run


PEERS: dict[str, Callable[[Case], Callable[[], None]]] = {
    "terratorch": terratorch,
    "geoai": geoai,
    "torchgeo": torchgeo,
    "torchgeo-latest": torchgeo_latest,
    "synrs3d": synrs3d,
    "paraformer": paraformer,
}


def _alone(package: str, file: str, stand_ins: dict[str, dict[str, Any]]) -> ModuleType:
    """Import one file of an installed package without what the package itself imports.

    Args:
        package: The package.
        file: The file in it.
        stand_ins: Modules that the file takes names from which it never calls here.
    """
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise SystemExit(f"{package} is not installed: pip install --no-deps {package}")
    for name, content in stand_ins.items():
        sys.modules[name] = ModuleType(name)
        vars(sys.modules[name]).update(content)
    spec = importlib.util.spec_from_file_location(f"{package}_alone", Path(found.origin).parent / file)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{package} has no {file}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _sampled(case: Case) -> Callable[[], Any]:
    """Return what makes torchgeo's batches of the raster."""
    from torch.utils.data import DataLoader
    from torchgeo.datasets import RasterDataset, stack_samples
    from torchgeo.samplers import GridGeoSampler

    def batches() -> Any:
        data = RasterDataset(case.image)
        sampler = GridGeoSampler(data, size=case.tile, stride=case.stride)
        return DataLoader(data, batch_size=case.batch, sampler=sampler, collate_fn=stack_samples)

    return batches


def _grid(path: Path) -> tuple[dict[str, Any], tuple[int, int], Any]:
    with rasterio.open(path) as file:
        return file.profile, file.shape, file.transform


def _place(
    bounds: Any, transform: Any, shape: tuple[int, int], tile: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return where a window of torchgeo's lies in the raster, and which part of it is inside."""
    across, down, _ = bounds
    col, row = (round(value) for value in ~transform * (across.start, down.stop))
    top, left = max(0, row), max(0, col)
    bottom, right = min(shape[0], row + tile), min(shape[1], col + tile)
    return (slice(top, bottom), slice(left, right)), (slice(top - row, bottom - row), slice(left - col, right - col))


def _write(path: Path, classes: NDArray[Any], profile: dict[str, Any], **changes: Any) -> None:
    with rasterio.open(path, "w", **(profile | {"count": 1} | changes)) as file:
        file.write(classes, 1)
