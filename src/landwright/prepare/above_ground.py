"""Heights above ground (nDSM) from a surface model (DSM), always on whole tiles."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import RasterioError

from landwright import __version__
from landwright.errors import DataError, UsageError
from landwright.maps import HEIGHT_NODATA, StripWriter
from landwright.prepare.elevation import Elevation, Metres
from landwright.prepare.ground import LARGEST_RADIUS, Progress, filtered_strips, metres_per_pixel, terrain_strips
from landwright.prepare.options import NdsmOptions
from landwright.rasters.heights import HIGHEST

_SETTINGS = "SETTINGS"
_SUFFIXES = (".tif", ".tiff")
_SUNK, _MANY_SUNK = -1.0, 0.2
_GROUND, _LITTLE_GROUND = 1.0, 0.01


@dataclass(frozen=True)
class NdsmResult:
    """Heights above ground in a file.

    Attributes:
        path: The file: float32 metres, nodata -9999.
        method: How the ground was found.
        width: Columns.
        height: Rows.
        known: Share of the pixels that have a height, 0..1.
        mean: Mean height in metres.
        highest: Largest height in metres.
        raised: Share of the known pixels above 1 m, 0..1.
        notes: Plain remarks on what a user may not expect.
        seconds: Time that it took.
    """

    path: Path
    method: str
    width: int
    height: int
    known: float
    mean: float
    highest: float
    raised: float
    notes: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**vars(self), "path": str(self.path), "notes": list(self.notes)}


def ndsm(
    dsm: str | PathLike[str],
    out: str | PathLike[str],
    *,
    options: NdsmOptions | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> NdsmResult:
    """Write the heights above ground of a surface model.

    The ground is a terrain model, or is found by the filter of dsm2dtm in the whole tile. The file lies on the grid of
    the surface model: a cloud-optimized GeoTIFF of float32 metres, -9999 where surface or ground are not known or lie
    more than 450 m apart, 0 where the surface lies below the ground. It appears whole or not at all.

    Args:
        dsm: Surface model of one band; its CRS must be in metres or feet for the filter, and not in degrees.
        out: The file to write, ``.tif``.
        options: How heights are made.
        overwrite: Replace a file that is there.
        progress: Called now and then with the number of finished and of all pixels.

    Returns:
        The file and what is in it.

    Raises:
        UsageError: If the file is there already or is an input, or dsm2dtm is needed and missing.
        DataError: If a raster is missing or damaged, has no CRS or an unknown unit; if surface and terrain model do not
            overlap; if no height is known; or if the file cannot be written.
    """
    started = time.perf_counter()
    options = options or NdsmOptions()
    target = Path(out)
    _check_target(target, [dsm, *([] if options.dtm is None else [options.dtm])], overwrite=overwrite)
    tally = Tally()
    with ExitStack() as stack:
        surface = stack.enter_context(Elevation(dsm, unit=options.unit))
        info = surface.info
        if options.dtm is None:
            terrain = None
            gsd = metres_per_pixel(info)
            strips = filtered_strips(surface, gsd, radius=options.radius, progress=progress)
        else:
            terrain = stack.enter_context(Elevation(options.dtm, unit=options.unit, like=info))
            strips = terrain_strips(surface, terrain, info.gsd or 1.0, fill=options.fill, progress=progress)
        writer = stack.enter_context(
            StripWriter(
                target,
                width=info.width,
                height=info.height,
                dtype="float32",
                crs=info.crs,
                transform=info.transform,
                nodata=HEIGHT_NODATA,
                description="height above ground",
                unit="m",
                tags=_provenance(dsm, options),
                overviews="average",
            )
        )
        for above, below in strips:
            heights = tally.add(above, below, options.min_height)
            writer.write(np.where(np.isfinite(heights), heights, np.float32(HEIGHT_NODATA)))
        if not tally.known:
            raise _nothing_known(str(dsm), options)
        notes = [*surface.notes, *([] if terrain is None else (f"{terrain.path}: {note}" for note in terrain.notes))]
        if terrain is None:
            notes += _narrow(info.shape, gsd, options.radius)
    return NdsmResult(
        path=target,
        method=options.method,
        width=info.width,
        height=info.height,
        known=tally.known / (info.width * info.height),
        mean=tally.total / tally.known,
        highest=tally.highest,
        raised=tally.raised / tally.known,
        notes=(*notes, *tally.remarks()),
        seconds=time.perf_counter() - started,
    )


def made_already(dsm: str | PathLike[str], out: str | PathLike[str], options: NdsmOptions) -> bool:
    """Whether the heights of a surface model are there, made in the same way.

    Raises:
        UsageError: If the file is there but made otherwise, or by something else.
    """
    if not Path(out).exists():
        return False
    try:
        with rasterio.open(out) as file:
            found = file.tags().get(_SETTINGS)
    except RasterioError:
        found = None
    if found == _provenance(dsm, options)[_SETTINGS]:
        return True
    raise UsageError(
        "is there already, and was not made from this surface model with these settings",
        path=out,
        remedy="Use --force (overwrite=True) or another folder",
    )


@dataclass
class Tally:
    """What is counted while heights are made.

    Attributes:
        known: Pixels with a height.
        total: Sum of the heights in metres.
        highest: Largest height.
        raised: Pixels above 1 m.
        sunk: Pixels whose surface lies more than 1 m below the ground.
        beyond: Pixels above 450 m, which are not known then.
    """

    known: int = 0
    total: float = 0.0
    highest: float = 0.0
    raised: int = 0
    sunk: int = 0
    beyond: int = 0
    _ground: int = field(default=0, repr=False)

    def add(self, surface: Metres, ground: Metres, min_height: float = 0.0) -> Metres:
        """Return surface minus ground as (h, W) heights in metres, at least 0, NaN where unknown; and count them."""
        heights: Metres = surface - ground
        beyond = heights > HIGHEST
        heights[beyond] = np.nan
        known = heights[np.isfinite(heights)]
        self.sunk += int(np.count_nonzero(known < _SUNK))
        self._ground += int(np.count_nonzero(np.abs(known) < _GROUND))
        self.raised += int(np.count_nonzero(known > _GROUND))
        self.beyond += int(np.count_nonzero(beyond))
        heights[heights < max(min_height, 0.0)] = 0
        known = heights[np.isfinite(heights)]
        self.known += known.size
        self.total += float(known.sum(dtype=np.float64))
        self.highest = max(self.highest, float(known.max(initial=0)))
        return heights

    def remarks(self) -> list[str]:
        """Plain remarks on heights that are not what one expects."""
        notes = []
        if self.beyond:
            notes.append(f"{self.beyond} pixels lie more than {HIGHEST:g} m above the ground: written as nodata")
        if self.sunk > _MANY_SUNK * self.known:
            notes.append(
                f"the surface lies more than 1 m below the ground on {self.sunk / self.known:.0%} of the pixels: do "
                "both count in the same unit and from the same datum?"
            )
        elif self._ground < _LITTLE_GROUND * self.known:
            notes.append(
                f"the surface is at the ground on {self._ground / self.known:.1%} of the pixels only: do both count in "
                "the same unit and from the same datum?"
            )
        return notes


def _check_target(target: Path, inputs: list[str | PathLike[str]], *, overwrite: bool) -> None:
    if target.suffix.lower() not in _SUFFIXES:
        raise UsageError(
            "heights are written as GeoTIFF", path=target, remedy=f"Name the file {target.with_suffix('.tif').name}"
        )
    if target.is_file():
        if any(target.samefile(source) for source in map(Path, inputs) if source.exists()):
            raise UsageError("is one of the inputs", path=target, remedy="Name another output")
        if not overwrite:
            raise UsageError("is there already", path=target, remedy="Use --force (overwrite=True) or another name")


def _provenance(dsm: str | PathLike[str], options: NdsmOptions) -> dict[str, str]:
    settings = {"dsm": Path(dsm).name, **options.to_dict()}
    if options.dtm is not None:
        settings["dtm"] = Path(options.dtm).name
    return {
        "TIFFTAG_SOFTWARE": f"landwright {__version__}",
        "TIFFTAG_DATETIME": datetime.now(UTC).strftime("%Y:%m:%d %H:%M:%S"),
        "UNITS": "metres above ground",
        "METHOD": options.method,
        "SOURCE": Path(dsm).name,
        _SETTINGS: json.dumps(settings),
    }


def _nothing_known(dsm: str, options: NdsmOptions) -> DataError:
    if options.dtm is None:
        return DataError("holds no height: all of it is nodata", path=dsm, remedy="Check the file and its nodata value")
    return DataError(
        f"has no pixel where {options.dtm} knows the ground",
        path=dsm,
        remedy="Check that they show the same place; fill (--fill) closes holes of the terrain model",
    )


def _narrow(shape: tuple[int, int], gsd: float, radius: float | None) -> list[str]:
    across, window = min(shape) * gsd, 2 * (radius or LARGEST_RADIUS)
    if across >= window:
        return []
    return [
        f"only {across:.0f} m across, less than the ground filter's window of {window:.0f} m: what fills the tile "
        "counts as ground. Never crop a surface model before"
    ]
