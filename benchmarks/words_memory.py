"""Memory of maps from words: the engine around a model that answers for every word and costs next to nothing.

    python benchmarks/words_memory.py [--side 8192] [--words 60] [--tile 224] [--overlap 0.5] [--batch 4]
                                      [--resize 0] [--tta none]

Maps a random 8-bit raster by a stand-in whose similarities are random at every pixel, in a process of its own, and
prints the peak memory above what the process held before the map was begun (interpreter, torch, GDAL and the stand-in
included, that is: all but the model). What a real encoder needs for one batch of windows comes on top.
"""

from __future__ import annotations

import argparse
import platform
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from fresh import fresh
from mapping_memory import MEGA, make_raster


def measure(image: Path, out: Path, words: int, options: dict[str, Any]) -> dict[str, float]:
    """Map in this process and return what it took."""
    import torch
    from torch import Tensor, nn

    from landwright.bundles import Bundle, Card, NetworkCard, Normalization
    from landwright.engine import PredictOptions, predict_raster
    from landwright.legends import Legend, LegendClass
    from landwright.networks.clip.rule import QueryRule

    class Guess(nn.Module):
        """Random similarities of coarse patches, enlarged, as an encoder gives them."""

        def __init__(self) -> None:
            super().__init__()
            self.rule = QueryRule((1,) * words)
            self.weight = nn.Parameter(torch.zeros(1))

        def similarities(self, image: Tensor) -> Tensor:
            size = image.shape[-2:]
            patches = torch.rand(len(image), words, -(-size[0] // 16), -(-size[1] // 16))
            return nn.functional.interpolate(patches, size, mode="bilinear")

    torch.set_num_threads(1)
    kinds = tuple(LegendClass(code=i, name=f"class {i}", colour=(i, 0, 0)) for i in range(words))
    card = Card(
        name="guess",
        regime="imported",
        network=NetworkCard(name="guess", classes=words),
        bands=("red", "green", "blue"),
        normalization=Normalization(mean=(0.5,) * 3, std=(0.2,) * 3),
        legend=Legend(name="benchmark", classes=kinds),
    )
    network = Guess().eval()
    with torch.inference_mode():
        network.similarities(torch.zeros(1, 3, 64, 64))
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    result = predict_raster(Bundle(card, network), image, out, options=PredictOptions(device="cpu", **options))
    after = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1 if platform.system() == "Darwin" else 1024
    return {
        "megabytes": (after.ru_maxrss - before.ru_maxrss) * unit / MEGA,
        "seconds": time.perf_counter() - started,
        "windows": result.windows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=8192)
    parser.add_argument("--height", type=int, help="rows, where they are not as many as columns")
    parser.add_argument("--words", type=int, default=60)
    parser.add_argument("--tile", type=int, default=224)
    parser.add_argument("--overlap", type=float, default=0.5)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--resize", type=int, default=0, help="bring images to this long side first, as published")
    parser.add_argument("--tta", default="none")
    arguments = parser.parse_args()
    options = {name: getattr(arguments, name) for name in ("tile", "overlap", "batch", "resize", "tta")}
    height = arguments.height or arguments.side
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image.tif"
        make_raster(image, height, arguments.side, 3)
        done = fresh(measure, image, Path(folder) / "map.tif", arguments.words, options)
    print(
        f"{height} x {arguments.side}, {arguments.words} words, {done['windows']} windows: "
        f"{done['megabytes']:.0f} MB above the process, {done['seconds']:.0f} s"
    )


if __name__ == "__main__":
    main()
