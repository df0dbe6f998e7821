"""The benchmark sets that landwright knows."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

import yaml

from landwright.data.benchmarks.description import Benchmark, Suite
from landwright.errors import UsageError

SUITES: Final[dict[Suite, tuple[str, ...]]] = {
    "ovss8": ("openearthmap", "loveda", "potsdam", "vaihingen", "udd5", "vdd", "uavid", "isaid"),
    "ovss-single": (
        "whu-aerial",
        "whu-satellite",
        "inria",
        "xbd",
        "chn6-cug",
        "deepglobe-roads",
        "massachusetts-roads",
        "spacenet-roads",
        "wbs-si",
    ),
}
"""Names of the sets of each suite, in the order of the published tables (RS-OVSS, SegEarth-OV)."""


def list_benchmarks() -> list[str]:
    """Return the names of all sets, suite by suite."""
    return [name for names in SUITES.values() for name in names]


@cache
def benchmark(name: str) -> Benchmark:
    """Return a set.

    Raises:
        UsageError: If there is none of that name.
    """
    if name not in list_benchmarks():
        raise UsageError(f"there is no benchmark set {name!r}", remedy=f"Known are {', '.join(list_benchmarks())}")
    text = (files("landwright.data.benchmarks") / f"{name}.yaml").read_text(encoding="utf-8")
    return Benchmark.model_validate(yaml.safe_load(text))
