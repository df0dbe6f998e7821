"""Speed of the filters on one core: the lattice, the dense CRF and pixel-adaptive refinement.

    python benchmarks/lattice.py [--sizes 160 320] [--channels 16] [--repeats 7] [--image FILE.tif] [--other PYTHON]

Three pictures: a smooth random one, noise, in which no two pixels are alike and the lattice is as large as it can be,
and the middle of FILE. OTHER is a Python that has pydensecrf and numpy; it is run beside, one thread, on the same
pictures: the dense CRF as a whole, and what building it takes. Medians of processor seconds, which on one thread are
those that a core needs, whatever else runs beside.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.filters import Lattice, bilateral_features, dense_crf, pixel_adaptive_refinement

PAR = ((1, 8, 64), (1, 8, 160), (8, 8, 160), (1, 17, 256))
"""Images, score maps and side of what is refined by pixel adaptation."""

THEIRS = """
import json, sys, time, statistics
import numpy as np
import pydensecrf.densecrf as dcrf
image, shares, repeats = np.load(sys.argv[1]), np.load(sys.argv[2]), int(sys.argv[3])
classes, height, width = shares.shape
unary = -np.log(np.clip(shares, 1e-5, 1)).reshape(classes, -1).astype(np.float32)
times = {"build": [], "crf": []}
for _ in range(repeats):
    began = time.process_time()
    crf = dcrf.DenseCRF2D(width, height, classes)
    crf.setUnaryEnergy(np.ascontiguousarray(unary))
    crf.addPairwiseGaussian(sxy=1, compat=1)
    crf.addPairwiseBilateral(sxy=121, srgb=5, rgbim=image, compat=4)
    times["build"].append(time.process_time() - began)
    found = np.array(crf.inference(10)).reshape(classes, height, width)
    times["crf"].append(time.process_time() - began)
np.save(sys.argv[4], found)
print(json.dumps({name: statistics.median(values) for name, values in times.items()}))
"""


def median(run: Callable[[], Any], repeats: int) -> float:
    run()
    times = []
    for _ in range(repeats):
        began = time.process_time()
        run()
        times.append(time.process_time() - began)
    return statistics.median(times)


def pictures(size: int, file: Path | None) -> dict[str, Tensor]:
    """Pictures (3, size, size) uint8 by name."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(1, 3, size // 8 + 2, size // 8 + 2, generator=generator)
    smooth = F.interpolate(coarse, size=(size, size), mode="bilinear")[0] * 40 + 120
    found = {"smooth": smooth, "noise": 256 * torch.rand(3, size, size, generator=generator)}
    if file is not None:
        with rasterio.open(file) as source:
            row, col = (source.height - size) // 2, (source.width - size) // 2
            found["image"] = torch.from_numpy(source.read([1, 2, 3])[:, row : row + size, col : col + size])
    return {name: picture.clamp(0, 255).to(torch.uint8) for name, picture in found.items()}


def theirs(python: str, picture: Tensor, shares: Tensor, repeats: int) -> tuple[dict[str, float], Tensor]:
    """Return the seconds of pydensecrf, and its posterior."""
    with tempfile.TemporaryDirectory() as folder:
        image, given, found = (f"{folder}/{name}.npy" for name in ("image", "shares", "found"))
        np.save(image, np.ascontiguousarray(picture.permute(1, 2, 0).numpy()))
        np.save(given, shares.numpy())
        command = [python, "-c", THEIRS, image, given, str(repeats), found]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return json.loads(done.stdout), torch.from_numpy(np.load(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[160, 320])
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--image", type=Path)
    parser.add_argument("--other")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print("| size | picture | corners | build | filter | both | CRF | pydensecrf | of it build | difference |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for size in given.sizes:
        shares = torch.randn(given.channels, size // 8, size // 8, generator=torch.Generator().manual_seed(1))
        shares = (2 * F.interpolate(shares[None], size=(size, size), mode="bilinear")[0]).softmax(0)
        values = shares.flatten(1).T.contiguous()
        for name, picture in pictures(size, given.image).items():
            features = bilateral_features(picture, 50, 15)
            lattice = Lattice(features)
            build = median(lambda f=features: Lattice(f), given.repeats)
            once = median(lambda lat=lattice, v=values: lat.filter(v), given.repeats)
            image = picture.permute(1, 2, 0)
            crf = median(lambda p=shares, i=image: dense_crf(p, i), max(1, given.repeats // 2))
            row = [f"{size}²", name, f"{lattice.corners}"] + [f"{t:.3f}" for t in (build, once, build + once, crf)]
            if given.other:
                seconds, found = theirs(given.other, picture, shares, max(1, given.repeats // 2))
                difference = float((found - dense_crf(shares, image)).abs().max())
                row += [f"{seconds['crf']:.3f}", f"{seconds['build']:.3f}", f"{difference:.1e}"]
            else:
                row += ["-"] * 3
            print("| " + " | ".join(row) + " |", flush=True)
    print("\n| PAR of | seconds |\n|---|---|")
    for batch, channels, size in PAR:
        picture, masks = torch.rand(batch, 3, size, size), torch.rand(batch, channels, size, size).softmax(1)
        seconds = median(lambda p=picture, m=masks: pixel_adaptive_refinement(p, m), given.repeats)
        print(f"| {batch} x {channels} x {size}² | {seconds:.3f} |", flush=True)


if __name__ == "__main__":
    main()
