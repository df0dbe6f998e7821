"""Runs of small maps, their blocks written by the products' own writers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from landwright.legends import Legend, LegendClass
from landwright.maps import HEIGHT, HEIGHT_NODATA, Model, Products, ProductSpec, class_style
from landwright.runs import Block, Grid, Input, Manifest, Run, pull

LEGEND = Legend(
    name="two",
    nodata=255,
    classes=(
        LegendClass(code=1, name="bare ground", colour=(1, 2, 3)),
        LegendClass(code=2, name="building", colour=(4, 5, 6)),
    ),
)
TAGS = {"TIFFTAG_SOFTWARE": "landwright", "MODEL": 'streets <& "more"> of Dürnstein', "SOURCE": "image.tif"}
CLASSES = ProductSpec(
    kind="classes",
    stem="classes",
    suffix="",
    dtype="uint8",
    nodata=255,
    colormap=LEGEND.colour_table(),
    descriptions=("classes: two",),
    tags=TAGS,
    overviews="mode",
    style=class_style(LEGEND),
)
CONFIDENCE = ProductSpec(
    kind="confidence",
    stem="confidence",
    suffix="_confidence",
    dtype="uint8",
    nodata=255,
    descriptions=("maximum class probability in percent",),
    unit="%",
    tags=TAGS,
    overviews="average",
    style="<qgis/>",
)
HEIGHTS = ProductSpec(
    kind="height",
    stem="height",
    suffix="_height",
    dtype="float32",
    nodata=HEIGHT_NODATA,
    descriptions=(HEIGHT.title,),
    unit="m",
    tags=TAGS,
    overviews="average",
    style=HEIGHT.style(),
)
ALL = (CLASSES, CONFIDENCE, HEIGHTS)
UTM = (0.2, 0.0, 500_000.1, 0.0, -0.2, 5_300_000.7)


def values(spec: ProductSpec, height: int, width: int) -> np.ndarray:
    """Pixels of a whole map; (bands, height, width) of several bands."""
    random = np.random.default_rng(len(spec.stem))
    shape = (height, width) if spec.bands == 1 else (spec.bands, height, width)
    if spec.kind == "classes":
        return random.integers(1, 3, shape, dtype=np.uint8)
    return (random.random(shape) * 100).astype(spec.dtype)


def make_run(
    folder: Path | str,
    height: int = 70,
    width: int = 100,
    block: int = 32,
    *,
    specs: Sequence[ProductSpec] = ALL,
    crs: str | None = "EPSG:32632",
    transform: tuple[float, ...] | None = UTM,
    empty: Sequence[str] = (),
    bad: Sequence[str] = (),
    inputs: Sequence[str] = ("image.tif",),
    begin_only: bool = False,
    **manifest: Any,
) -> Run:
    """Make a run directory and work on its blocks."""
    grid = Grid(height=height, width=width, crs=crs, transform=transform)
    made = Manifest(
        inputs=tuple(Input(name=name) for name in inputs),
        grid=grid,
        bundle="ab" * 32,
        settings={"tile": 64},
        block=block,
        **manifest,
    )
    run = Run.open(folder, made)
    products = Products(
        products=tuple(specs),
        legend=LEGEND,
        model=Model(name="streets", weights_sha256="ab" * 32),
        created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    run.store.write("products.json", products.model_dump_json().encode())
    whole = {} if begin_only else {spec.stem: values(spec, height, width) for spec in specs}

    def work(place: Block, target: Path) -> None:
        if place.name in bad:
            raise ValueError("this block is bad")
        (target / "tally.json").write_text("{}")
        if place.name in empty:
            return
        for spec in specs:
            part = whole[spec.stem][..., place.row0 : place.row1, place.col0 : place.col1]
            write(spec, target / f"{spec.stem}.tif", part, crs, transform, place.row0, place.col0)

    if not begin_only:
        pull(run, work, retries=0, lease_seconds=1.0)
    return run


def write(
    spec: ProductSpec,
    path: Path,
    pixels: np.ndarray,
    crs: str | None,
    transform: tuple[float, ...] | None,
    row: int = 0,
    col: int = 0,
) -> None:
    """Write a raster, or a block of it, as a map is written."""
    placed = None if transform is None else Affine(*transform) @ Affine.translation(col, row)
    system = None if crs is None else CRS.from_user_input(crs)
    height, width = pixels.shape[-2:]
    with spec.writer(path, width=width, height=height, crs=system, transform=placed) as writer:
        writer.write(pixels)
