"""The table of a suite: models by data sets, means, and the published figures that may stand beside them."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from landwright.evaluation.suite.definition import FIGURES, Figure, Suite
from landwright.evaluation.suite.published import PublishedTable
from landwright.evaluation.suite.result import PairResult


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Line(_Part):
    """The figures of one kind of one row.

    Attributes:
        figures: Percent per data set; None where there is none.
        mean: Plain mean of the data sets that were run, in percent.
    """

    figures: dict[str, float | None]
    mean: float | None


class PublishedLine(_Part):
    """A published row beside one of ours.

    Attributes:
        table: Publication.
        method: Name there.
        making: What it was made with, as far as is known.
        same: Whether it was made with the preset and the activation of our row.
        figures: Percent per data set.
        mean: Published mean; None where not all data sets were run, as it would not be comparable.
        digits: Decimals published.
    """

    table: str
    method: str
    making: str
    same: bool
    figures: dict[str, float | None]
    mean: float | None
    digits: int


class Row(_Part):
    """One model.

    Attributes:
        model: Its name.
        making: What its figures were made with, as one line.
        thresholds: Threshold per data set, as text.
        miou: Mean IoU over all classes.
        foreground: The same without the background class.
        missing: Data sets of the suite without a figure.
        images: Images per data set.
        published: Rows of publications with the same model and attention.
    """

    model: str
    making: str
    thresholds: dict[str, str]
    miou: Line
    foreground: Line
    missing: tuple[str, ...]
    images: dict[str, int]
    published: tuple[PublishedLine, ...]

    def line(self, figure: Figure) -> Line:
        """Return the figures of one kind."""
        return self.miou if figure == "miou" else self.foreground


class Table(_Part):
    """The whole table; all figures in percent.

    Attributes:
        format: Version of this layout.
        suite: Name of the suite.
        title: Heading.
        unit: Unit of the figures.
        figure: The figure that the suite is read by.
        meaning: The same in words.
        datasets: Data sets in order.
        rows: Models.
        published: All published tables of the suite.
        notes: What a reader of the figures must know.
        environment: Versions and machine.
    """

    format: int = 1
    suite: str
    title: str
    unit: str = "percent"
    figure: Figure
    meaning: str
    datasets: tuple[str, ...]
    rows: tuple[Row, ...]
    published: tuple[PublishedTable, ...]
    notes: tuple[str, ...]
    environment: dict[str, str]


def build_table(
    suite: Suite,
    results: Sequence[PairResult],
    published: Sequence[PublishedTable],
    environment: dict[str, str],
    failures: Sequence[str] = (),
) -> Table:
    """Put the table together.

    Args:
        suite: Which one.
        results: Finished pairs; those of one model are of one making.
        published: Published tables of the suite.
        environment: Versions and machine.
        failures: Pairs that failed, each with its reason.
    """
    models = list(dict.fromkeys(result.settings.making.model for result in results))
    rows = tuple(
        _row(suite, [result for result in results if result.settings.making.model == model], published)
        for model in models
    )
    return Table(
        suite=suite.name,
        title=suite.title,
        figure=suite.figure,
        meaning=FIGURES[suite.figure],
        datasets=suite.datasets,
        rows=rows,
        published=tuple(published),
        notes=(*_notes(suite, rows, results), *failures),
        environment=environment,
    )


def _row(suite: Suite, results: Sequence[PairResult], published: Sequence[PublishedTable]) -> Row:
    found = {result.settings.dataset: result for result in results}
    missing = tuple(name for name in suite.datasets if name not in found)
    making = results[0].settings.making
    return Row(
        model=making.model,
        making=making.sentence(),
        thresholds={name: _threshold(found[name]) for name in suite.datasets if name in found},
        miou=_line(suite, found, "miou"),
        foreground=_line(suite, found, "foreground"),
        missing=missing,
        images={name: found[name].done for name in suite.datasets if name in found},
        published=tuple(
            PublishedLine(
                table=table.title,
                method=row.method,
                making=row.sentence(),
                same=row.preset == making.preset and row.activation in (None, making.activation) and not making.unusual,
                figures={name: table.by_dataset(row)[name] if name in found else None for name in suite.datasets},
                mean=None if missing else row.mean,
                digits=table.digits,
            )
            for table in published
            for row in table.rows
            if row.beside(making.published, making.attention, fixed=making.fixed)
        ),
    )


def _line(suite: Suite, found: dict[str, PairResult], figure: Figure) -> Line:
    figures = {}
    for name in suite.datasets:
        scores = found[name].scores if name in found else None
        value = None if scores is None else scores.miou if figure == "miou" else scores.foreground
        figures[name] = None if value is None else 100 * value
    known = [value for value in figures.values() if value is not None]
    return Line(figures=figures, mean=sum(known) / len(known) if known else None)


def _threshold(result: PairResult) -> str:
    values = sorted(set(result.settings.thresholds))
    if not any(values) or result.settings.background is None:
        return "none"
    span = f"{values[0]:g}" if len(values) == 1 else f"{values[0]:g} to {values[-1]:g}"
    return f"{span}, below it {result.settings.classes[result.settings.background]}"


def _notes(suite: Suite, rows: Sequence[Row], results: Sequence[PairResult]) -> list[str]:
    notes = []
    for row in rows:
        if row.missing:
            number = len(suite.datasets) - len(row.missing)
            notes.append(
                f"{row.model}: the mean is that of {number} of {len(suite.datasets)} data sets; not run: "
                f"{', '.join(row.missing)}. The published mean is over all, and is not compared."
            )
    run = {result.settings.dataset for result in results}
    notes += [f"{name}: {note}" for name, note in suite.notes.items() if name in run]
    remarks = [f"{result.settings.dataset}: {note}" for result in results for note in result.notes]
    return [*notes, *dict.fromkeys(remarks)]
