"""Options that say which images are read, and onto which grid."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from landwright.errors import UsageError

_PANEL = "Several images, other grids"

Asset = Annotated[
    str | None,
    typer.Option("--asset", help="Asset of STAC items (default: the only one with data).", rich_help_panel=_PANEL),
]
Crs = Annotated[
    str | None,
    typer.Option("--crs", help="Reference system of the map, such as EPSG:32632.", rich_help_panel=_PANEL),
]
Gsd = Annotated[
    str | None,
    typer.Option(
        "--gsd",
        help="Metres on the ground that the map's pixels are; auto: what the model was trained for, where the image "
        "is finer or coarser.",
        rich_help_panel=_PANEL,
    ),
]
Like = Annotated[
    Path | None,
    typer.Option("--like", help="Raster whose grid the map takes.", rich_help_panel=_PANEL),
]
Overlapping = Annotated[
    str,
    typer.Option(
        "--overlapping",
        help="Where images of one map overlap: first (as they are named) or best (farthest from an image's edge).",
        rich_help_panel=_PANEL,
    ),
]


def parse_gsd(text: str | None) -> float | Literal["auto"] | None:
    """Read the value of ``--gsd``.

    Raises:
        UsageError: It is neither a number nor ``auto``.
    """
    if text is None or text == "auto":
        return text  # type: ignore[return-value]  # one of the two
    try:
        return float(text)
    except ValueError:
        raise UsageError(
            f"gsd {text!r} is not the size of a pixel", remedy="Use a number such as 0.5, or auto"
        ) from None
