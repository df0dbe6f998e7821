"""``landwright prepare``: make training labels, heights, tags and segments from what is at hand."""

from __future__ import annotations

import typer

from landwright.cli.prepare import fuse, isprs, link_head, ndsm, patches, segments, tags

HELP = "Make training labels, heights, tags and segments from what is at hand."

app = typer.Typer(help=HELP, no_args_is_help=True)
app.command("fuse")(fuse.fuse)
app.command("ndsm")(ndsm.ndsm)
app.command("isprs")(isprs.isprs)
app.command("tags")(tags.tags)
app.command("patches")(patches.patches)
app.command("segments")(segments.segments)
app.command("link-head")(link_head.link_head)


@app.callback(help=HELP)
def group() -> None:
    """Group the preparations."""
