"""``landwright prepare``: make training labels and heights from what is at hand."""

from __future__ import annotations

import typer

from landwright.cli.prepare import fuse, isprs, ndsm

app = typer.Typer(help="Make training labels and heights from what is at hand.", no_args_is_help=True)
app.command("fuse")(fuse.fuse)
app.command("ndsm")(ndsm.ndsm)
app.command("isprs")(isprs.isprs)


@app.callback()
def group() -> None:
    """Make training labels and heights from what is at hand."""
