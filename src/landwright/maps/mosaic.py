"""Read the blocks of a map as one raster."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rasterio
from affine import Affine

from landwright.errors import DataError
from landwright.maps.merging import load_products, virtual_map
from landwright.maps.spec import ProductSpec
from landwright.maps.vrt import DTYPES, Layer, Place, write_vrt
from landwright.rasters import RASTER_SUFFIXES, expand_inputs
from landwright.rasters.gdal import is_remote, reading, without_georeference_warning
from landwright.runs import Run
from landwright.runs.manifest import MANIFEST

_CLASSES = "classes: "
_NEAR = 0.01


@contextmanager
def one_raster(path: str | PathLike[str], product: str = "classes") -> Iterator[str]:
    """Yield a name under which a map can be opened, be it one file or many.

    A folder, a glob or a ``.txt`` list is the map of all its blocks: of all rasters in it and in folders in it, or of
    those only that say they hold classes where some do. A run directory is the whole map of its run, whichever blocks
    are finished.

    Args:
        path: File, URL, GDAL name, run directory, folder, glob or list.
        product: Which raster of a run's blocks, by the stem of its files.

    Raises:
        DataError: Nothing is there, or the blocks do not lie on one grid.
    """
    name = str(path)
    if is_remote(name) or (Path(name).is_file() and Path(name).suffix != ".txt") or ":" in name:
        yield name
        return
    if is_run(name):
        run = Run.load(Path(name))
        spec = run_product(run, product)
        if spec is None:
            raise DataError(f"is a run without {product}", path=name, remedy="Name the run of a map that has them")
        with tempfile.TemporaryDirectory() as folder:
            yield str(virtual_map(run, spec, Path(folder) / f"{Path(name).name}.vrt"))
        return
    if Path(name).is_dir():
        files = sorted(file for file in Path(name).rglob("*") if _is_block(file.relative_to(name)))
        if not files:
            raise DataError("the folder holds no raster", path=name, remedy="Name the map or the folder of its blocks")
    elif "*" in name or Path(name).suffix == ".txt":
        files = expand_inputs(name)
    else:
        yield name  # what opens it says that it is missing
        return
    blocks = [_block(file) for file in files]
    chosen = [block for block in blocks if block.description.startswith(_CLASSES)] or blocks
    if len(chosen) == 1:
        yield str(chosen[0].path)
        return
    layer, places = virtual_raster(chosen)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"{Path(name).name.replace('*', '_') or 'map'}.vrt"
        with target.open("wb") as opened:
            write_vrt(opened, layer, places, relative=False)
        yield str(target)


def is_run(path: str | PathLike[str]) -> bool:
    """Return whether a path is a run directory."""
    return (Path(path) / MANIFEST).is_file()


def run_product(run: Run, stem: str) -> ProductSpec | None:
    """Return one of the rasters that a run makes, by the stem of its files, or None.

    Raises:
        DataError: The run does not say what it makes.
    """
    return next((spec for spec in load_products(run).products if spec.stem == stem), None)


def run_remarks(path: str | PathLike[str]) -> list[str]:
    """Say what is missing in a run; nothing of what is no run directory, or is whole."""
    if not is_run(path):
        return []
    run = Run.load(Path(path))
    state = run.state()
    missing = ((len(state.left), "not finished yet"), (len(state.poison), "set aside because they failed"))
    return [f"{path}: {count} of {len(run.blocks)} blocks are {what}" for count, what in missing if count]


def _is_block(file: Path) -> bool:
    return file.suffix.lower() in RASTER_SUFFIXES and not any(part.startswith(".") for part in file.parts)


class Block(NamedTuple):
    """What is known of one block."""

    path: Path
    width: int
    height: int
    bands: int
    dtype: str
    crs: rasterio.CRS | None
    transform: Affine
    nodata: float | None
    description: str
    tags: dict[str, str]


def _block(path: Path) -> Block:
    with reading(str(path), "is not a readable raster"), without_georeference_warning(), rasterio.open(path) as file:
        return Block(
            path.resolve(),
            file.width,
            file.height,
            file.count,
            file.dtypes[0],
            file.crs,
            file.transform,
            file.nodata,
            file.descriptions[0] or "",
            file.tags(),
        )


def virtual_raster(blocks: Sequence[Block]) -> tuple[Layer, list[Place]]:
    """Return the smallest raster that holds blocks of one grid; what none covers is nodata.

    Args:
        blocks: The blocks, of one band each.

    Raises:
        DataError: They differ in type, nodata or reference system, do not lie on one grid, or leave gaps and have no
            nodata.
    """
    first = blocks[0]
    corners = []
    for block in blocks:
        _refuse_other(block, first)
        col, row = ~first.transform @ (block.transform.c, block.transform.f)
        if abs(col - round(col)) > _NEAR or abs(row - round(row)) > _NEAR:
            raise DataError(
                f"lies {col % 1:.2f}, {row % 1:.2f} pixels off the grid of {first.path.name}",
                path=block.path,
                remedy="Name blocks of one map, or warp them onto one grid",
            )
        corners.append((round(row), round(col)))
    rows, cols = (np.array(corners) - np.min(corners, axis=0)).T.tolist()
    places = [
        Place(str(block.path), row, col, block.height, block.width)
        for row, col, block in zip(rows, cols, blocks, strict=True)
    ]
    height = max(place.row + place.height for place in places)
    width = max(place.col + place.width for place in places)
    if first.nodata is None and sum(block.width * block.height for block in blocks) < width * height:
        raise DataError(
            "and the other blocks leave gaps, but say nothing of nodata",
            path=first.path,
            remedy="Name all blocks, or declare nodata with `gdal_edit.py -a_nodata`",
        )
    # The map's own corner, to the last digit, where a block has it.
    near = min(range(len(blocks)), key=lambda at: rows[at] + cols[at])
    transform = blocks[near].transform @ Affine.translation(-cols[near], -rows[near])
    layer = Layer(
        height, width, first.crs, transform, first.dtype, [first.description], nodata=first.nodata, tags=first.tags
    )
    return layer, places


def _refuse_other(block: Block, first: Block) -> None:
    if block.bands != 1 or block.dtype not in DTYPES:
        raise DataError(
            f"has {block.bands} bands of type {block.dtype}; a block has one band",
            path=block.path,
            remedy="Name the blocks of one raster only, for example by a glob",
        )
    one, two = (np.array(each.transform.to_gdal())[[1, 2, 4, 5]] for each in (block, first))
    for what, same in (
        ("type", block.dtype == first.dtype),
        ("nodata", block.nodata == first.nodata),
        ("classes", block.tags.get("CLASSES") == first.tags.get("CLASSES")),
        ("reference system", block.crs == first.crs),
        ("size of pixels", np.allclose(one, two, rtol=1e-9, atol=0)),
    ):
        if not same:
            raise DataError(
                f"is of another {what} than {first.path.name}", path=block.path, remedy="Name blocks of one map"
            )
