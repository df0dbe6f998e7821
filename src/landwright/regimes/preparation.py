"""Bars of what is prepared before the first step of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_WATCHED: ContextVar[bool] = ContextVar("watched", default=False)


@contextmanager
def watched(shown: bool) -> Iterator[None]:
    """Show the bars of all preparations inside, or none of them."""
    token = _WATCHED.set(shown)
    try:
        yield
    finally:
        _WATCHED.reset(token)


@contextmanager
def preparing(what: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error where preparations are `watched`.

    Args:
        what: What is prepared.
        total: How many there are.

    Yields:
        Takes the numbers of finished ones and of all.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not _WATCHED.get()) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done, number: bar.update(task, completed=done, total=number)
