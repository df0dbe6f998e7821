"""The table of a suite as one HTML page in the style of the report."""

from __future__ import annotations

from collections.abc import Sequence

from landwright.evaluation.report.document import document
from landwright.evaluation.report.markup import Markup, tag
from landwright.evaluation.report.markup import table as grid
from landwright.evaluation.report.tables import facts_table, right
from landwright.evaluation.suite.layout import POOLED, PRESETS, Figures, blocks, published_rows, thresholds
from landwright.evaluation.suite.table import Table


def page(table: Table) -> str:
    """Return the page, which needs no other file."""
    body = tag(
        "body",
        tag(
            "header",
            tag("h1", table.title),
            tag("p", f"Suite {table.suite}: {len(table.rows)} models, {len(table.datasets)} data sets", cls="subtitle"),
            tag("p", tag("b", "How this was scored. "), "Figures in percent. ", POOLED, " ", PRESETS, cls="protocol"),
            [tag("p", note, cls="note") for note in table.notes],
        ),
        [_section(title, _grid(table.datasets, rows)) for title, rows in blocks(table)],
        _limits(table),
        [
            _section(
                f"Published: {one.title}",
                tag("p", f"{one.settings} Source: {one.source}", cls="note"),
                _grid(table.datasets, published_rows(one, table.datasets)),
            )
            for one in table.published
        ],
        _section("How it was made", facts_table(table.environment)),
        tag("footer", f"Made by landwright {table.environment['landwright']}. The same figures as data: table.json."),
    )
    return document(table.title, body)


def _section(title: str, *content: Markup) -> Markup:
    return tag("section", tag("h2", title), *content)


def _grid(datasets: Sequence[str], rows: Sequence[Figures]) -> Markup:
    body = [
        [
            tag("th", row.name if row.ours else tag("small", row.name), scope="row", style="vertical-align:middle"),
            *(tag("td", text if row.ours else tag("small", text), cls="num") for text in row.texts()),
            tag("td", tag("small", row.detail)),
        ]
        for row in rows
    ]
    return grid(["", *right(*datasets, "mean"), "Made with"], body)


def _limits(table: Table) -> Markup | None:
    found = thresholds(table)
    return _section("Thresholds", facts_table(dict(found))) if found else None
