"""What a run has made so far."""

from __future__ import annotations

from typing import Final

from affine import Affine
from pydantic import ValidationError
from rasterio.crs import CRS

from landwright.errors import DataError, PartialError
from landwright.maps.spec import Products, ProductSpec
from landwright.runs import Block, Run

PRODUCTS: Final = "products.json"
"""File of a run directory that says which rasters its blocks hold."""

_SHOWN = 8


def load_products(run: Run) -> Products:
    """Return what the rasters of a run are.

    Raises:
        DataError: The file that says so is missing or damaged.
    """
    content = run.store.read(PRODUCTS)
    try:
        return Products.model_validate_json(content or b"")
    except ValidationError as error:
        raise DataError(
            f"has no {PRODUCTS}" if content is None else f"has a damaged {PRODUCTS}",
            path=run.where,
            remedy="If no worker has begun yet, wait for one; else remove the directory and start anew",
        ) from error


def filled_blocks(run: Run, product: ProductSpec) -> list[Block]:
    """Return the finished blocks with a file of a product; a block without a valid pixel has none.

    Raises:
        DataError: No block has one, or the directory cannot be read.
    """
    finished = run.results.finished()
    found = [
        block
        for block in run.blocks
        if block.name in finished and (run.results.folder(block.name) / f"{product.stem}.tif").is_file()
    ]
    if not found:
        raise DataError(
            f"holds no block with a {product.stem}.tif",
            path=run.where,
            remedy="Check that the input has valid pixels in the area, and that the run has finished",
        )
    return found


def missing_blocks(run: Run) -> PartialError | None:
    """Return the error that says which blocks a run lacks; None if it is whole.

    Raises:
        DataError: The directory cannot be read.
    """
    state = run.state()
    if not state.left and not state.poison:
        return None
    parts = []
    if state.left:
        parts.append(f"{len(state.left)} are not finished ({_some(list(state.left))})")
    if state.poison:
        reasons = [f"{name}: {reason}" for name, reason in state.poison.items()]
        parts.append(f"{len(state.poison)} were set aside because they failed ({_some(reasons, '; ')})")
    return PartialError(
        f"of {len(run.blocks)} blocks {' and '.join(parts)}",
        path=run.where,
        remedy="Mend the cause and start the run again: what is finished stays; or leave nodata there with "
        "`landwright merge --allow-missing`",
    )


def crs_of(run: Run) -> CRS | None:
    """Return the reference system of a run's map."""
    crs = run.manifest.grid.crs
    return None if crs is None else CRS.from_user_input(crs)


def transform_of(run: Run) -> Affine | None:
    """Return pixel to reference system of a run's map."""
    transform = run.manifest.grid.transform
    return None if transform is None else Affine(*transform)


def _some(texts: list[str], separator: str = ", ") -> str:
    more = f"{separator}and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return separator.join(texts[:_SHOWN]) + more
