"""Training curves from a run's CSV logs."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from pathlib import Path

from landwright.evaluation.report.charts import Series, line_chart
from landwright.evaluation.report.markup import Markup

CHARTS = {"train/": "Training loss", "val/": "Validation scores"}
"""Prefixes of the logged names, and what the chart of each is called."""


def read_curves(run: Path) -> list[Series]:
    """Read what a run logged.

    Args:
        run: Run folder; every ``metrics.csv`` below its ``logs`` is read, those of resumed parts too.

    Returns:
        Curves by step, in the order of the columns; what is not a finite number is left out.
    """
    points: dict[str, dict[float, float]] = {}
    for path in sorted((run / "logs").rglob("metrics.csv")):
        with path.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                step = _finite(row.get("step"))
                for name, text in row.items():
                    value = _finite(text)
                    if step is not None and value is not None and name and name.startswith(tuple(CHARTS)):
                        points.setdefault(name, {})[step] = value
    return [
        Series(name, *(tuple(axis) for axis in zip(*sorted(curve.items()), strict=True)))
        for name, curve in points.items()
    ]


def draw_curves(series: Iterable[Series]) -> list[Markup]:
    """Draw one chart per kind of figure."""
    curves = list(series)
    groups = {
        title: [
            Series(curve.name.removeprefix(prefix), curve.x, curve.y)
            for curve in curves
            if curve.name.startswith(prefix)
        ]
        for prefix, title in CHARTS.items()
    }
    return [line_chart(title, group) for title, group in groups.items() if group]


def _finite(text: object) -> float | None:
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
