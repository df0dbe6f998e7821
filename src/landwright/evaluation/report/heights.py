"""The report's part on heights."""

from __future__ import annotations

from landwright.evaluation.heights.findings import HeightFindings, HeightScene
from landwright.evaluation.heights.published import CATEGORIES, RATIOS
from landwright.evaluation.heights.result import HeightResult, HeightRow
from landwright.evaluation.report.bars import bar_chart
from landwright.evaluation.report.markup import DASH, Markup, number, table, tag
from landwright.evaluation.report.tables import right

HEADLINES = {
    "mae": ("mean absolute error", "m"),
    "rmse": ("root mean squared error", "m"),
    "bias": ("bias (map minus reference)", "m"),
    "correlation": ("correlation", ""),
    "mae_whole": ("MAE, whole", "m"),
    "rmse_whole": ("RMSE, whole", "m"),
    "mae_high": ("MAE above 3 m", "m"),
    "rmse_high": ("RMSE above 3 m", "m"),
    "f1_1": ("F1 of heights, 1.25", ""),
}
"""Figures that are shown large, with their titles and units."""

_METRICS = {"mae": "MAE, m", "mse": "MSE, m²", "rmse": "RMSE, m", "log10": "log10", "delta1": "δ1"}
_METRICS |= {"delta2": "δ2", "delta3": "δ3"}
_FOUND = {"f1": "F1", "precision": "Precision", "recall": "Recall", "oa": "OA", "kappa": "Kappa"}
_OVERALL = "all sets"


def height_figures(result: HeightResult) -> Markup:
    """Return the most important figures of a protocol in boxes."""
    boxes: list[Markup] = []
    for name, (title, unit) in HEADLINES.items():
        if name in result.values:
            value = result.values[name]
            text = DASH if value is None else f"{value:.3f} {unit}".rstrip()
            boxes.append(tag("div", tag("b", text), tag("span", title), cls="" if boxes else "main"))
    return tag("div", boxes, cls="figures")


def how_scored(result: HeightResult) -> list[Markup | None]:
    """Return the protocol in words, with what a reader must know."""
    unmapped = None
    if result.unmapped:
        text = f"{result.unmapped_share:.1%} of the reference pixels are not mapped and therefore not scored."
        unmapped = tag("p", tag("b", "Note. "), text, cls="warning")
    return [
        tag("p", tag("b", "How this was scored. "), result.sentence, " ", result.ignore_rule, cls="protocol"),
        *(tag("p", note, cls="note") for note in result.notes),
        unmapped,
    ]


def height_sections(found: HeightFindings) -> list[Markup]:
    """Return tables, the chart and the scenes of a comparison of heights.

    Args:
        found: What the comparison found.
    """
    sections = []
    for place, result in enumerate(found.results):
        if result.rows:
            both = tag("div", _rows(result.rows), _chart(result.rows), cls="columns")
            sections.append(_section("Heights by kind of pixel", both))
        if not result.rows or len(result.sets) > 1:
            sections.append(
                _section(
                    f"Heights by set: protocol {result.protocol}",
                    *([] if place == 0 else _head(result)),
                    *_sets(result),
                )
            )
    if len(found.scenes) > 1:
        sections.append(_section("Heights by scene", _scenes(found.scenes)))
    return sections


def _section(title: str, *content: Markup | None) -> Markup:
    return tag("section", tag("h2", title), *content)


def _head(result: HeightResult) -> list[Markup | None]:
    """Figures and words of a protocol that is not the first, whose own stand at the top of the page."""
    return [height_figures(result), *how_scored(result)]


def _rows(rows: tuple[HeightRow, ...]) -> Markup:
    cells = [
        [
            tag("th", f"class {row.name}" if row.kind == "class" else row.name, scope="row"),
            *(number(value) for value in (row.mae, row.rmse, row.bias)),
            number(100 * row.share, 1),
            tag("td", f"{row.pixels:,}", cls="num"),
        ]
        for row in rows
    ]
    return table(["Reference", *right("MAE, m", "RMSE, m", "Bias, m", "% of pixels", "Pixels")], cells)


def _chart(rows: tuple[HeightRow, ...]) -> Markup:
    bins = [row for row in rows if row.kind == "range"]
    series = {"MAE": [row.mae or 0.0 for row in bins], "bias": [row.bias or 0.0 for row in bins]}
    groups = [row.name.removesuffix(" m") for row in bins]
    return bar_chart("Error by reference height", groups, series, unit="metres")


def _sets(result: HeightResult) -> list[Markup | None]:
    """One row per set and category, the mean over sets last."""
    entries = [(of.name, of.images, of.values) for of in result.sets]
    if len(entries) > 1:
        entries.append((_OVERALL, {}, result.values))
    if result.rows:
        names = [name for name in HEADLINES if name in result.values]
        rows = [
            [tag("th", name, scope="row"), *(number(values[figure]) for figure in names)] for name, _, values in entries
        ]
        return [table(["Set", *right(*(HEADLINES[name][0] for name in names))], rows)]
    by_category = [
        [
            tag("th", name, scope="row"),
            tag("td", f"{category} (> {CATEGORIES[category]:g} m)"),
            tag("td", str(images.get(category, "")), cls="num"),
            *(number(values[f"{metric}_{category}"]) for metric in _METRICS),
        ]
        for name, images, values in entries
        for category in CATEGORIES
    ]
    by_ratio = [
        [
            tag("th", name, scope="row"),
            tag("td", f"{ratio:.4g}", cls="num"),
            *(number(values[f"{metric}_{place}"]) for metric in _FOUND),
        ]
        for name, _, values in entries
        for place, ratio in enumerate(RATIOS, start=1)
    ]
    return [
        table(["Set", "Category", *right("Images", *_METRICS.values())], by_category),
        tag(
            "p",
            "In the category whole, ground counts too: both heights of 0 m and less become 0.000001 m, so that the "
            "slightest difference there misses every ratio. That is why its deltas are low.",
            cls="note",
        ),
        tag("h3", "Heights above 1 m that were found (F1), by the largest ratio allowed"),
        table(["Set", *right("Ratio", *_FOUND.values())], by_ratio),
    ]


def _scenes(scenes: tuple[HeightScene, ...]) -> Markup:
    rows = [
        [
            tag("th", scene.name, scope="row"),
            tag("td", scene.group or ""),
            *(number(value) for value in (scene.mae, scene.rmse, scene.bias)),
            tag("td", f"{scene.pixels:,}", cls="num"),
            tag("td", scene.aligned),
            tag("td", tag("small", "; ".join(scene.notes))),
        ]
        for scene in scenes
    ]
    header = ["Scene", "Set", *right("MAE, m", "RMSE, m", "Bias, m", "Pixels"), "Reference", "Notes"]
    return table(header, rows)
