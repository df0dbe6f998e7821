"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from landwright.evaluation.findings import Evaluation
from landwright.evaluation.heights.findings import HeightFindings
from landwright.evaluation.report.about import About
from landwright.evaluation.report.curves import draw_curves, read_curves
from landwright.evaluation.report.document import document
from landwright.evaluation.report.heights import height_figures, height_sections, how_scored
from landwright.evaluation.report.markup import DASH, Markup, picture, tag
from landwright.evaluation.report.pictures import ScenePictures
from landwright.evaluation.report.tables import (
    area_section,
    class_table,
    facts_table,
    matrix_table,
    scene_table,
    swatch,
)
from landwright.evaluation.report.tags import tag_sections
from landwright.evaluation.report.titles import TITLES
from landwright.evaluation.result import ProtocolResult
from landwright.legends import Legend

MUCH_UNMAPPED = 0.01
"""Share of unmapped reference pixels from which the report warns."""


def render_page(
    evaluation: Evaluation,
    legend: Legend | None,
    about: About,
    pictures: Sequence[ScenePictures],
    environment: dict[str, str],
    heights: Sequence[ScenePictures] = (),
    tags: Sequence[ScenePictures] = (),
) -> str:
    """Return the whole page.

    Args:
        evaluation: Scores.
        legend: Classes, or None where only heights were compared.
        about: Heading and facts.
        pictures: Pictures of the class maps shown.
        environment: Versions and machine.
        heights: Pictures of the height maps shown.
        tags: Pictures of the stages from tags to the maps shown.
    """
    body = tag(
        "body",
        tag(
            "header",
            tag("h1", about.title),
            tag("p", about.data, cls="subtitle"),
            _scored(evaluation.results[0]) if evaluation.results else None,
            _scored_heights(evaluation.heights, beside=bool(evaluation.results)),
        ),
        [] if legend is None or evaluation.tags is None else tag_sections(evaluation, evaluation.tags, legend),
        _gallery("From tags to a map, in pictures", tags),
        [] if legend is None else _classes(evaluation, legend, pictures),
        _gallery("Height maps", heights),
        [] if evaluation.heights is None else height_sections(evaluation.heights),
        _curves(about),
        _making(about, environment),
        tag("footer", f"Made by landwright {environment['landwright']}. The same figures as data: metrics.json."),
    )
    return document(about.title, body)


def _classes(evaluation: Evaluation, legend: Legend, pictures: Sequence[ScenePictures]) -> list[Markup | None]:
    """The sections on classes."""
    first, *others = evaluation.results
    names = tag("ul", [tag("li", swatch(entry.colour), entry.name) for entry in legend.classes], cls="legend")
    return [
        _gallery("Maps", pictures, names),
        _section("Classes", class_table(first, legend)),
        _section(
            "Confusion matrix",
            matrix_table(first, legend),
            tag(
                "p",
                "Rows are reference classes and add up to 100 %; the small figures are pixels. Pixels that are not "
                "mapped are in no cell.",
                cls="note",
            ),
        ),
        None if evaluation.area is None else _section("Area", area_section(evaluation.area, legend)),
        _section("Scenes", scene_table(evaluation.scenes)) if len(evaluation.scenes) > 1 else None,
        *(_other(result) for result in others),
    ]


def _section(title: str, *content: Markup | list[Markup] | None) -> Markup:
    return tag("section", tag("h2", title), *content)


def _scored(result: ProtocolResult) -> list[Markup | None]:
    return [
        _figures(result),
        tag("p", tag("b", "How this was scored. "), result.sentence, " ", result.ignore_rule, cls="protocol"),
        *(tag("p", note, cls="note") for note in result.notes),
        _unmapped(result),
    ]


def _scored_heights(found: HeightFindings | None, *, beside: bool) -> list[Markup | None]:
    if found is None:
        return []
    first = found.results[0]
    return [tag("h2", "Heights") if beside else None, height_figures(first), *how_scored(first)]


def _figures(result: ProtocolResult) -> Markup:
    boxes = [
        tag("div", tag("b", DASH if value is None else f"{value:.3f}"), tag("span", TITLES.get(name, name)), cls=kind)
        for (name, value), kind in zip(result.values.items(), ["main"] + [""] * len(result.values), strict=False)
    ]
    boxes.append(tag("div", tag("b", _short(result.pixels)), tag("span", "pixels scored")))
    return tag("div", boxes, cls="figures")


def _short(count: int) -> str:
    for size, suffix in ((10**9, " G"), (10**6, " M"), (10**4, " k")):
        if count >= size:
            return f"{count / (1000 if suffix == ' k' else size):.3g}{suffix}"
    return f"{count:,}"


def _unmapped(result: ProtocolResult) -> Markup | None:
    if result.unmapped_share < MUCH_UNMAPPED:
        return None
    effect = "and count as errors" if result.unmapped_are_errors else "and therefore not scored"
    text = f"{result.unmapped_share:.1%} of the reference pixels are not mapped {effect}."
    return tag("p", tag("b", "Note. "), text, cls="warning")


def _gallery(title: str, pictures: Sequence[ScenePictures], *key: Markup) -> Markup | None:
    if not pictures:
        return None
    scenes = [
        tag(
            "div",
            tag("h3", scene.name, tag("small", scene.caption)),
            tag(
                "div",
                [
                    tag("figure", picture(png, f"{title} of {scene.name}"), tag("figcaption", title))
                    for title, png in scene.pictures.items()
                ],
                cls="pictures",
            ),
            cls="scene",
        )
        for scene in pictures
    ]
    return _section(title, *key, scenes)


def _other(result: ProtocolResult) -> Markup:
    return _section(
        f"Protocol {result.protocol}",
        _figures(result),
        tag("p", result.sentence, cls="protocol"),
        [tag("p", note, cls="note") for note in result.notes],
    )


def _curves(about: About) -> Markup | None:
    charts = draw_curves(read_curves(about.run)) if about.run else []
    return _section("Training", tag("div", charts, cls="charts")) if charts else None


def _making(about: About, environment: dict[str, str]) -> Markup:
    parts = {"Model": about.model, "Mapping": about.settings, "Environment": environment}
    columns = [tag("div", tag("h3", title), facts_table(facts)) for title, facts in parts.items() if facts]
    return _section("How it was made", tag("div", columns, cls="columns"))
