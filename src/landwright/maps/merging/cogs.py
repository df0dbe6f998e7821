"""The blocks of a run as single COGs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError

from landwright.errors import DataError, DiskFullError
from landwright.maps.cog import refuse_holes
from landwright.maps.merging.blocks import filled_blocks, load_products
from landwright.maps.merging.convert import convert_apart
from landwright.maps.merging.virtual import virtual_map
from landwright.maps.outlines import Progress
from landwright.maps.spec import ProductSpec
from landwright.rasters import atomic_output, cog_options
from landwright.rasters.gdal import settings, without_georeference_warning
from landwright.runs import Run

_ENOUGH = 64 * 2**20

_CACHE = 16 * 2**20
_SIDE = 512
_TILES = 16
"""Tiles of a block that are kept decoded, at least: a tile of the map may touch four, and bands are read one by one."""

_OVERVIEWS = 4 / 3
"""Bytes that GDAL writes on the way for each of the final file: overviews go to a file of their own first."""


def merge_maps(
    run: Run, targets: Mapping[str, Path], texts: Mapping[Path, str], progress: Progress | None = None
) -> None:
    """Write the rasters of a run as single COGs, and texts beside them; they appear together at the end.

    Pixels, overviews, tags and colours are those of a map that was written in one go. Memory grows neither with the
    height of the map nor, but for their list, with the number of blocks. What no block covers is nodata; whether the
    run is whole is the caller's to ask, by `missing_blocks`. Ctrl-C ends it at once. Whatever the error, nothing is
    left.

    Args:
        run: The run.
        targets: COG to write, by the product's stem.
        texts: Content of further files, such as styles.
        progress: Called several times a second with pixels done and in all. GDAL tells nothing of its progress: what
            is done is estimated from the bytes written.

    Raises:
        UsageError: A file is a folder.
        DiskFullError: The disk is full.
        DataError: No block has data, a block is damaged, or a file cannot be written.
    """
    products = {spec.stem: spec for spec in load_products(run).products}
    pixels = run.manifest.grid.height * run.manifest.grid.width
    with ExitStack() as stack:
        for number, (stem, target) in enumerate(targets.items()):
            temporary = stack.enter_context(atomic_output(target))
            tell = partial(_tell, progress, number * pixels, pixels, len(targets) * pixels)
            with _explained(target, run, products[stem]):
                _write(run, products[stem], temporary, tell)
            tell(1.0)
        for file, text in texts.items():
            stack.enter_context(atomic_output(file)).write_text(text, encoding="utf-8")
        # All that can fail is done before the first file takes its name.


def _tell(progress: Progress | None, before: int, pixels: int, total: int, share: float) -> None:
    if progress is not None:
        progress(before + int(share * pixels), total)


def _write(run: Run, product: ProductSpec, temporary: Path, tell: Callable[[float], None]) -> None:
    grid = run.manifest.grid
    options = cog_options(grid.height, grid.width, product.overviews)
    if options["OVERVIEWS"] == "AUTO":
        # Those of a single block would be taken for the map's.
        options["OVERVIEWS"] = "IGNORE_EXISTING"
    size = np.dtype(product.dtype).itemsize
    options["LEVEL"] = 1  # as StripWriter does, for the same reason
    folders = (run.results.folder(block.name) for block in filled_blocks(run, product))
    expected = _OVERVIEWS * sum((folder / f"{product.stem}.tif").stat().st_size for folder in folders)
    virtual = virtual_map(run, product, temporary.with_name(f"{temporary.stem}.blocks.vrt"))
    most = 0.0

    def watch(written: int) -> None:
        nonlocal most  # the file of the overviews is removed before the end
        most = max(most, min(0.99, written / expected))
        tell(most)

    convert_apart(virtual, temporary, options, watch, cache=max(_CACHE, _TILES * _SIDE**2 * product.bands * size))
    with without_georeference_warning():
        refuse_holes(temporary)
    virtual.unlink()


@contextmanager
def _explained(target: Path, run: Run, product: ProductSpec) -> Iterator[None]:
    """Say what the user can do where GDAL only says that it failed."""
    try:
        yield
    except (RasterioError, CPLE_BaseError) as error:
        free = shutil.disk_usage(target.parent).free
        remedy = f"Free space ({free / 1e6:.0f} MB are left there), check the folder, or write elsewhere"
        if free < _ENOUGH:
            raise DiskFullError("cannot be written: the disk is full", path=target, remedy=remedy) from error
        _refuse_damaged(run, product)
        raise DataError(f"cannot be written: {error.__cause__ or error}", path=target, remedy=remedy) from error


def _refuse_damaged(run: Run, product: ProductSpec) -> None:
    """Name the block that cannot be read, if there is one: GDAL does not."""
    for block in filled_blocks(run, product):
        path = run.results.folder(block.name) / f"{product.stem}.tif"
        try:
            with settings(str(path)), without_georeference_warning(), rasterio.open(path) as file:
                for _, window in file.block_windows(1):
                    file.read(window=window)
        except (RasterioError, CPLE_BaseError) as error:
            raise DataError(
                f"is damaged: {error.__cause__ or error}",
                path=path,
                remedy="Remove the block's folder and start the run again: it is made anew",
            ) from error
