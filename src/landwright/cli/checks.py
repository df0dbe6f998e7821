"""The checks of ``landwright doctor``; each says what it found and, where something is wrong, the remedy."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import Literal, NamedTuple

from packaging.requirements import Requirement

from landwright import __version__

DISTRIBUTION = "landwright"
DRIVERS = {
    "GTiff": "reading and writing GeoTIFF",
    "COG": "writing maps",
    "PNG": "pictures and masks",
    "JPEG": "imagery",
    "GPKG": "labels as GeoPackage",
    "GeoJSON": "labels as GeoJSON",
}
FOR_DEVELOPERS = {"all", "dev", "docs"}
SIDE = 1024
GIB = 2**30
LITTLE_DISK = 2 * GIB


class Check(NamedTuple):
    """One line of the report."""

    part: str
    state: Literal["ok", "note", "failed"]
    found: str
    remedy: str = ""


def run_checks() -> list[Check]:
    """Run every check; one that breaks is reported as failed, the others still run."""
    checks: list[Check] = []
    for part, run in CHECKS.items():
        try:
            checks += run()
        except Exception as error:  # an installation can be broken in any way
            checks.append(
                Check(
                    part, "failed", f"{type(error).__name__}: {error}", "Install landwright anew in a fresh environment"
                )
            )
    return checks


def packages() -> list[Check]:
    """Versions of python, landwright and all that it requires."""
    checks = [
        Check("python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        Check(DISTRIBUTION, "ok", __version__),
    ]
    for need in _requirements(""):
        found = _version(need.name)
        if found is None:
            checks.append(Check(need.name, "failed", "not installed", f"pip install '{need}'"))
        elif not need.specifier.contains(found, prereleases=True):
            checks.append(Check(need.name, "failed", f"{found}, needed is {need.specifier}", f"pip install '{need}'"))
        else:
            checks.append(Check(need.name, "ok", found))
    return checks


def extras() -> list[Check]:
    """Which optional parts are installed."""
    names = metadata(DISTRIBUTION).get_all("Provides-Extra") or []
    checks = []
    for extra in sorted(set(names) - FOR_DEVELOPERS):
        needs = [need.name for need in _requirements(extra)]
        absent = [name for name in needs if _version(name) is None]
        if absent:
            remedy = f"If you want it: pip install 'landwright[{extra}]'"
            checks.append(Check(f"extra {extra}", "note", f"not installed: {', '.join(absent)}", remedy))
        else:
            checks.append(Check(f"extra {extra}", "ok", ", ".join(f"{name} {_version(name)}" for name in needs)))
    return checks


def devices() -> list[Check]:
    """CPU threads and GPUs."""
    import torch

    checks = [Check("CPU", "ok", f"{os.cpu_count()} cores, {torch.get_num_threads()} threads for torch")]
    if not torch.cuda.is_available():
        reason = "torch was built without CUDA" if torch.version.cuda is None else "no usable GPU or driver"
        return [*checks, Check("GPU", "note", f"none ({reason}); everything runs on the CPU")]
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        found = f"cuda:{index} {torch.cuda.get_device_name(index)}, {free / GIB:.1f} of {total / GIB:.1f} GiB free"
        checks.append(Check("GPU", "ok", found))
    return checks


def gdal() -> list[Check]:
    """GDAL's version and the drivers that are needed."""
    import rasterio

    with rasterio.Env() as env:
        drivers = env.drivers()
    absent = [f"{name} ({use})" for name, use in DRIVERS.items() if name not in drivers]
    found = rasterio.__gdal_version__
    if absent:
        remedy = "Install rasterio from its wheels, which have these drivers: pip install --force-reinstall rasterio"
        return [Check("GDAL", "failed", f"{found} without {', '.join(absent)}", remedy)]
    return [Check("GDAL", "ok", f"{found} with {', '.join(DRIVERS)}")]


def writing() -> list[Check]:
    """Write a small map in a temporary folder and read it back."""
    import numpy as np
    import rasterio
    from rasterio.transform import from_origin

    from landwright.rasters import write_cog

    rows, columns = np.ogrid[:SIDE, :SIDE]
    codes = ((rows + columns) % 200).astype(np.uint8)
    with tempfile.TemporaryDirectory(prefix="landwright-doctor-") as folder:
        path = Path(folder) / "map.tif"
        write_cog(path, codes, crs="EPSG:3857", transform=from_origin(0, 0, 1, 1), nodata=255)
        with rasterio.open(path) as dataset:
            faults = [
                *([] if np.array_equal(dataset.read(1), codes) else ["what was read is not what was written"]),
                *([] if dataset.crs and dataset.crs.to_epsg() == 3857 else ["the coordinate reference system is lost"]),
                *([] if dataset.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") == "COG" else ["it is not a COG"]),
                *([] if dataset.overviews(1) else ["it has no overviews"]),
            ]
    if faults:
        remedy = "Install rasterio from its wheels, and unset PROJ_LIB and GDAL_DATA of other installations"
        return [Check("writing a COG", "failed", "; ".join(faults), remedy)]
    return [Check("writing a COG", "ok", "written, read back and valid")]


def disk() -> list[Check]:
    """Free space for temporary files and in the working folder."""
    checks = []
    for part, folder in (("disk, working folder", Path.cwd()), ("disk, temporary files", Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(folder).free
        little = free < LITTLE_DISK
        remedy = "Free some space, or set TMPDIR to a larger disk" if little else ""
        checks.append(Check(part, "note" if little else "ok", f"{free / GIB:.1f} GiB free in {folder}", remedy))
    return checks


def cache() -> list[Check]:
    """Where models of the hub are kept. The hub itself is not asked."""
    from huggingface_hub import constants

    state = "offline mode" if constants.HF_HUB_OFFLINE else "reached only when a model is asked for"
    return [Check("hub cache", "ok", f"{constants.HF_HUB_CACHE} ({state})")]


CHECKS: dict[str, Callable[[], list[Check]]] = {
    "packages": packages,
    "extras": extras,
    "devices": devices,
    "GDAL": gdal,
    "writing a COG": writing,
    "disk": disk,
    "hub cache": cache,
}


def _requirements(extra: str) -> list[Requirement]:
    """Return what landwright requires itself, or with one of its extras."""
    needs = [Requirement(line) for line in requires(DISTRIBUTION) or []]
    with_extra = [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]
    if not extra:
        return with_extra
    return [need for need in with_extra if need.marker is not None and not need.marker.evaluate({"extra": ""})]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
