"""Turn a virtual raster into one COG, in a process of its own that can be stopped at any time.

GDAL reports nothing of its progress to Python here, and Python cannot interrupt it: a large map would go on for hours
after Ctrl-C. A process can be ended.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import rasterio.shutil
from rasterio._err import CPLE_BaseError
from rasterio.env import Env
from rasterio.errors import RasterioError

from landwright.rasters.gdal import settings, without_georeference_warning

_LOOK_SECONDS = 0.2


def convert_apart(
    source: Path,
    target: Path,
    options: Mapping[str, str | int],
    watch: Callable[[int], None] | None = None,
    *,
    cache: int = 64 * 2**20,
) -> None:
    """Write a COG by GDAL's own driver in a process of its own.

    Args:
        source: What is read.
        target: The file to write; GDAL writes overviews to files of similar names first.
        options: Creation options.
        watch: Called several times a second with the bytes that lie there so far, overviews included.
        cache: Bytes of decoded blocks that GDAL keeps.

    Raises:
        RasterioError: GDAL failed, or the process was ended by somebody else.
    """
    command = [sys.executable, "-m", __name__, str(source), str(target), json.dumps(dict(options)), str(cache)]
    # The process ends with the block, however that ends.
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            errors = None
            while errors is None:
                try:
                    errors = process.communicate(timeout=_LOOK_SECONDS)[1]
                except subprocess.TimeoutExpired:
                    if watch is not None:
                        watch(_written(target))
        finally:
            process.kill()
    if process.returncode < 0:
        raise RasterioError(f"the process that writes it was ended by signal {-process.returncode}; out of memory?")
    if process.returncode:
        raise RasterioError(errors.strip().splitlines()[-1] if errors.strip() else "GDAL does not say why")


def convert(source: str, target: str, options: Mapping[str, str | int], cache: int) -> None:
    """Write a COG by GDAL's own driver, as `convert_apart` does.

    Raises:
        RasterioError: GDAL failed.
    """
    with settings(target), Env(GDAL_CACHEMAX=cache), without_georeference_warning():
        rasterio.shutil.copy(source, target, driver="COG", **options)


def _written(target: Path) -> int:
    total = 0
    for file in target.parent.glob(f"{target.stem}*"):
        try:
            total += file.stat().st_size
        except FileNotFoundError:  # removed since the folder was listed
            continue
    return total


def main(arguments: list[str]) -> int:
    """Run as a process: source, target, options as JSON, cache; its last line says why it failed."""
    source, target, options, cache = arguments
    try:
        convert(source, target, json.loads(options), int(cache))
    except (RasterioError, CPLE_BaseError, OSError) as error:
        sys.stderr.write(f"{' '.join(str(error.__cause__ or error).split())}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
