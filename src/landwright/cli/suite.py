"""What ``landwright evaluate --suite`` does: models on data sets, with progress, and one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from landwright.cli.common import progress
from landwright.errors import DataError, PartialError, UsageError
from landwright.evaluation.report.environment import environment
from landwright.evaluation.suite import (
    Opener,
    Store,
    Suite,
    SuiteRun,
    Table,
    build_table,
    load_published,
    load_suite,
    run_suite,
    write_table,
)
from landwright.evaluation.suite.data import SuiteData, find_data
from landwright.evaluation.suite.layout import percent
from landwright.evaluation.suite.models import find_models
from landwright.evaluation.suite.write import JSON, MARKDOWN

if TYPE_CHECKING:
    from rich.progress import TaskID


@dataclass(frozen=True)
class SuiteOutcome:
    """What is told to the user.

    Attributes:
        table: The table.
        page: Its HTML page.
        run: What was done.
    """

    table: Table
    page: Path
    run: SuiteRun

    def payload(self) -> dict[str, Any]:
        """Return plain data for ``--json``."""
        return {
            "table": str(self.page.with_name(JSON)),
            "markdown": str(self.page.with_name(MARKDOWN)),
            "page": str(self.page),
            **self.table.model_dump(mode="json", exclude={"published", "environment"}),
            "failed": {f"{model} on {dataset}": str(error) for (model, dataset), error in self.run.failures.items()},
        }

    def text(self) -> str:
        """Return the suite's own figure for people, one column per model."""
        table = self.table
        lines = [row.line(table.figure) for row in table.rows]
        left = max(map(len, (*table.datasets, "mean")))
        widths = [max(len(row.model), 6) for row in table.rows]

        def row(name: str, cells: Sequence[str]) -> str:
            fitted = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
            return "  ".join([name.ljust(left), *fitted])

        return "\n".join(
            [
                f"{table.suite}: {table.meaning}, percent",
                row("", [one.model for one in table.rows]),
                *(row(name, [percent(line.figures[name]) for line in lines]) for name in table.datasets),
                row("mean", [percent(line.mean) for line in lines]),
                *(f"{one.model}: {one.making}" for one in table.rows),
                *table.notes,
                f"table  {self.page}",
            ]
        )

    def complain(self) -> None:
        """Say what failed.

        Raises:
            PartialError: Some pairs failed.
        """
        if self.run.failures:
            pairs = ", ".join(f"{model} on {dataset}" for model, dataset in self.run.failures)
            raise PartialError(
                f"{len(self.run.failures)} of {len(self.run.failures) + len(self.run.results)} pairs failed: {pairs}",
                remedy="The messages above say why; the same command goes on with what is missing",
            )


def score_suite(
    name: str,
    models: str | None,
    *,
    root: str | None,
    datasets: str | None,
    preset: str | None,
    attention: str | None,
    activation: str | None,
    device: str,
    out: Path,
    force: bool,
    quiet: bool,
) -> SuiteOutcome:
    """Run a suite and write its table.

    Args:
        name: Suite.
        models: Registry names and bundles, separated by commas.
        root: Folder that holds the folders of the data sets.
        datasets: Data sets, separated by commas; all of the suite without it.
        preset: Preset; that of the suite without it.
        attention: Attention of the last layer; that of the preset without it.
        activation: ``reference``: that of the published evaluation; that of the training without it.
        device: Where to compute.
        out: Folder of results and table.
        force: Write into a folder that holds something else, and make results of other settings anew.
        quiet: Show no progress.

    Raises:
        UsageError: A suite, data set, model, preset or attention does not exist or does not fit.
        DataError: A folder or a model's file is missing, or nothing could be scored.
    """
    suite = load_suite(name)
    chosen = suite.choose(None if datasets is None else split(datasets, "--datasets"))
    if models is None:
        raise UsageError("--suite needs models", remedy="Name some: --models farslip1-b16,clip-b16")
    if root is None:
        raise UsageError("--suite needs the folder of the data sets", remedy="Give --root")
    store = Store(out, suite.name, force=force)
    openers = find_models(
        split(models, "--models"), preset or suite.preset, attention=attention, activation=activation, device=device
    )
    data = [find_data(one, Path(root)) for one in chosen]
    run = _run(suite, openers, data, store, quiet=quiet)
    for (model, dataset), error in run.failures.items():
        typer.secho(f"error: {model} on {dataset}: {error}", fg=typer.colors.RED, err=True)
    if not run.results:
        raise DataError("nothing could be scored", remedy="The messages above say why")
    failures = [f"{model} on {dataset} failed: {error}" for (model, dataset), error in run.failures.items()]
    order = [opener.name for opener in openers]
    # Models of earlier runs stand below those of this one.
    results = sorted(
        store.finished(), key=lambda one: [*order, one.settings.making.model].index(one.settings.making.model)
    )
    table = build_table(suite, results, load_published(suite), environment(), failures)
    return SuiteOutcome(table, write_table(out, table), run)


def split(names: str, option: str) -> list[str]:
    """Read a list of names.

    Raises:
        UsageError: A name is empty or there twice.
    """
    found = [name.strip() for name in names.split(",")]
    if not all(found):
        raise UsageError(f"{option} {names!r} is not a list of names", remedy="Separate the names by commas")
    if twice := [name for name in found if found.count(name) > 1]:
        raise UsageError(f"{option} names {twice[0]} twice", remedy="Name it once")
    return found


def _run(suite: Suite, openers: Sequence[Opener], data: Sequence[SuiteData], store: Store, *, quiet: bool) -> SuiteRun:
    left = len(openers) * sum(len(one.pairs) for one in data)
    with progress(quiet=quiet) as bar:
        whole = bar.add_task(suite.name, total=left, unit="images")
        seen: dict[tuple[str, str], int] = {}

        def tell(model: str, dataset: str, done: int, total: int) -> None:
            nonlocal left
            # What an earlier run did takes no time now and must not count for the rate.
            earlier = done if (model, dataset) not in seen else 0
            left -= earlier
            step = done - earlier - seen.get((model, dataset), 0)
            bar.update(whole, total=left, advance=step, description=f"{model} on {dataset} {done}/{total}")
            seen[model, dataset] = done

        checks: dict[str, TaskID] = {}

        def check(dataset: str, done: int, total: int) -> None:
            if dataset not in checks:
                checks[dataset] = bar.add_task(f"checking {dataset}", total=total, unit="images")
            bar.update(checks[dataset], completed=done, visible=done < total)

        return run_suite(suite, openers, data, store, progress=tell, checking=check)
