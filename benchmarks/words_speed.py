"""Speed of maps from words against a plain re-statement of the published per-window loop, in one run.

    python benchmarks/words_speed.py [--architecture ViT-B-16] [--size 672] [--classes openearthmap] [--batch 4]
                                     [--repeats 3] [--device cpu] [--precision 32]

Both sides have the same random weights, the same random image of SIZE x SIZE and the same words. Stages are timed
apart: the text features of all words, the windows in float32 and in bfloat16, and text and windows (float32) together
as a first run meets them; a second run with the same words finds its text features on disk. On a GPU the windows are
also compared with the encoder's bare forward passes.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import open_clip
import plain_words
import torch
from torch import Tensor

from landwright.legends import load_vocabulary
from landwright.networks import create_network
from landwright.networks.clip.slide import slide
from landwright.words.features import word_features
from landwright.words.templates import load_templates
from landwright.words.tokens import tokenizer

STAGES = ("text", "windows", "windows bf16", "both", "again")


def timed(run: Callable[[], Any], device: torch.device) -> tuple[float, Any]:
    """Return the seconds of one run, and what it returned."""
    began = time.perf_counter()
    result = run()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began, result


@torch.inference_mode()
def compare(architecture: str, size: int, classes: str, batch: int, repeats: int) -> dict[str, tuple[float, float]]:
    """Time both sides on the CPU in turns.

    Returns:
        Seconds of the plain loop and of ours by stage, medians, and as ``difference`` the largest one of similarities
        and the share of pixels with another query.
    """
    torch.manual_seed(0)
    vocabulary = load_vocabulary(classes)
    network: Any = create_network(
        "clip", classes=len(vocabulary.classes), architecture=architecture, synonyms=vocabulary.synonyms
    ).eval()
    clip, image, device = network.encoder.clip, torch.randn(1, 3, size, size), torch.device("cpu")
    words, templates = vocabulary.queries, load_templates("imagenet80")
    tokens = tokenizer("openclip", architecture, network.encoder.context)
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in STAGES}
    plain_tokens = open_clip.get_tokenizer(architecture)
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:

            def ours_text(cache: Path = Path(folder)) -> Tensor:
                return word_features(network.encode_text, tokens, words, templates, key="speed", cache=cache)

            plain_text, queries = timed(lambda: plain_words.text_features(clip, words, plain_tokens), device)
            text, features = timed(ours_text, device)
            network.set_queries(features, vocabulary.synonyms)
            plain_map, (plain, winners) = timed(lambda q=queries: plain_words.segment(clip, image, q), device)
            mapped, found = timed(lambda: slide(network, image, batch=batch), device)
            cached, _ = timed(ours_text, device)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                rough, _ = timed(lambda: slide(network, image, batch=batch), device)
        runs["text"].append((plain_text, text))
        runs["windows"].append((plain_map, mapped))
        runs["windows bf16"].append((plain_map, rough))
        runs["both"].append((plain_text + plain_map, text + mapped))
        runs["again"].append((plain_text + plain_map, cached + mapped))
    medians = {
        stage: (statistics.median(a for a, _ in times), statistics.median(b for _, b in times))
        for stage, times in runs.items()
    }
    other = (found[0].argmax(dim=0) != winners).float().mean()
    return {**medians, "difference": (float((found[0] - plain).abs().max()), float(other))}


@torch.inference_mode()
def on_gpu(architecture: str, size: int, batch: int, repeats: int, precision: str) -> tuple[float, float]:
    """Return Mpx/s of the image through the windows, and their speed as a share of the bare encoder's."""
    device = torch.device("cuda")
    network: Any = create_network("clip", classes=9, architecture=architecture).eval().to(device)
    image = torch.randn(1, 3, size, size, device=device)
    windows = ((size - 224 + 111) // 112 + 1) ** 2
    some = torch.randn(batch, 3, 224, 224, device=device)
    dtype = {"bf16": torch.bfloat16, "16": torch.float16, "32": torch.float32}[precision]
    with torch.autocast("cuda", dtype=dtype, enabled=precision != "32"):

        def bare() -> None:
            for _ in range(0, windows, batch):
                network.encoder.pooled(some)

        def mapped() -> None:
            slide(network, image, batch=batch)

        timed(bare, device), timed(mapped, device)
        bares, maps = zip(*[(timed(bare, device)[0], timed(mapped, device)[0]) for _ in range(repeats)], strict=True)
    return size**2 / 1e6 / statistics.median(maps), statistics.median(bares) / statistics.median(maps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architecture", default="ViT-B-16")
    parser.add_argument("--size", type=int, default=672)
    parser.add_argument("--classes", default="openearthmap")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precision", choices=["32", "bf16", "16"], default="32")
    given = parser.parse_args()
    if given.device == "cuda":
        rate, share = on_gpu(given.architecture, given.size, given.batch, given.repeats, given.precision)
        print(f"{given.architecture} {given.precision}: {rate:.2f} Mpx/s, {share:.1%} of the bare encoder")
        return
    stages = compare(given.architecture, given.size, given.classes, given.batch, given.repeats)
    difference, other = stages.pop("difference")
    print(f"{'stage':<14}{'plain s':>10}{'ours s':>10}{'times':>8}")
    for stage, (plain, ours) in stages.items():
        print(f"{stage:<14}{plain:>10.2f}{ours:>10.2f}{plain / ours:>8.1f}")
    print(f"largest difference of similarities {difference:.1e}; other winner at {other:.2%} of pixels")


if __name__ == "__main__":
    main()
