"""What a run is about: all that changes the pixels of a map, as plain values."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from affine import Affine

from landwright import __version__
from landwright.bundles import Bundle
from landwright.engine.options import PredictOptions
from landwright.engine.stream import Tiling
from landwright.errors import DataError
from landwright.rasters import RasterInfo
from landwright.rasters.gdal import is_remote
from landwright.rasters.names import shown
from landwright.runs import Grid, Input, Manifest


def manifest_of(
    bundle: Bundle,
    images: tuple[str, ...],
    options: PredictOptions,
    *,
    info: RasterInfo,
    tiling: Tiling,
    device: torch.device,
    precision: str,
    block: int,
) -> Manifest:
    """Write down what a map depends on.

    Two runs with the same manifest give the same pixels, so that one can go on with the other's blocks.

    Args:
        bundle: The model.
        images: The rasters that are mapped.
        options: What the user chose.
        info: Grid of the map.
        tiling: Windows.
        device: Where it is computed: kernels of a GPU round otherwise than those of a CPU.
        precision: Numbers that the network computes with.
        block: Side of a block in pixels.
    """
    files = [*images, *([] if options.before is None else [str(options.before)])]
    card = bundle.card
    settings: dict[str, Any] = {
        "model": card.name,
        "card": _digest(card.model_dump(mode="json", exclude={"scores", "created"})),
        "classes": [entry.name for entry in card.legend.classes],
        "tile": tiling.tile,
        "overlap": tiling.overlap,
        "blend": tiling.blend,
        "batch": tiling.batch,
        "device": device.type,
        "precision": precision,
        **options.settings(),
        "software": f"landwright {__version__}, torch {version('torch')}, rasterio {version('rasterio')}",
    }
    if options.aoi is not None:
        settings["aoi"] = f"{options.aoi}, SHA-256 {hashlib.sha256(Path(options.aoi).read_bytes()).hexdigest()[:12]}"
    placed = info.transform != Affine.identity()
    return Manifest(
        inputs=tuple(_input(name) for name in files),
        grid=Grid(
            height=info.height,
            width=info.width,
            crs=None if info.crs is None else info.crs.to_wkt(),
            transform=tuple(info.transform)[:6] if placed else None,
        ),
        bundle=card.weights_sha256 or weights_digest(bundle),
        settings=settings,
        block=block,
    )


def weights_digest(bundle: Bundle) -> str:
    """Return the SHA-256 of the weights of a model that was not read from a file."""
    found = hashlib.sha256()
    for name, tensor in sorted(bundle.network.state_dict().items()):
        found.update(name.encode())
        # Flat first: channels-last weights of 1 x 1 convolutions count as contiguous, but are no bytes in a row.
        found.update(tensor.detach().cpu().flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def _input(name: str) -> Input:
    path = Path(name)
    if is_remote(name) or not path.exists():
        return Input(name=shown(name))
    try:
        about = path.stat()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", path=path, remedy="Check its permissions") from error
    modified = datetime.fromtimestamp(about.st_mtime, UTC).isoformat()
    return Input(name=str(path.absolute()), size=about.st_size, modified=modified)


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
