"""``landwright doctor``: is everything here that landwright needs?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from landwright.cli.common import emit, guard

if TYPE_CHECKING:
    from landwright.cli.checks import Check

MARKS = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "failed": "[red]failed[/]"}
FAILED = 3


@guard
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False) -> None:
    """Check the installation: versions, extras, devices, GDAL, writing. Touches no network."""
    from landwright.cli.checks import run_checks

    checks = run_checks()
    failed = [check for check in checks if check.state == "failed"]
    emit({"ok": not failed, "checks": [check._asdict() for check in checks]}, as_json=as_json)
    if not as_json:
        _show(checks)
    if failed:
        raise typer.Exit(FAILED)


def _show(checks: list[Check]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("part", "state", "found", box=None, pad_edge=False)
    for check in checks:
        remedy = f"\n[dim]{escape(check.remedy)}[/]" if check.remedy else ""
        table.add_row(escape(check.part), MARKS[check.state], escape(check.found) + remedy)
    console = Console()
    console.print(table)
    failed = sum(check.state == "failed" for check in checks)
    console.print(f"\n{failed} of {len(checks)} checks failed." if failed else "\nEverything that is needed is here.")
