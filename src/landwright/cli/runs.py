"""Options that say how the work on a map is divided."""

from __future__ import annotations

from typing import Annotated

import typer

_PANEL = "Large maps, several processes, clusters"

Executor = Annotated[
    str | None,
    typer.Option(
        "--executor",
        help="Who maps the blocks of a large map: local (processes here), shards (this process and others that share "
        "the run directory) or ray.",
        rich_help_panel=_PANEL,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", help="Processes or actors (default: one for each GPU, or one).", rich_help_panel=_PANEL),
]
Block = Annotated[
    int | None,
    typer.Option(
        "--block",
        help="Side of a block in pixels (default: 8192); larger maps are cut.",
        rich_help_panel=_PANEL,
    ),
]
RunFolder = Annotated[
    str | None,
    typer.Option(
        "--run",
        help="Run directory, or s3://bucket/prefix (default: beside the map, as NAME.run).",
        rich_help_panel=_PANEL,
    ),
]
Shard = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="i/n",
        help="With --executor shards: only this share, i from 0 (default: any block that is free).",
        rich_help_panel=_PANEL,
    ),
]
Retries = Annotated[
    int,
    typer.Option("--retries", help="How often a block that failed is tried again.", rich_help_panel=_PANEL),
]
OnError = Annotated[
    str,
    typer.Option(
        "--on-error",
        help="When a block failed for good: skip (map the others, exit code 4) or fail.",
        rich_help_panel=_PANEL,
    ),
]
Lease = Annotated[
    float,
    typer.Option(
        "--lease",
        help="Seconds without a sign of life after which a worker is taken for dead.",
        rich_help_panel=_PANEL,
    ),
]
Address = Annotated[
    str | None,
    typer.Option("--address", help="Ray cluster (default: the one here, or a new one).", rich_help_panel=_PANEL),
]
Forgive = Annotated[
    bool,
    typer.Option(
        "--forgive",
        help="With --executor shards: try blocks again that were set aside (otherwise always).",
        rich_help_panel=_PANEL,
    ),
]
