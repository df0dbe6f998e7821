"""What a world holds: shares of the classes and statistics of the heights, beside those of published sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from landwright.world.noise import Floats
from landwright.world.published import HEIGHTS, SHARES

RAISED = 1.0  # metres: what stands higher counts as raised in SynRS3D's outlier filter
TYPICAL = (0.1, 0.9)  # share of raised pixels that it keeps


def height_facts(height: Floats) -> dict[str, float]:
    """Mean and standard deviation of heights in metres, and the share of pixels above 1 m."""
    return {
        "height": round(float(height.mean(dtype=np.float64)), 3),
        "height_std": round(float(height.std(dtype=np.float64)), 3),
        "raised": round(float((height > RAISED).mean()), 4),
    }


def is_typical(height: Floats) -> bool:
    """Whether SynRS3D's filter of outliers keeps a scene: 10 to 90 % of its pixels are above 1 m."""
    return TYPICAL[0] <= float((height > RAISED).mean()) <= TYPICAL[1]


def summarise(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Pool the records of scenes of equal size.

    Args:
        records: One per scene, with ``shares``, ``changed`` and the facts of `height_facts`.

    Returns:
        The same keys for all pixels together, and ``outliers``: how many scenes SynRS3D's filter would drop.
    """
    means, deviations, raised, changed = (
        np.array([record[key] for record in records]) for key in ("height", "height_std", "raised", "changed")
    )
    shares = {name: float(np.mean([record["shares"][name] for record in records])) for name in records[0]["shares"]}
    spread = np.sqrt(np.mean(deviations**2 + means**2) - means.mean() ** 2)
    return {
        "shares": {name: round(share, 4) for name, share in shares.items()},
        "height": round(float(means.mean()), 3),
        "height_std": round(float(spread), 3),
        "raised": round(float(raised.mean()), 4),
        "changed": round(float(changed.mean()), 4),
        "outliers": int(((raised < TYPICAL[0]) | (raised > TYPICAL[1])).sum()),
    }


def table(summary: dict[str, Any]) -> str:
    """Write a summary beside the published figures, as lines of text."""
    lines = [f"{'share of pixels, %':22}{'this world':>12}" + "".join(f"{name:>14}" for name in SHARES)]
    for name, share in summary["shares"].items():
        published = "".join(f"{100 * shares[name]:14.1f}" for shares in SHARES.values())
        lines.append(f"{name:22}{100 * share:12.1f}{published}")
    lines += [
        f"{'above 1 m':22}{100 * summary['raised']:12.1f}",
        f"{'changed':22}{100 * summary['changed']:12.1f}",
        "",
        f"{'height in metres':22}{'mean':>12}{'deviation':>14}",
        f"{'this world':22}{summary['height']:12.2f}{summary['height_std']:14.2f}",
    ]
    lines += [f"{name:22}{mean:12.2f}{deviation:14.2f}" for name, (mean, deviation) in HEIGHTS.items()]
    return "\n".join(lines)
