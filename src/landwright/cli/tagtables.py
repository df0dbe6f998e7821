"""Tables that show counts of tags to a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from landwright.data.tag_counts import TagCounts

_BAR = 24
_SHOWN = 10


def tables(counts: TagCounts, notes: Sequence[str]) -> Iterator[RenderableType]:
    """How often each tag occurs, how often two occur together, the most frequent sets, and the remarks."""
    yield Text(f"{counts.images} images, {counts.mean:.2f} tags each", style="bold")
    yield _single(counts)
    yield Text("images with both")
    yield _together(counts)
    yield Text(f"the most frequent of {len(counts.combinations)} sets")
    yield _combinations(counts)
    if counts.without:
        more = f" and {len(counts.without) - _SHOWN} more" if len(counts.without) > _SHOWN else ""
        yield Text(f"without a tag: {', '.join(counts.without[:_SHOWN])}{more}")
    for note in notes:
        yield Text(f"note: {note}", style="yellow")


def _plain(*columns: str) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2))
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def _single(counts: TagCounts) -> Table:
    table = _plain("tag", "images", "share")
    table.add_column("")
    for name, count in zip(counts.names, counts.counts.tolist(), strict=True):
        share = count / max(1, counts.images)
        table.add_row(name, f"{count}", f"{share:.1%}", "█" * round(share * _BAR))
    return table


def _together(counts: TagCounts) -> Table:
    # Numbers stand for the columns' names: sixteen names do not fit on a line.
    table = _plain("", *(f"{number}" for number in range(1, len(counts.names) + 1)))
    for number, (name, row) in enumerate(zip(counts.names, counts.together.tolist(), strict=True), start=1):
        table.add_row(f"{number} {name}", *(f"{count}" for count in row))
    return table


def _combinations(counts: TagCounts) -> Table:
    table = _plain("set", "images", "share")
    for names, count in counts.combinations[:_SHOWN]:
        table.add_row("; ".join(names) or "none", f"{count}", f"{count / counts.images:.1%}")
    return table
