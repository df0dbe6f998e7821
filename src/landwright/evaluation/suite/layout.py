"""What the Markdown and the HTML of a table have in common: which figures stand where, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from landwright.evaluation.report.markup import DASH
from landwright.evaluation.suite.definition import FIGURES, Figure
from landwright.evaluation.suite.published import PublishedTable
from landwright.evaluation.suite.table import Table

PRESETS = (
    "A published figure stands beside ours where model and attention are the same. Both say which preset they were "
    "made with; figures of different presets show what the presets do, not whether a model was run rightly."
)
POOLED = (
    "Pixels are counted over the whole data set; those without a reference are left out. A class that occurs neither "
    "in the reference nor in the map does not enter the mean."
)


@dataclass(frozen=True)
class Figures:
    """One row of figures.

    Attributes:
        name: Model, or publication and method.
        detail: What the figures were made with.
        values: Percent per data set.
        mean: Percent.
        remark: Stands behind the mean.
        ours: Whether landwright measured them.
        digits: Decimals, as published.
    """

    name: str
    detail: str
    values: tuple[float | None, ...]
    mean: float | None
    remark: str = ""
    ours: bool = True
    digits: int = 2

    def texts(self) -> list[str]:
        """Return the figures and the mean as text."""
        return [*(percent(value, self.digits) for value in self.values), percent(self.mean, self.digits) + self.remark]


def percent(value: float | None, digits: int = 2) -> str:
    """Return a figure as text, or a dash where there is none."""
    return DASH if value is None else f"{value:.{digits}f}"


def blocks(table: Table) -> Iterator[tuple[str, list[Figures]]]:
    """Return the tables of our figures with their headings: the suite's own figure first, then the other one."""
    order: list[Figure] = [table.figure, "foreground" if table.figure == "miou" else "miou"]
    for figure in order:
        yield FIGURES[figure], _rows(table, figure, beside=figure == table.figure)


def _rows(table: Table, figure: Figure, *, beside: bool) -> list[Figures]:
    rows = []
    for row in table.rows:
        line = row.line(figure)
        of = len(table.datasets)
        remark = f" ({of - len(row.missing)} of {of})" if row.missing else ""
        values = tuple(line.figures[name] for name in table.datasets)
        rows.append(Figures(row.model, row.making, values, line.mean, remark))
        for one in row.published if beside else ():
            rows.append(
                Figures(
                    f"published: {one.table}, {one.method}",
                    one.making + (" (as ours)" if one.same else " (not as ours)"),
                    tuple(one.figures[name] for name in table.datasets),
                    one.mean,
                    ours=False,
                    digits=one.digits,
                )
            )
    return rows


def published_rows(table: PublishedTable, datasets: tuple[str, ...]) -> list[Figures]:
    """Return a published table in our order of the data sets."""
    return [
        Figures(
            f"{row.method}, {row.backbone}",
            row.sentence(),
            tuple(table.by_dataset(row).get(name) for name in datasets),
            row.mean,
            ours=False,
            digits=table.digits,
        )
        for row in table.rows
    ]


def thresholds(table: Table) -> list[tuple[str, str]]:
    """Return models with the thresholds of their data sets, those alone that have any."""
    found = []
    for row in table.rows:
        texts = [f"{name}: {text}" for name, text in row.thresholds.items() if text != "none"]
        if texts:
            found.append((row.model, "; ".join(texts)))
    return found
