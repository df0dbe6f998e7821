"""The classes of an imported checkpoint, which says nothing about them itself."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping

from landwright.errors import UsageError
from landwright.legends import IGNORE, Legend, LegendClass, load_legend

GOLDEN = 0.618033988749895
"""Share of the colour circle between two neighbours; never comes near an earlier colour for few classes."""


def choose_legend(logits: int, name: str | None, defaults: Mapping[int, str], *, unlabelled: bool = False) -> Legend:
    """Return the legend for a number of class logits.

    Args:
        logits: Number of class logits; 1 stands for two classes.
        name: Shipped legend or legend file; by default the one that ``defaults`` has, else numbered classes.
        defaults: Shipped legend by the number of logits.
        unlabelled: Whether the first logit stands for "no label", so that a legend may do without it.

    Raises:
        UsageError: The legend has another number of classes, or there are more logits than codes.
        DataError: The legend file is not valid.
    """
    classes = 2 if logits == 1 else logits
    if name is None:
        return load_legend(defaults[logits]) if logits in defaults else _numbered(classes)
    legend = load_legend(name)
    # Two logits less the first would be one, which stands for two classes.
    if len(legend) != classes and not (unlabelled and len(legend) == classes - 1 > 1):
        without = f", or for {classes - 1} without the first, which is no label" if unlabelled and classes > 2 else ""
        raise UsageError(
            f"legend {legend.name!r} has {len(legend)} classes, but {logits} class "
            f"{'logit stands' if logits == 1 else 'logits stand'} for {classes}{without}",
            remedy="Give a legend that fits, or another number of classes",
        )
    return legend


def _numbered(classes: int) -> Legend:
    if classes >= IGNORE:
        raise UsageError(
            f"{classes} classes are more than a map has codes", remedy=f"Have at most {IGNORE - 1} classes"
        )
    return Legend(
        name=f"classes-{classes}",
        title=f"{classes} numbered classes",
        source="The checkpoint does not name its classes",
        classes=tuple(LegendClass(code=code, name=f"class-{code}", colour=_colour(code)) for code in range(classes)),
    )


def _colour(index: int) -> tuple[int, int, int]:
    # Turns of the hue alone would repeat after rounding; saturation and value differ between rounds.
    value, saturation = 0.95 - 0.2 * (index // 12 % 3), 0.75 - 0.02 * (index // 36)
    red, green, blue = colorsys.hsv_to_rgb(index * GOLDEN % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)
