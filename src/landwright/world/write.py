"""Write scenes as georeferenced GeoTIFFs in SynRS3D's folder layout."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from dataclasses import MISSING, asdict, dataclass, fields
from functools import partial
from multiprocessing import get_context
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import RasterioIOError

from landwright.errors import DataError, UsageError
from landwright.legends import load_legend
from landwright.rasters import atomic_output, write_cog
from landwright.world.scene import LEGEND, Scene, check_settings, make_scene
from landwright.world.statistics import height_facts, is_typical, summarise
from landwright.world.style import get_family

FOLDERS = ("pre_opt", "gt_ss_mask", "gt_nDSM", "gt_cd_mask", "coarse", "opt")
_COLUMNS, _GAP = 32, 25.0  # scenes in a row of the world, and metres between them
_WEST, _NORTH = 500007.0, 5400013.0
_ATTEMPTS = 50
_RECORD = "LANDWRIGHT_WORLD"


@dataclass(frozen=True)
class Settings:
    """What a world is made with, apart from the number of its scenes (see `write_world`)."""

    size: int
    gsd: float | None
    seed: int
    family: str
    style: str | None
    nir: bool
    coarse_gsd: float
    sensor: str = "default"
    off_nadir: float = 0.0
    typical: bool = False

    def scene(self, index: int) -> Scene:
        """Make a scene of the world; its seed comes from the world's seed and the index alone.

        Raises:
            DataError: None of many draws passes the filter.
        """
        for attempt in range(_ATTEMPTS if self.typical else 1):
            scene = self._draw(index, attempt)
            if not self.typical or is_typical(scene.height):
                return scene
        raise DataError(
            f"none of {_ATTEMPTS} draws of scene {index} has 10 to 90 % of its pixels above 1 m",
            remedy="Choose another style or family, or leave the filter out",
        )

    def _draw(self, index: int, attempt: int) -> Scene:
        entropy = [self.seed, index, attempt] if attempt else [self.seed, index]
        pitch = np.ceil(self.size * (self.gsd or get_family(self.family).gsd[1]) + _GAP)
        row, col = divmod(index, _COLUMNS)
        return make_scene(
            int(np.random.SeedSequence(entropy).generate_state(1)[0]),
            size=self.size,
            gsd=self.gsd,
            family=self.family,
            style=self.style,
            nir=self.nir,
            corner=(float(_WEST + col * pitch), float(_NORTH - row * pitch)),
            coarse_gsd=self.coarse_gsd,
            sensor=self.sensor,
            off_nadir=self.off_nadir,
        )


def write_world(  # noqa: PLR0913 - one parameter for each setting
    root: str | PathLike[str],
    *,
    scenes: int,
    size: int = 512,
    gsd: float | None = None,
    seed: int = 0,
    family: str = "grid_g05_mid",
    style: str | None = None,
    nir: bool = False,
    coarse_gsd: float = 20.0,
    sensor: str = "default",
    off_nadir: float = 0.0,
    typical: bool = False,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[str]:
    """Write a world: scenes side by side in EPSG:32633, which never overlap.

    The folders are ``opt`` and ``pre_opt`` (images of today and before), ``gt_ss_mask`` (land cover, codes of
    ``openearthmap-8``), ``gt_nDSM`` (height above ground in metres), ``gt_cd_mask`` (building change, 0 and 255) and
    ``coarse`` (the coarse product on its own grid); beside them lie ``train.txt`` (names), ``tags.csv`` (image, tags)
    and ``metadata.json`` (settings, statistics, a record of every scene). Scenes that are complete already are kept,
    so an interrupted run continues and a larger number of scenes extends a world.

    Args:
        root: Folder of the world; made where missing.
        scenes: Number of scenes.
        size: Side of a scene in pixels.
        gsd: Metres per pixel; drawn for each scene from the family's range by default.
        seed: Seed of the world.
        family: Kind of scenes.
        style: Kind of place; drawn for each scene by default.
        nir: Add near infrared as a fourth band to the images.
        coarse_gsd: Metres per cell of the coarse product.
        sensor: Camera of the pictures; places and labels are the same for any.
        off_nadir: Angle of the pictures against straight down in degrees, 0 to 40; labels are those of the pictures.
        typical: Draw a scene again until 10 to 90 % of its pixels are above 1 m, as SynRS3D's filter of outliers has
            it.
        jobs: Processes; the files are the same for any number.
        progress: Called with the numbers of finished and of all scenes.

    Returns:
        Names of the scenes, in order.

    Raises:
        UsageError: A setting is out of range or names nothing.
        DataError: The folder holds a world made with other settings, a file cannot be read or written, or no draw of
            a scene is typical.
    """
    if scenes < 1 or jobs < 1:
        raise UsageError(f"{scenes} scenes with {jobs} jobs", remedy="Ask for at least one scene and one job")
    settings = Settings(size, gsd, seed, family, style, nir, coarse_gsd, sensor, off_nadir, typical)
    check_settings(
        seed, size=size, gsd=gsd, family=family, style=style, coarse_gsd=coarse_gsd, sensor=sensor, off_nadir=off_nadir
    )
    root = Path(root)
    _claim(root, settings)
    names = [f"{family}_{index:05d}" for index in range(scenes)]
    records = {index: record for index, name in enumerate(names) if (record := _finished(root, name)) is not None}
    if progress:
        progress(len(records), scenes)
    missing = [index for index in range(scenes) if index not in records]
    # Closing stops the workers at once when the caller gives up, by Ctrl-C in `progress` for example.
    with closing(_make(partial(_write_scene, root, settings), missing, jobs)) as made:
        for index, record in made:
            records[index] = record
            if progress:
                progress(len(records), scenes)
    ordered = [records[index] for index in range(scenes)]
    metadata = {"settings": asdict(settings), "statistics": summarise(ordered), "scenes": ordered}
    _write_text(root / "metadata.json", json.dumps(metadata, indent=1) + "\n")
    tags = [f"opt/{record['name']}.tif,{';'.join(record['tags'])}\n" for record in ordered]
    _write_text(root / "tags.csv", "image,tags\n" + "".join(tags))
    _write_text(root / "train.txt", "".join(f"{name}\n" for name in names))
    return names


def _make(
    task: Callable[[int], dict[str, Any]], missing: list[int], jobs: int
) -> Generator[tuple[int, dict[str, Any]], None, None]:
    if jobs == 1 or len(missing) < 2:
        for index in missing:
            yield index, task(index)
        return
    # Workers ignore Ctrl-C: they finish the scene at hand while the parent drops the rest.
    ignore = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
    with ProcessPoolExecutor(min(jobs, len(missing)), get_context("spawn"), ignore) as pool:
        futures = {pool.submit(task, index): index for index in missing}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _write_scene(root: Path, settings: Settings, index: int) -> dict[str, Any]:
    scene = settings.scene(index)
    name = f"{settings.family}_{index:05d}"
    legend = load_legend(LEGEND)
    shares = np.bincount(scene.classes.ravel(), minlength=256) / scene.classes.size
    record: dict[str, Any] = {
        "name": name,
        "seed": scene.seed,
        "style": scene.style,
        "gsd": scene.gsd,
        "corner": list(scene.corner),
        "tags": [entry for entry in legend.names if entry in scene.tags],
        "shares": {entry.name: round(float(shares[entry.code]), 4) for entry in legend.classes},
        "changed": round(float((scene.change > 0).mean()), 4),
        **height_facts(scene.height),
    }
    bands = ("red", "green", "blue", "near infrared")[: scene.image.shape[0]]
    grid: dict[str, Any] = {"crs": scene.crs, "transform": scene.transform}
    codes: dict[str, Any] = {"nodata": legend.nodata, "colormap": legend.colour_table(), "overviews": "mode"}
    files: dict[str, tuple[Any, dict[str, Any]]] = {
        "pre_opt": (scene.before, grid | {"descriptions": bands, "overviews": "average"}),
        "gt_ss_mask": (scene.classes, grid | codes),
        "gt_nDSM": (scene.height, grid | {"descriptions": ["height above ground in metres"], "overviews": "average"}),
        "gt_cd_mask": (scene.change, grid | {"overviews": "mode"}),
        "coarse": (scene.coarse, codes | {"crs": scene.crs, "transform": scene.coarse_transform}),
        # The image comes last: its record says that the scene is complete.
        "opt": (
            scene.image,
            grid | {"descriptions": bands, "overviews": "average", "tags": {_RECORD: json.dumps(record)}},
        ),
    }
    for folder in FOLDERS:
        array, options = files[folder]
        write_cog(root / folder / f"{name}.tif", array, **options)
    return record


def _finished(root: Path, name: str) -> dict[str, Any] | None:
    """Return the record of a scene all of whose files are there."""
    if not all((root / folder / f"{name}.tif").is_file() for folder in FOLDERS):
        return None
    path = root / "opt" / f"{name}.tif"
    try:
        with rasterio.open(path) as file:
            record: dict[str, Any] | None = json.loads(file.tags().get(_RECORD, "null"))
    except RasterioIOError as error:
        raise DataError(f"cannot be read ({error})", path=path, remedy="Delete it, then run again") from error
    if record is not None and "raised" not in record:  # a world from before these were kept
        with rasterio.open(root / "gt_nDSM" / f"{name}.tif") as file:
            record |= height_facts(file.read(1))
    return record


def _claim(root: Path, settings: Settings) -> None:
    """Make the folders, and refuse a folder whose world has other settings."""
    path = root / "metadata.json"
    try:
        for folder in FOLDERS:
            (root / folder).mkdir(parents=True, exist_ok=True)
        found = json.loads(path.read_text(encoding="utf-8"))["settings"] if path.exists() else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"is no folder for a world ({error})", path=root, remedy="Choose another folder") from error
    if found is None:
        _write_text(path, json.dumps({"settings": asdict(settings), "scenes": []}, indent=1) + "\n")
        return
    # Worlds made before a setting was there have its default.
    found = {field.name: field.default for field in fields(Settings) if field.default is not MISSING} | found
    if found != asdict(settings):
        other = [f"{key} {found.get(key)!r}" for key, value in asdict(settings).items() if found.get(key) != value]
        raise DataError(
            f"holds a world of other settings ({', '.join(other) or 'unknown ones'})",
            path=root,
            remedy="Repeat those settings to extend it, or choose another folder",
        )


def _write_text(path: Path, text: str) -> None:
    with atomic_output(path) as temporary:
        Path(temporary).write_text(text, encoding="utf-8")
