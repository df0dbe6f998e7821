"""What is written: two rasters, and in them where they come from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from landwright import __version__
from landwright.legends import Legend
from landwright.maps import StripWriter
from landwright.prepare.agreement import NO_VOTES
from landwright.prepare.products import Product
from landwright.rasters import RasterInfo


def writers_of(
    places: Sequence[Path], legend: Legend, grid: RasterInfo, tags: dict[str, str]
) -> tuple[StripWriter, StripWriter]:
    """Return the writers of the labels and of the votes.

    Args:
        places: Where the labels and the votes go.
        legend: Classes of the labels.
        grid: The grid of both.
        tags: Metadata of both.
    """
    labels_place, votes_place = places
    common: dict[str, Any] = {
        "width": grid.width,
        "height": grid.height,
        "crs": grid.crs,
        "transform": grid.transform,
        "dtype": "uint8",
        "tags": tags,
    }
    labels = StripWriter(
        labels_place,
        nodata=legend.nodata,
        colormap=legend.colour_table(),
        description=f"classes: {legend.name}",
        overviews="mode",
        **common,
    )
    votes = StripWriter(
        votes_place,
        nodata=NO_VOTES,
        description="products that agree on the leading class",
        overviews="average",
        **common,
    )
    return labels, votes


def provenance(products: Sequence[Product], legend: Legend, k: int, grid: str) -> dict[str, str]:
    """Say how labels were made, as metadata of the files; the classes as in maps that landwright predicts.

    Args:
        products: What was fused.
        legend: Classes of the labels.
        k: Votes that a label needed.
        grid: Raster whose grid they take.
    """
    classes = [
        {"value": entry.code, "name": entry.name, "color": "{:02X}{:02X}{:02X}".format(*entry.colour)}
        for entry in legend.classes
    ]
    crosswalks = {
        Path(product.path).name: "none" if product.crosswalk is None else product.crosswalk.name for product in products
    }
    return {
        "TIFFTAG_SOFTWARE": f"landwright {__version__}",
        "TIFFTAG_DATETIME": datetime.now(UTC).strftime("%Y:%m:%d %H:%M:%S"),
        "CLASSES": json.dumps(classes, ensure_ascii=False),
        "SOURCE": ", ".join(Path(product.path).name for product in products),
        "SETTINGS": json.dumps({"k": k, "crosswalks": crosswalks, "grid": Path(grid).name}),
    }
