"""Does an exported file say what its bundle says? Asked before it gets its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.bundles.bundle import ONNX
from landwright.bundles.card import Card, Normalization, Output
from landwright.bundles.export.graph import INPUT, load_program
from landwright.bundles.export.sensor import NAMES, SensorNetwork
from landwright.bundles.export.session import open_session
from landwright.errors import DataError

TOLERANCE = 1e-4
"""Largest difference of a probability, and of a height as a share of the largest height (1 m at least)."""
BATCHES = (1, 3)
"""Batch sizes that are tried; the graph was made from another."""

_COARSE = 8
_SEED = 0

Runner = Callable[[Tensor], tuple[Tensor, ...]]


def runner(path: Path, network: SensorNetwork) -> Runner:
    """Return what runs a file on images in sensor units.

    Args:
        path: The file.
        network: What it was made from; names its outputs.
    """
    if path.suffix == ONNX:
        session, names = open_session(path), [NAMES[name] for name in network.outputs]
        return lambda image: tuple(torch.from_numpy(array) for array in session.run(names, {INPUT: image.numpy()}))
    return load_program(path)


@torch.no_grad()
def differences(run: Runner, network: SensorNetwork, card: Card) -> dict[Output, float]:
    """Run a file and the network that it was made from on random tiles.

    Args:
        run: Runs the file.
        network: The network.
        card: Names tile, bands and scaling.

    Returns:
        Per output the largest difference; of heights divided by the largest height, where that is above 1 m.
    """
    largest: dict[Output, float] = dict.fromkeys(network.outputs, 0.0)
    generator = torch.Generator().manual_seed(_SEED)
    for batch in BATCHES:
        images = tiles(card.normalization, batch, card.tiling.tile, generator)
        for name, found, wanted in zip(network.outputs, run(images), network(images), strict=True):
            scale = max(1.0, float(wanted.abs().max())) if name == "height" else 1.0
            worst = float((found - wanted).abs().max()) / scale
            # Not max(): a difference that is no number must not be lost.
            largest[name] = worst if not worst <= largest[name] else largest[name]
    return largest


def tiles(normalization: Normalization, batch: int, side: int, generator: torch.Generator) -> Tensor:
    """Return random images: patches of colour with noise, two standard deviations to either side of the mean.

    Args:
        normalization: The model's input scaling.
        batch: Number B of images.
        side: Their side in pixels.
        generator: Draws them.

    Returns:
        (B, C, side, side) in sensor units.
    """
    mean, std = (torch.tensor(values)[:, None, None] for values in (normalization.mean, normalization.std))
    shape = (batch, len(mean))
    patches = F.interpolate(torch.rand(*shape, _COARSE, _COARSE, generator=generator), (side, side))
    noise = torch.rand(*shape, side, side, generator=generator)
    return normalization.divide * (mean + std * (3 * patches + noise - 2))


def refuse_differing(largest: Mapping[Output, float], path: Path) -> None:
    """Refuse a file that says other things than its bundle.

    Raises:
        DataError: A difference is above :data:`TOLERANCE`, or not finite.
    """
    for name, worst in largest.items():
        if not worst <= TOLERANCE:
            raise DataError(
                f"would differ from the bundle: {NAMES[name]} by {worst:.2g}, more than {TOLERANCE:g}",
                path=path,
                remedy="Write the other format (.onnx, .pt2), or map with the bundle",
            )
