"""The table of a suite as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from landwright.evaluation.suite.layout import POOLED, PRESETS, Figures, blocks, published_rows, thresholds
from landwright.evaluation.suite.table import Table


def markdown(table: Table) -> str:
    """Return the table as Markdown, with the published tables below it."""
    parts = [f"# {table.title} ({table.suite})", f"Figures in percent. {POOLED}"]
    for title, rows in blocks(table):
        parts += [f"## {title}", _grid(table.datasets, rows)]
    parts.append(PRESETS)
    if limits := thresholds(table):
        parts += ["## Thresholds", *(f"- {_safe(model)}: {_safe(text)}" for model, text in limits)]
    if table.notes:
        parts += ["## Notes", "\n".join(f"- {_safe(note)}" for note in table.notes)]
    for one in table.published:
        parts += [
            f"## Published: {one.title}",
            f"{one.settings} Source: <{one.source}>",
            _grid(table.datasets, published_rows(one, table.datasets)),
        ]
    facts = ", ".join(f"{name} {value}" for name, value in table.environment.items())
    return "\n\n".join([*parts, f"Made with {facts}."]) + "\n"


def _grid(datasets: Sequence[str], rows: Sequence[Figures]) -> str:
    lines = [
        f"| | {' | '.join(datasets)} | mean | made with |",
        "|---|" + "---:|" * (len(datasets) + 1) + "---|",
    ]
    for row in rows:
        name = f"**{_safe(row.name)}**" if row.ours else f"*{_safe(row.name)}*"
        lines.append(f"| {name} | {' | '.join(row.texts())} | {_safe(row.detail)} |")
    return "\n".join(lines)


def _safe(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
