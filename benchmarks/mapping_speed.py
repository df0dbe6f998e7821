"""Speed of a network through the mapping engine, as a share of its bare forward passes.

    python benchmarks/mapping_speed.py [--network rs3dada] [--set encoder=vits features=64 out_channels=[48,96,192,384]]
                                       [--tile 518] [--windows 3] [--overlap 0.25] [--blend cosine] [--tta none]
                                       [--repeats 3] [--all]

``--all`` takes the networks of CASES instead of one.

Maps a random 8-bit raster of WINDOWS x WINDOWS windows to disk with all its files, and sends as many windows of the
same size through the network alone, in turns. Both are timed on the wall and on the processor, which other work on the
machine disturbs less; the share is that of the medians.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from mapping_memory import make_raster

from landwright.bundles import IMAGENET_MEAN, IMAGENET_STD, Bundle, Card, NetworkCard, Normalization
from landwright.engine import PredictOptions, predict_raster
from landwright.engine.augment import AUGMENTATIONS
from landwright.engine.batch import even_batch
from landwright.engine.queries import asked
from landwright.engine.score import settle_precision
from landwright.legends import load_legend
from landwright.networks import create_network, network_info

SMALL = {"encoder": "vits", "features": 64, "out_channels": [48, 96, 192, 384]}
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "CLCFormer compact": ("clcformer", {"encoder": "compact"}, {"tile": 512}),
    "CLCFormer": ("clcformer", {}, {"tile": 512}),
    "Paraformer": ("paraformer", {}, {"tile": 224}),
    "ViT-S DPT": ("rs3dada", SMALL, {"tile": 518}),
    "dense CLIP ViT-B/16": ("clip", {"architecture": "ViT-B-16"}, {"tile": 224, "batch": 8}),
}
"""Name, options of the network and options of the map."""

VIEWS = dict(zip(AUGMENTATIONS, (1, 4, 8, 3, 12), strict=True))


@dataclass(frozen=True)
class Speed:
    """Seconds for all windows of a raster, wall and processor.

    Attributes:
        bare: Forward passes alone.
        mapped: From the image on disk to the maps on disk.
        windows: Number of forward passes.
    """

    bare: tuple[float, float]
    mapped: tuple[float, float]
    windows: int

    @property
    def shares(self) -> tuple[float, float]:
        """Speed of the engine as a share of the bare network's, wall and processor."""
        return self.bare[0] / self.mapped[0], self.bare[1] / self.mapped[1]


def compare(bundle: Bundle, *, windows: int = 3, repeats: int = 3, **options: Any) -> Speed:
    """Time a bundle's network alone and through the engine.

    Args:
        bundle: The model; its tile may be replaced by ``options``.
        windows: Windows along each side of the raster.
        repeats: Runs of each, in turns.
        **options: Fields of `PredictOptions`.

    Returns:
        Medians.
    """
    settings = PredictOptions(**{"device": "cpu", "overwrite": True, **options})
    device = torch.device(settings.device)
    tiling = settings.tiling(bundle.card.tiling, device.type)
    side = tiling.tile + (windows - 1) * int(tiling.tile * (1 - tiling.overlap))
    passes = windows**2 * VIEWS[settings.tta]
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image.tif"
        make_raster(image, side, side, len(bundle.card.bands))
        network = asked(bundle.network, None).to(device).to(memory_format=torch.channels_last).eval()
        # As the engine fills its batches.
        batch = even_batch(windows**2, tiling.batch)
        window = torch.randn(batch, len(bundle.card.bands), tiling.tile, tiling.tile, device=device)
        window = window.contiguous(memory_format=torch.channels_last)

        precision = settle_precision(bundle.network, settings.precision, device)
        half = torch.float16 if precision == "16" else torch.bfloat16

        def bare() -> None:
            with torch.inference_mode(), torch.autocast(device.type, half, enabled=precision != "32"):
                for _ in range(0, passes, batch):
                    network(window)
            if device.type == "cuda":
                torch.cuda.synchronize()

        def mapped() -> None:
            result = predict_raster(bundle, image, Path(folder) / "map.tif", options=settings)
            if result.windows != windows**2:
                raise RuntimeError(f"{result.windows} windows were mapped instead of {windows**2}")

        timed(bare), timed(mapped)
        runs = [(timed(bare), timed(mapped)) for _ in range(repeats)]
    medians = [tuple(statistics.median(run[kind][clock] for run in runs) for clock in (0, 1)) for kind in (0, 1)]
    return Speed((medians[0][0], medians[0][1]), (medians[1][0], medians[1][1]), passes)


def timed(run: Callable[[], None]) -> tuple[float, float]:
    """Return wall and processor seconds of one run."""
    wall, processor = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - processor


def make_bundle(name: str, options: dict[str, Any]) -> Bundle:
    """Return a model with random weights and the heads that the network has with these options."""
    legend = load_legend("openearthmap-8")
    network: Any = create_network(name, classes=len(legend), bands=3, **options)
    if name == "clip":
        torch.manual_seed(0)
        network.set_queries(torch.randn(len(legend), network.queries.shape[1]), [1] * len(legend))
    card = Card(
        name=name,
        regime="imported",
        network=NetworkCard(name=name, options=options, classes=len(legend)),
        bands=("red", "green", "blue"),
        normalization=Normalization(mean=IMAGENET_MEAN, std=IMAGENET_STD),
        legend=legend,
        outputs=network_info(name, **options).heads,  # type: ignore[arg-type]  # checked by the card
    )
    return Bundle(card, network.eval())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="rs3dada")
    small = ["encoder=vits", "features=64", "out_channels=[48,96,192,384]"]
    parser.add_argument("--set", nargs="*", default=small, metavar="OPTION=VALUE")
    parser.add_argument("--all", action="store_true", help="the networks of CASES")
    parser.add_argument("--tile", type=int, default=518)
    parser.add_argument("--windows", type=int, default=3)
    parser.add_argument("--overlap", type=float, default=0.25)
    parser.add_argument("--blend", default="cosine")
    parser.add_argument("--tta", default="none", choices=AUGMENTATIONS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    options = {option: yaml.safe_load(value) for option, value in (pair.split("=", 1) for pair in arguments.set)}
    if arguments.all:
        table(arguments.repeats, arguments.windows)
        return
    speed = compare(
        make_bundle(arguments.network, options),
        windows=arguments.windows,
        repeats=arguments.repeats,
        tile=arguments.tile,
        overlap=arguments.overlap,
        blend=arguments.blend,
        tta=arguments.tta,
    )
    for clock, name in enumerate(("wall", "processor")):
        print(
            f"{name}: bare {speed.bare[clock] / speed.windows:.3f} s, engine {speed.mapped[clock] / speed.windows:.3f} "
            f"s per pass of {arguments.tile} pixels; the engine runs at {speed.shares[clock]:.1%} of the bare network"
        )


def table(repeats: int, windows: int) -> None:
    """Print the speed of every network of CASES as Markdown."""
    print("| network | window | bare, CPU-s per window | mapped | share by CPU-s | share by wall |")
    print("|---|---|---|---|---|---|")
    for case, (name, options, settings) in CASES.items():
        speed = compare(make_bundle(name, options), windows=windows, repeats=repeats, overlap=0.25, **settings)
        wall, processor = speed.shares
        bare, mapped = speed.bare[1] / speed.windows, speed.mapped[1] / speed.windows
        print(f"| {case} | {settings['tile']} | {bare:.3f} | {mapped:.3f} | {processor:.1%} | {wall:.1%} |", flush=True)


if __name__ == "__main__":
    main()
