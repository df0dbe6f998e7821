"""The rasters of a map: their types, colours and styles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from landwright.engine.classmap import NO_CONFIDENCE
from landwright.engine.measures import MEANINGS, Measure
from landwright.engine.probabilitymap import NO_PROBABILITY, PROBABILITY_STEPS
from landwright.engine.tags import class_tags, render_tags
from landwright.legends import Legend
from landwright.maps import (
    CONFIDENCE_RAMP,
    HEIGHT,
    HEIGHT_LOSS,
    HEIGHT_NODATA,
    SPREAD,
    ProductSpec,
    Rendering,
    class_style,
    ramp_style,
)
from landwright.maps.qml import DISAGREEMENT_RAMP, PROBABILITY_RAMP

Tags = Mapping[str, str]


def class_specs(
    legend: Legend,
    tags: Tags,
    *,
    confidence: bool,
    measure: Measure = "max",
    probabilities: bool = False,
    disagreement: bool = False,
) -> list[ProductSpec]:
    """Return the class map and what is wanted beside it, in the order of `maps.MapFiles.rasters`.

    Args:
        legend: Classes of the map.
        tags: Metadata.
        confidence: The confidence is wanted.
        measure: What it is.
        probabilities: The probabilities of all classes are wanted.
        disagreement: The disagreement of overlapping windows is wanted.
    """
    described = {**tags, **class_tags(legend)}
    specs = [
        ProductSpec(
            kind="classes",
            stem="classes",
            suffix="",
            dtype="uint8",
            nodata=legend.nodata,
            colormap=legend.colour_table(),
            descriptions=(f"classes: {legend.name}",),
            tags=described,
            overviews="mode",
            style=class_style(legend),
        )
    ]
    if confidence:
        style = ramp_style(CONFIDENCE_RAMP, "%")
        specs.append(_percent("confidence", MEANINGS[measure], style, described))
    if probabilities:
        specs.append(
            ProductSpec(
                kind="probabilities",
                stem="probabilities",
                suffix="_probabilities",
                dtype="uint8",
                bands=len(legend),
                nodata=NO_PROBABILITY,
                descriptions=legend.names,
                scale=1 / PROBABILITY_STEPS,
                tags=described,
                overviews="average",
                style=ramp_style(PROBABILITY_RAMP, ""),
            )
        )
    if disagreement:
        style = ramp_style(DISAGREEMENT_RAMP, "%")
        text = "disagreement: spread of the class probabilities of overlapping windows in percent"
        specs.append(_percent("disagreement", text, style, described))
    return specs


def height_specs(dates: int, tags: Tags, *, spread: bool, beside: bool) -> list[ProductSpec]:
    """Return the height map, or that of the difference of two dates, and where wanted its spread.

    Args:
        dates: Number of dates.
        tags: Metadata.
        spread: The spread is wanted.
        beside: The heights lie beside a map of classes.
    """
    suffix = "_height" if beside else ""
    specs = [_metres("height", suffix, HEIGHT if dates == 1 else HEIGHT_LOSS, tags)]
    if spread:
        specs.append(_metres("spread", f"{suffix}_spread", SPREAD, tags))
    return specs


def _metres(kind: Literal["height", "spread"], suffix: str, rendering: Rendering, tags: Tags) -> ProductSpec:
    return ProductSpec(
        kind=kind,
        stem="height" if kind == "height" else "height_spread",
        suffix=suffix,
        dtype="float32",
        nodata=HEIGHT_NODATA,
        descriptions=(rendering.title,),
        unit="m",
        tags={**tags, **render_tags(rendering)},
        overviews="average",
        style=rendering.style(),
    )


def _percent(kind: Literal["confidence", "disagreement"], description: str, style: str, tags: Tags) -> ProductSpec:
    return ProductSpec(
        kind=kind,
        stem=kind,
        suffix=f"_{kind}",
        dtype="uint8",
        nodata=NO_CONFIDENCE,
        descriptions=(description,),
        unit="%",
        tags=dict(tags),
        overviews="average",
        style=style,
    )
