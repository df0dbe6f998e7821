"""The report's tables."""

from __future__ import annotations

from landwright.evaluation.area import AreaRow, AreaTable, Estimate
from landwright.evaluation.findings import SceneScore
from landwright.evaluation.report.markup import DASH, Markup, number, table, tag
from landwright.evaluation.result import ProtocolResult
from landwright.legends import Legend

HOT = 0.55
"""Share of a row from which a cell is so dark that its text must be light."""


def swatch(colour: tuple[int, int, int]) -> Markup:
    """Return a small square of a class's colour."""
    return tag("span", cls="swatch", style=f"background:rgb({colour[0]},{colour[1]},{colour[2]})")


def class_table(result: ProtocolResult, legend: Legend) -> Markup:
    """Return scores per class, with a bar for the IoU."""
    total = max(1, result.pixels)
    rows = []
    for row, colour in zip(result.per_class, legend.colours, strict=True):
        width = 0.0 if row.iou is None else row.iou * 100
        bar = tag("span", tag("i", style=f"width:{width:.1f}%"), cls="bar")
        remark = "" if row.in_mean else result.left_out.get(row.name, "")
        rows.append(
            [
                tag("th", swatch(colour), row.name, scope="row"),
                number(row.iou),
                tag("td", bar),
                *(number(value) for value in (row.f1, row.precision, row.recall)),
                *(number(100 * count / total, 1) for count in (row.reference, row.predicted)),
                tag("td", tag("small", remark)),
            ]
        )
    header = ["Class", *right("IoU"), "", *right("F1", "Precision", "Recall", "% of reference", "% of map"), ""]
    return table(header, rows)


def matrix_table(result: ProtocolResult, legend: Legend) -> Markup:
    """Return the confusion matrix, shaded by the share of each reference class, with counts."""
    rows = []
    for place, (counts, name) in enumerate(zip(result.matrix, legend.names, strict=True)):
        total = sum(counts)
        cells = []
        for column, count in enumerate(counts):
            share = count / total if total else 0.0
            kind = " ".join(["right"] * (place == column) + ["hot"] * (share > HOT))
            inside = [f"{100 * share:.1f} %", tag("small", f"{count:,}")] if total else [DASH]
            cells.append(tag("td", inside, cls=kind or None, style=f"--v:{share:.3f}"))
        cells.append(tag("td", f"{total:,}", cls="sum"))
        rows.append([tag("th", swatch(legend.colours[place]), name, scope="row"), *cells])
    corner = tag("th", "reference ↓   map →", scope="col")
    return table([corner, *legend.names, "pixels"], rows, cls="matrix")


def area_section(area: AreaTable, legend: Legend) -> Markup:
    """Return mapped and error-adjusted areas with 95 % intervals, and accuracies with the strata's weights."""
    known = area.total_m2 is not None
    hectares = known and (area.total_m2 or 0) >= 1e5
    unit, factor, digits = ("ha", 1e-4, 2) if hectares else ("m²", 1.0, 0)

    def cells(row: AreaRow) -> list[Markup]:
        if row.area_m2 is None or row.mapped_m2 is None:
            return [number(100 * row.mapped, 2), _interval(row.share, 100, 2)]
        return [number(row.mapped_m2 * factor, digits), _interval(row.area_m2, factor, digits)]

    rows = [
        [
            tag("th", swatch(colour), row.name, scope="row"),
            *cells(row),
            _interval(row.users, 1, 3),
            _interval(row.producers, 1, 3),
            tag("td", f"{row.sample:,}", cls="num"),
        ]
        for row, colour in zip(area.rows, legend.colours, strict=True)
    ]
    unit = unit if known else "% of map"
    titles = (f"Mapped, {unit}", f"Error-adjusted, {unit}", "User's accuracy", "Producer's accuracy", "Sample pixels")
    overall = _plain(area.overall, 1, 3)
    return tag(
        "div",
        table(["Class", *right(*titles)], rows),
        tag("p", f"Overall accuracy with the mapped areas as weights: {overall}. ± are 95 % intervals."),
        [tag("p", note, cls="note") for note in area.notes],
        tag("p", "Estimators: Olofsson et al. (2014), Remote Sensing of Environment 148, 42-57.", cls="note"),
    )


def scene_table(scenes: tuple[SceneScore, ...]) -> Markup:
    """Return one row per scene."""
    rows = [
        [
            tag("th", scene.name, scope="row"),
            number(scene.miou),
            number(scene.oa),
            tag("td", f"{scene.pixels:,}", cls="num"),
            tag("td", scene.aligned),
            tag("td", tag("small", "; ".join(scene.notes))),
        ]
        for scene in scenes
    ]
    return table(["Scene", *right("mIoU", "OA", "Pixels"), "Reference", "Notes"], rows)


def facts_table(facts: dict[str, str]) -> Markup:
    """Return names and values in two columns."""
    rows = [tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in facts.items()]
    return tag("table", tag("tbody", rows), cls="facts")


def right(*titles: str) -> list[Markup]:
    """Return column titles over right-aligned figures."""
    return [tag("th", title, cls="num", scope="col") for title in titles]


def _interval(estimate: Estimate, factor: float, digits: int) -> Markup:
    return tag("td", _plain(estimate, factor, digits), cls="num")


def _plain(estimate: Estimate, factor: float, digits: int) -> str:
    if estimate.value is None:
        return DASH
    text = f"{estimate.value * factor:,.{digits}f}"
    return text if estimate.margin is None else f"{text} ± {estimate.margin * factor:,.{digits}f}"
