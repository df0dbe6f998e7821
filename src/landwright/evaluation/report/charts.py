"""Line charts as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from landwright.evaluation.report.markup import Markup, tag

WIDTH, HEIGHT = 460, 260
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 14, 50
COLOURS = 6
FLAT = 1e-9
"""Relative range below which a curve is drawn as a straight line."""


@dataclass(frozen=True)
class Series:
    """One curve.

    Attributes:
        name: Label.
        x: Optimiser steps.
        y: Finite values, as many as steps.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


def line_chart(title: str, series: Sequence[Series], *, unit: str = "step") -> Markup:
    """Draw curves over a common axis.

    Args:
        title: What the values are.
        series: At least one curve with at least one point.
        unit: Name of the horizontal axis.
    """
    xs, ys = ([value for curve in series for value in getattr(curve, axis)] for axis in ("x", "y"))
    across, up = ticks(min(xs), max(xs)), ticks(min(ys), max(ys))
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            LEFT + (x - across[0]) / (across[-1] - across[0]) * (right - LEFT),
            bottom - (y - up[0]) / (up[-1] - up[0]) * (bottom - TOP),
        )

    grid = []
    for value in up:
        _, y = place(across[0], value)
        grid += [
            tag("line", cls="grid", x1=LEFT, x2=right, y1=f"{y:.1f}", y2=f"{y:.1f}"),
            tag("text", f"{value:g}", x=LEFT - 6, y=f"{y + 4:.1f}", text_anchor="end"),
        ]
    for value in across:
        x, _ = place(value, up[0])
        grid.append(tag("text", f"{value:g}", x=f"{x:.1f}", y=bottom + 16, text_anchor="middle"))
    grid.append(tag("text", unit, x=right, y=bottom + 32, text_anchor="end"))
    lines, key, offset = [], [], float(LEFT)
    for number, curve in enumerate(series):
        style = f"s{number % COLOURS}"
        points = [place(x, y) for x, y in zip(curve.x, curve.y, strict=True)]
        lines.append(tag("polyline", cls=f"line {style}", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points)))
        if len(points) == 1:
            lines.append(tag("circle", cls=style, cx=f"{points[0][0]:.1f}", cy=f"{points[0][1]:.1f}", r=2.5))
        key.append(tag("line", cls=f"line {style}", x1=offset, x2=offset + 14, y1=HEIGHT - 8, y2=HEIGHT - 8))
        key.append(tag("text", curve.name, x=offset + 19, y=HEIGHT - 4))
        offset += 34 + 6.3 * len(curve.name)
    svg = tag("svg", grid, lines, key, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=title)
    return tag("figure", tag("figcaption", title), svg)


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return round numbers that enclose a range.

    Args:
        low: Smallest value.
        high: Largest value; may equal ``low``.
        wanted: About how many.

    Returns:
        At least two evenly spaced numbers.
    """
    if high - low <= FLAT * max(abs(low), abs(high), 0.1):
        margin = max(abs(low), 0.1) / 2
        low, high = low - margin, low + margin
    rough = (high - low) / (wanted - 1)
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]
