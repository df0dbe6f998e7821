"""The report's part on the stages from tags to a map."""

from __future__ import annotations

from landwright.evaluation.findings import Evaluation
from landwright.evaluation.report.markup import Markup, number, table, tag
from landwright.evaluation.report.tables import right, swatch
from landwright.evaluation.report.titles import TITLES
from landwright.evaluation.result import ProtocolResult
from landwright.evaluation.tags.findings import TagFindings
from landwright.legends import Legend

STAGES = {"cam": "CAM", "pseudo": "Pseudo label", "map": "Map"}


def stage_results(evaluation: Evaluation, found: TagFindings) -> dict[str, ProtocolResult]:
    """Return the result of every stage under the first protocol, by the stage's title."""
    first = {"cam": found.cam[0], "pseudo": found.pseudo[0], "map": evaluation.results[0]}
    return {title: first[stage] for stage, title in STAGES.items()}


def tag_sections(evaluation: Evaluation, found: TagFindings, scored: Legend) -> list[Markup]:
    """Return the three scores side by side, as a whole and per class, and how tags are told.

    Args:
        evaluation: Scores of the map.
        found: Scores of what comes before it.
        scored: Classes that are scored.
    """
    stages = stage_results(evaluation, found)
    figures = list(evaluation.results[0].values)
    whole = [
        [tag("th", title, scope="row"), *(number(result.values[name]) for name in figures)]
        for title, result in stages.items()
    ]
    precision = {row.name: row for row in found.precision}
    told = set(precision) & set(scored.names)
    classes = [
        [
            tag("th", swatch(colour), name, scope="row"),
            *(number(result.per_class[place].iou) for result in stages.values()),
            *([number(precision[name].ap)] if name in told else [tag("td")] if told else []),
            *([tag("td", f"{precision[name].images:,}", cls="num")] if name in told else [tag("td")] if told else []),
        ]
        for place, (name, colour) in enumerate(zip(scored.names, scored.colours, strict=True))
    ]
    header = ["Class", *right(*(f"IoU, {title}" for title in stages))]
    header += right("AP of the tag", "Images with it") if told else []
    sections = [
        tag(
            "section",
            tag("h2", "From tags to a map"),
            table(["Stage", *right(*(TITLES.get(name, name) for name in figures))], whole),
            [tag("p", text, cls="note") for text in (*found.rules, _told(found), *found.notes)],
            tag("h3", "By class"),
            table(header, classes),
        )
    ]
    if not told:
        rows = [
            [tag("th", row.name, scope="row"), number(row.ap), tag("td", f"{row.images:,}", cls="num")]
            for row in found.precision
        ]
        both = table(["Tag", *right("AP", "Images with it")], rows)
        sections.append(tag("section", tag("h2", "Tags"), both))
    return sections


def _told(found: TagFindings) -> str:
    mean = "undefined" if found.tag_ap is None else f"{found.tag_ap:.3f}"
    images = f"{found.images:,} {'image' if found.images == 1 else 'images'}"
    return f"Tags told from {images}: mean average precision over the classes that occur {mean}."
