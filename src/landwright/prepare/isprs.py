"""The ISPRS sets in SynRS3D's folder layout: slices with heights above ground and classes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine

from landwright import __version__
from landwright.errors import DataError, UsageError
from landwright.legends import Legend, load_legend
from landwright.maps import HEIGHT_NODATA
from landwright.prepare.ground import filter_name
from landwright.prepare.isprs_files import IsprsSet, IsprsTile, find_tiles, isprs_layout
from landwright.prepare.isprs_tile import TileArrays, read_tile
from landwright.prepare.slices import slice_windows
from landwright.rasters import Window, atomic_output, open_raster, write_cog

if TYPE_CHECKING:
    from landwright.data.layouts import Layout

IMAGES, HEIGHTS, CLASSES = "opt", "gt_nDSM", "gt_ss_mask"
_RECORD = "metadata.json"


@dataclass(frozen=True)
class IsprsResult:
    """A set in SynRS3D's folder layout.

    Attributes:
        path: The folder.
        tiles: Tiles of the set.
        train: Slices of the training part.
        test: Slices of the test part.
        kept: Slices that were there already.
        notes: Plain remarks on what a user may not expect.
        seconds: Time that it took.
    """

    path: Path
    tiles: int
    train: int
    test: int
    kept: int
    notes: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**vars(self), "path": str(self.path), "notes": list(self.notes)}


def prepare_isprs(
    root: str | PathLike[str],
    out: str | PathLike[str],
    *,
    name: IsprsSet,
    size: int = 512,
    paper: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> IsprsResult:
    """Cut the tiles of an ISPRS set into slices with heights above ground.

    Written are ``opt`` (images), ``gt_nDSM`` (float32 metres, -9999 where unknown) and ``gt_ss_mask`` (codes of
    ``isprs-6``, 255 where ignored), files ``<image>_slice_<k>.tif`` row by row with k from 0, and the lists
    ``train.txt`` and ``test.txt`` by the contest's split of the tiles. Slices that are there are kept, so that an
    interrupted run continues.

    Args:
        root: Folder of the set; see `find_tiles` for the names.
        out: Folder to write.
        name: "potsdam" or "vaihingen".
        size: Side of a slice in pixels.
        paper: As published: slices leave out up to n - 1 pixels at the end of a tile, colours outside the legend, the
            eroded boundary's black too, are impervious surface, and unknown heights are 0.
        progress: Called with the numbers of finished and of all slices.

    Returns:
        What was written.

    Raises:
        UsageError: If there is no such set, a slice does not fit into a tile, or dsm2dtm is missing.
        DataError: If files are missing, damaged, or do not fit each other; if the folder holds slices made otherwise;
            or if a file cannot be written.
    """
    started = time.perf_counter()
    layout, target = isprs_layout(name), Path(out)
    legend = load_legend(layout.legend)
    tiles, notes = find_tiles(Path(root), name)
    windows = {tile.id: _windows(tile, size, paper=paper) for tile in tiles}
    settings = {"set": name, "size": size, "paper": paper, "ground": filter_name()}
    total = sum(map(len, windows.values()))
    _check_folder(target, settings)
    done = kept = 0
    for tile in tiles:
        missing = [
            (slice_name(tile, number), window)
            for number, window in enumerate(windows[tile.id])
            if not (target / IMAGES / f"{slice_name(tile, number)}.tif").is_file()
        ]
        done += len(windows[tile.id]) - len(missing)
        kept += len(windows[tile.id]) - len(missing)
        if progress:
            progress(done, total)
        if not missing:
            continue
        arrays = read_tile(tile, legend, layout.gsd or 0.0, paper=paper)
        notes += arrays.notes
        if not (target / _RECORD).exists():
            _write_text(target / _RECORD, json.dumps(settings) + "\n")
        for stem, window in missing:
            _write_slice(target, stem, arrays, window, layout, legend, paper=paper)
            done += 1
            if progress:
                progress(done, total)
    counts = {part: _write_list(target, part, tiles, windows) for part in ("train", "test")}
    return IsprsResult(
        target, len(tiles), counts["train"], counts["test"], kept, tuple(notes), time.perf_counter() - started
    )


def slice_name(tile: IsprsTile, number: int) -> str:
    """Return the name of a slice without suffix."""
    return f"{tile.top.stem}_slice_{number}"


def _windows(tile: IsprsTile, size: int, *, paper: bool) -> list[Window]:
    with open_raster(tile.top) as raster:
        try:
            return slice_windows(raster.shape, size, paper=paper)
        except UsageError as error:
            raise UsageError(error.problem, path=tile.top, remedy=error.remedy) from error


def _write_slice(
    folder: Path, stem: str, arrays: TileArrays, window: Window, layout: Layout, legend: Legend, *, paper: bool
) -> None:
    part = np.s_[..., window.row : window.row + window.height, window.col : window.col + window.width]
    placed = arrays.info.transform != Affine.identity()
    grid: dict[str, Any] = {
        "crs": arrays.info.crs,
        "transform": arrays.info.window_transform(window) if placed else None,
        "tags": {"TIFFTAG_SOFTWARE": f"landwright {__version__}"},
    }
    heights = np.nan_to_num(arrays.heights[part], nan=0.0 if paper else HEIGHT_NODATA)
    write_cog(
        folder / HEIGHTS / f"{stem}.tif",
        heights,
        nodata=HEIGHT_NODATA,
        descriptions=["height above ground in metres"],
        overviews="average",
        **grid,
    )
    write_cog(
        folder / CLASSES / f"{stem}.tif",
        legend.decode(arrays.classes[part]),
        nodata=legend.nodata,
        colormap=legend.colour_table(),
        overviews="mode",
        **grid,
    )
    # The image comes last: where it is, the slice is complete.
    image = folder / IMAGES / f"{stem}.tif"
    write_cog(image, arrays.image[part], descriptions=layout.bands, overviews="average", **grid)


def _write_list(folder: Path, part: str, tiles: list[IsprsTile], windows: dict[str, list[Window]]) -> int:
    """Write the names of a part's slices, if it has any; return their number."""
    stems = [slice_name(tile, number) for tile in tiles if tile.part == part for number in range(len(windows[tile.id]))]
    if stems:
        _write_text(folder / f"{part}.txt", "".join(f"{stem}\n" for stem in stems))
    return len(stems)


def _check_folder(folder: Path, settings: dict[str, Any]) -> None:
    """Refuse a folder with slices made otherwise."""
    record = folder / _RECORD
    remedy = "Repeat its settings to continue, or choose another folder"
    if record.exists():
        try:
            found = json.loads(record.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"cannot be read ({error})", path=record, remedy=remedy) from error
        if found != settings:
            raise DataError(f"holds slices made with {found}, not {settings}", path=folder, remedy=remedy)
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError("is not an empty folder", path=folder, remedy="Choose another folder")


def _write_text(path: Path, text: str) -> None:
    with atomic_output(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
