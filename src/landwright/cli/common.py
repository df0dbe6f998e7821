"""What every verb shares: error reporting, one-line JSON, progress."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

import typer

from landwright.errors import LandwrightError, UsageError

if TYPE_CHECKING:
    from rich.progress import Progress

P = ParamSpec("P")
R = TypeVar("R")

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells expect (128 + SIGINT)."""


def guard(verb: Callable[P, R]) -> Callable[P, R]:
    """Turn errors that a user can act on into one message and an exit code."""

    @functools.wraps(verb)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return verb(*args, **kwargs)
        except LandwrightError as error:
            where = f"{error.path}: " if error.path else ""
            typer.secho(f"error: {where}{error.problem}", fg=typer.colors.RED, err=True)
            if error.remedy:
                typer.echo(f"  remedy: {error.remedy}", err=True)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            typer.echo("interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from error

    return guarded


def emit(payload: dict[str, Any], *, as_json: bool, text: str | None = None) -> None:
    """Write the outcome of a verb: one JSON line with ``--json``, else ``text`` for people."""
    if as_json:
        typer.echo(json.dumps(payload, default=str))
    elif text is not None:
        typer.echo(text)


def progress(*, quiet: bool = False) -> Progress:
    """Return a rich progress display with rate, elapsed time and end time, on standard error."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from landwright.cli.rate import RateColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        disable=quiet,
    )


def band_list(text: str) -> list[int | str]:
    """Read the value of ``--bands``: numbers or names, separated by commas.

    Raises:
        UsageError: An entry is empty.
    """
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise UsageError(f"bands {text!r} are not a list", remedy="Separate numbers or names by commas: --bands 1,2,3")
    return [int(name) if name.isdecimal() else name for name in names]


def batch_size(text: str | None) -> int | Literal["auto"] | None:
    """Read the value of ``--batch``.

    Raises:
        UsageError: It is neither a number nor ``auto``.
    """
    if text is None:
        return None
    if text == "auto":
        return "auto"
    if not text.isdecimal():
        raise UsageError(f"batch {text!r} is not a number of windows", remedy="Use 1 or more, or auto")
    return int(text)
