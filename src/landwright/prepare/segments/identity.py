"""What an image is known by: the content of all files that its pixels come from."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import rasterio

from landwright.prepare.segments.record import content_hash
from landwright.rasters.gdal import reading, without_georeference_warning

# Overviews and statistics, which other programs leave beside an image that they show.
_NO_PIXELS: Final = (".ovr", ".aux.xml")


def image_hash(path: Path) -> str:
    """Return the SHA-256 of an image.

    It is that of its file where pixels come from this file alone. A virtual raster (VRT), whose file only names others,
    and an image with a mask or a header beside it are known by what is read from them, wherever that lies.

    Raises:
        DataError: If the image cannot be read.
    """
    own = content_hash(path)
    with reading(str(path), "cannot be read"), without_georeference_warning(), rasterio.open(path) as file:
        if file.driver == "VRT" or sum(not name.endswith(_NO_PIXELS) for name in file.files) > 1:
            return _hash_of_pixels(file)
        # What stands for no data may be said beside the file.
        nodata = file.nodatavals
    return own if set(nodata) == {None} else hashlib.sha256(f"{own} {nodata}".encode()).hexdigest()


def _hash_of_pixels(file: Any) -> str:
    about = (file.shape, file.dtypes, file.descriptions, file.colorinterp, file.nodatavals)
    digest = hashlib.sha256(repr(about).encode())
    for band in file.indexes:
        for _, window in file.block_windows(band):
            digest.update(file.read(band, window=window).tobytes())
            digest.update(file.read_masks(band, window=window).tobytes())
    return digest.hexdigest()
