"""Read the blocks of a map as one raster."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
import rasterio
from affine import Affine

from landwright.errors import DataError
from landwright.rasters import RASTER_SUFFIXES, expand_inputs
from landwright.rasters.gdal import is_remote, reading, without_georeference_warning
from landwright.runs import Grid, Run
from landwright.runs.manifest import MANIFEST

_CLASSES = "classes: "
_NEAR = 0.01
_TYPES = {
    "uint8": "Byte",
    "int8": "Int8",
    "uint16": "UInt16",
    "int16": "Int16",
    "uint32": "UInt32",
    "int32": "Int32",
    "float32": "Float32",
    "float64": "Float64",
}


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
    name, grid = str(path), None
    if is_remote(name) or (Path(name).is_file() and Path(name).suffix != ".txt") or ":" in name:
        yield name
        return
    if is_run(name):
        run = Run.load(Path(name))
        files, grid = run_files(run, product), run.manifest.grid
        if not files:
            raise DataError(
                f"is a run that has no {product} yet", path=name, remedy="Let it make some blocks, or check the path"
            )
    elif Path(name).is_dir():
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
    if len(chosen) == 1 and (grid is None or (chosen[0].height, chosen[0].width) == (grid.height, grid.width)):
        yield str(chosen[0].path)
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{Path(name).name.replace('*', '_') or 'map'}.vrt"
        file.write_bytes(virtual_raster(chosen, grid))
        yield str(file)


def is_run(path: str | PathLike[str]) -> bool:
    """Return whether a path is a run directory."""
    return (Path(path) / MANIFEST).is_file()


def run_files(run: Run, product: str) -> list[Path]:
    """Return the rasters of one product in a run's finished blocks; a block without a valid pixel has none.

    Args:
        run: The run.
        product: Stem of their names, such as ``classes``.
    """
    files = (run.results.folder(name) / f"{product}.tif" for name in run.state().finished)
    return [file for file in files if file.is_file()]


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


def virtual_raster(blocks: Sequence[Block], grid: Grid | None = None) -> bytes:
    """Return a GDAL VRT of blocks of one grid; what none covers is nodata.

    Args:
        blocks: The blocks, of one band each.
        grid: The grid of the whole map; None for the smallest one that holds the blocks.

    Raises:
        DataError: They differ in type, nodata or reference system, do not lie on one grid, or leave gaps and have no
            nodata.
    """
    first = blocks[0]
    anchor = first.transform if grid is None or grid.transform is None else Affine(*grid.transform)
    places = []
    for block in blocks:
        _refuse_other(block, first)
        col, row = ~anchor @ (block.transform.c, block.transform.f)
        if abs(col - round(col)) > _NEAR or abs(row - round(row)) > _NEAR:
            raise DataError(
                f"lies {col % 1:.2f}, {row % 1:.2f} pixels off the grid of {first.path.name}",
                path=block.path,
                remedy="Name blocks of one map, or warp them onto one grid",
            )
        places.append((round(row), round(col)))
    rows, cols = np.array(places).T
    if grid is not None and grid.transform is not None:
        top, left, height, width, corner = 0, 0, grid.height, grid.width, anchor
    else:
        top, left = int(rows.min()), int(cols.min())
        height = int(max(row + block.height for row, block in zip(rows, blocks, strict=True))) - top
        width = int(max(col + block.width for col, block in zip(cols, blocks, strict=True))) - left
        # The map's own corner, to the last digit, where a block has it.
        near = int(np.argmin((rows - top) + (cols - left)))
        corner = blocks[near].transform @ Affine.translation(left - int(cols[near]), top - int(rows[near]))
    if first.nodata is None and sum(block.width * block.height for block in blocks) < width * height:
        raise DataError(
            "and the other blocks leave gaps, but say nothing of nodata",
            path=first.path,
            remedy="Name all blocks, or declare nodata with `gdal_edit.py -a_nodata`",
        )
    root = ElementTree.Element("VRTDataset", rasterXSize=str(width), rasterYSize=str(height))
    if first.crs is not None:
        ElementTree.SubElement(root, "SRS").text = first.crs.to_wkt()
    ElementTree.SubElement(root, "GeoTransform").text = ", ".join(f"{value!r}" for value in corner.to_gdal())
    about = ElementTree.SubElement(root, "Metadata")
    for key, value in first.tags.items():
        ElementTree.SubElement(about, "MDI", key=key).text = value
    band = ElementTree.SubElement(root, "VRTRasterBand", dataType=_TYPES[first.dtype], band="1")
    ElementTree.SubElement(band, "Description").text = first.description
    if first.nodata is not None:
        ElementTree.SubElement(band, "NoDataValue").text = repr(first.nodata)
    for row, col, block in zip(rows - top, cols - left, blocks, strict=True):
        source = ElementTree.SubElement(band, "SimpleSource")
        ElementTree.SubElement(source, "SourceFilename", relativeToVRT="0").text = str(block.path)
        ElementTree.SubElement(source, "SourceBand").text = "1"
        size = {"xSize": str(block.width), "ySize": str(block.height)}
        ElementTree.SubElement(source, "SrcRect", {"xOff": "0", "yOff": "0"} | size)
        ElementTree.SubElement(source, "DstRect", {"xOff": str(col), "yOff": str(row)} | size)
    return ElementTree.tostring(root)


def _refuse_other(block: Block, first: Block) -> None:
    if block.bands != 1 or block.dtype not in _TYPES:
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
