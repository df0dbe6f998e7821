"""Bar charts as inline SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from landwright.evaluation.report.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, ticks
from landwright.evaluation.report.markup import Markup, tag

_GAP = 0.3
"""Share of a group's width that stays empty."""


def bar_chart(title: str, groups: Sequence[str], series: Mapping[str, Sequence[float]], *, unit: str) -> Markup:
    """Draw bars that stand beside each other in groups, upwards from zero or downwards.

    Args:
        title: What the values are.
        groups: At least one label of the horizontal axis.
        series: Finite values by name, as many as groups.
        unit: Unit of the values.
    """
    values = [0.0, *(value for column in series.values() for value in column)]
    up = ticks(min(values), max(values))
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def place(value: float) -> float:
        return bottom - (value - up[0]) / (up[-1] - up[0]) * (bottom - TOP)

    drawn = []
    for value in up:
        y = f"{place(value):.1f}"
        drawn += [
            tag("line", cls="grid", x1=LEFT, x2=right, y1=y, y2=y),
            tag("text", f"{value:g}", x=LEFT - 6, y=f"{place(value) + 4:.1f}", text_anchor="end"),
        ]
    wide = (right - LEFT) / len(groups)
    bar = wide * (1 - _GAP) / len(series)
    for number, group in enumerate(groups):
        left = LEFT + number * wide
        drawn.append(tag("text", group, x=f"{left + wide / 2:.1f}", y=bottom + 16, text_anchor="middle", cls="small"))
        for order, column in enumerate(series.values()):
            ends = sorted((place(0.0), place(column[number])))
            drawn.append(
                tag(
                    "rect",
                    cls=f"b{order}",
                    x=f"{left + wide * _GAP / 2 + order * bar:.1f}",
                    y=f"{ends[0]:.1f}",
                    width=f"{bar:.1f}",
                    height=f"{ends[1] - ends[0]:.1f}",
                )
            )
    key, offset = [], float(LEFT)
    for order, name in enumerate(series):
        key.append(tag("rect", cls=f"b{order}", x=f"{offset:.1f}", y=HEIGHT - 14, width=12, height=10))
        key.append(tag("text", name, x=f"{offset + 17:.1f}", y=HEIGHT - 5))
        offset += 34 + 6.3 * len(name)
    key.append(tag("text", unit, x=right, y=HEIGHT - 5, text_anchor="end"))
    svg = tag("svg", drawn, key, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=title)
    return tag("figure", tag("figcaption", title), svg)
