"""Memory of RS3DAda's training against that of source-only training.

    python benchmarks/adaptation_memory.py [--encoder vits] [--features 64] [--side 392] [--batch 1] [--device cpu]

Teacher, student and frozen encoder are held together, and the student maps two tiles before its one backward pass.
Each kind of training takes two AdamW steps on random tiles, in a process of its own. On a CPU the peak is that of the
resident set above what the process held before it built a network (interpreter, torch and landwright); on a GPU that
of torch's allocator.
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import torch
from network_memory import _largest, _restart

STEPS = 2
OUT_CHANNELS = {64: [48, 96, 192, 384], 256: [256, 512, 1024, 1024]}
CLASSES = 8
KINDS = ("source-only", "RS3DAda")


def build(kind: str, settings: dict[str, Any]) -> Any:
    """Return the module of a kind of training, as the regime builds it."""
    import copy

    from landwright.bundles import Normalization
    from landwright.legends import load_legend
    from landwright.networks import create_network
    from landwright.recipe import Recipe, SyntheticSpec
    from landwright.regimes.adaptation import AdaptationModule
    from landwright.regimes.source import SourceModule

    features = settings["features"]
    options = {"encoder": settings["encoder"], "features": features, "out_channels": OUT_CHANNELS[features]}
    recipe = Recipe.model_validate(
        {
            "regime": "synthetic",
            "classes": "openearthmap-8",
            "data": {"images": "opt", "labels": "gt_ss_mask"},
            "network": {"name": "rs3dada", **options},
        }
    )
    network = create_network("rs3dada", classes=CLASSES, **options)
    legend, scaling = load_legend(recipe.classes), Normalization(mean=(0.5,) * 3, std=(0.25,) * 3)
    heads = ("classes", "height")
    if kind == KINDS[0]:
        return SourceModule(recipe, network, legend, scaling, SyntheticSpec(), heads=heads)
    return AdaptationModule(
        recipe,
        network,
        legend,
        scaling,
        SyntheticSpec(),
        heads=heads,
        teacher=copy.deepcopy(network),
        frozen=copy.deepcopy(network.encoder),
        raised=(4, 7),
    )


def batch(settings: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Return random tiles with everything that an item of the regime holds."""
    side, count, device = settings["side"], settings["batch"], settings["device"]
    rng = torch.Generator().manual_seed(0)
    planes = (count, side, side)
    images = {
        name: torch.rand((count, 3, side, side), generator=rng) * 255 for name in ("image", "target", "second", "mixed")
    }
    masks = {name: torch.randint(CLASSES, planes, generator=rng) for name in ("mask", "mixed_mask")}
    heights = {name: torch.rand(planes, generator=rng) * 20 for name in ("height", "mixed_height")}
    flags = {"pasted": torch.rand(planes, generator=rng) < 0.5, "target_valid": torch.ones(planes, dtype=torch.bool)}
    return {name: tensor.to(device) for name, tensor in {**images, **masks, **heights, **flags}.items()}


def peak(kind: str, settings: dict[str, Any]) -> float:
    """Return the peak of a few steps in MB above what was there before."""
    import landwright.regimes.adaptation  # noqa: F401 - imports count as there before
    from landwright.regimes.source import PAPER_HEIGHT_WEIGHT, with_total

    torch.manual_seed(0)
    before = _restart(torch.device(settings["device"]))
    module = build(kind, settings).to(settings["device"]).train()
    optimizer = torch.optim.AdamW([weight for weight in module.parameters() if weight.requires_grad], lr=1e-5)
    items = batch(settings)
    for _ in range(STEPS):
        if kind == KINDS[0]:
            losses = module.compare(
                module(items["image"]), items["mask"], items["height"], height_weight=PAPER_HEIGHT_WEIGHT
            )
        else:
            module.follow()
            losses, _ = module.losses(items)
        optimizer.zero_grad()
        with_total(losses)["loss"].backward()
        optimizer.step()
    return _largest(torch.device(settings["device"])) - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", choices=("vits", "vitb", "vitl"), default="vits")
    parser.add_argument("--features", type=int, choices=tuple(OUT_CHANNELS), default=64)
    parser.add_argument("--side", type=int, default=392)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    settings = vars(parser.parse_args())
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
        source, adapted = pool.map(peak, KINDS, [settings] * len(KINDS))
    sys.stdout.write(
        f"{platform.machine()}, torch {torch.__version__}, rs3dada {settings['encoder']}, features "
        f"{settings['features']}, {settings['batch']} x {settings['side']} px, {settings['device']}\n\n"
        f"| training | peak above the start | ratio |\n|---|---|---|\n| {KINDS[0]} | {source:.0f} MB | 1 |\n"
        f"| {KINDS[1]} | {adapted:.0f} MB | {adapted / source:.2f} |\n"
    )


if __name__ == "__main__":
    main()
