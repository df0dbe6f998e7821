"""Read 8-bit image files for what they hold, so that no band, palette or bit depth is guessed away."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Final

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from landwright.errors import DataError
from landwright.rasters.gdal import reading, without_georeference_warning
from landwright.rasters.palette import expand

# ITU-R BT.601, as common readers turn colours into grey.
_LUMA: Final = (0.299, 0.587, 0.114)
_RGB: Final = 3


@dataclass(frozen=True)
class Picture:
    """All pixels of an 8-bit file as they are stored.

    Attributes:
        path: The file.
        bands: (C, H, W) uint8, the alpha band too.
        palette: (256, 3) colours by value, or None where the file has no palette.
        alpha: Whether the last band is one of transparency.
        driver: GDAL's name of the format, whatever the suffix says: iSAID's crops are BMP files named .png.
        bits: Bits of a value: 1, 2, 4 or 8.
    """

    path: Path
    bands: NDArray[np.uint8]
    palette: NDArray[np.uint8] | None
    alpha: bool
    driver: str
    bits: int

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.bands.shape[1], self.bands.shape[2]

    @property
    def is_grey(self) -> bool:
        """Whether the colours say nothing: one band of grey, or three bands that are equal and not constant."""
        if self.palette is not None:
            return False
        first = self.bands[0]
        if len(self.bands) - self.alpha == 1:
            return True
        equal = all(np.array_equal(first, band) for band in self.bands[1 : len(self.bands) - self.alpha])
        return equal and bool((first != first.flat[0]).any())

    def fault_of_image(self) -> str | None:
        """What keeps the file from being an image of three bands, if anything does."""
        if self.palette is not None:
            return "has a palette"
        if self.alpha:
            return f"has a band of transparency ({len(self.bands)} bands)"
        if len(self.bands) == 1:
            return "is grey: it has one band"
        return None if len(self.bands) == _RGB else f"has {len(self.bands)} bands"

    def rgb(self, *, grey: bool = False) -> NDArray[np.uint8]:
        """The pixels of an image as (H, W, 3) uint8.

        Args:
            grey: Files of one band are right too: their band is given three times.

        Raises:
            DataError: If the file is no image of three bands.
        """
        fault = self.fault_of_image()
        one_band = len(self.bands) == 1
        if fault and not (grey and one_band):
            way = "gdal_translate -expand rgb" if self.palette is not None else "gdal_translate -b 1 -b 2 -b 3"
            choice = "" if one_band and self.palette is None else f", or write one with `{way} IN OUT`"
            raise DataError(
                fault,
                path=self.path,
                remedy=f"Expected are 3 bands of 8 bits: use the published colour file{choice}",
            )
        colours = self.colours() if fault else self.bands
        return np.ascontiguousarray(np.moveaxis(colours, 0, -1))

    def codes(self) -> NDArray[np.uint8]:
        """The values of a label of one band as (H, W) uint8; of a palette the numbers, never the colours.

        Raises:
            DataError: If there are several bands.
        """
        if len(self.bands) != 1:
            raise DataError(
                f"is a label with {len(self.bands)} bands: expected is one, of class values",
                path=self.path,
                remedy="Make the labels with `landwright data prepare`",
            )
        values: NDArray[np.uint8] = self.bands[0]
        return values

    def colours(self) -> NDArray[np.uint8]:
        """The pixels as (3, H, W) colours; a palette's colours, and grey three times.

        Raises:
            DataError: If there are neither one band nor three.
        """
        count = len(self.bands) - self.alpha
        if count not in (1, _RGB):
            raise DataError(f"has {count} bands, which are no colours", path=self.path, remedy="Use the published file")
        if count == _RGB:
            return self.bands[:_RGB]
        if self.palette is not None:
            return expand(self.bands[0], self.palette)
        return np.repeat(self._full_scale()[None], _RGB, axis=0)

    def grey(self) -> NDArray[np.uint8]:
        """Grey levels 0..255 as (H, W): a mask of 1 bit holds 0 and 255, and colours count by their brightness."""
        if len(self.bands) - self.alpha == 1 and self.palette is None:
            return self._full_scale()
        weights = np.array(_LUMA, np.float32)
        levels: NDArray[np.uint8] = np.rint(np.tensordot(weights, self.colours(), 1)).astype(np.uint8)
        return levels

    def _full_scale(self) -> NDArray[np.uint8]:
        """The first band; GDAL gives values of fewer than 8 bits as they are, viewers stretch them."""
        levels: NDArray[np.uint8] = self.bands[0] * np.uint8(255 // (2**self.bits - 1))
        return levels


def read_picture(path: str | PathLike[str]) -> Picture:
    """Read a file of 8-bit values.

    Args:
        path: Any format that GDAL reads; the content decides, not the suffix.

    Raises:
        DataError: If the file is missing, damaged, or holds values of another type.
    """
    file = Path(path)
    if not file.is_file():
        raise DataError("there is no such file", path=file, remedy="Check the path")
    with reading(str(file), "is not a readable image"), without_georeference_warning(), rasterio.open(file) as source:
        if set(source.dtypes) != {"uint8"}:
            raise DataError(
                f"holds values of {source.dtypes[0]}, not of 8 bits",
                path=file,
                remedy="Use the published file; scaling it anew would change what is measured",
            )
        interpretation = source.colorinterp
        palette = None
        if interpretation[0] == ColorInterp.palette:
            palette = np.zeros((256, _RGB), np.uint8)
            for value, colour in source.colormap(1).items():
                palette[value] = colour[:_RGB]
        bits = int(source.tags(1, ns="IMAGE_STRUCTURE").get("NBITS", 8))
        alpha = interpretation[-1] == ColorInterp.alpha and source.count > 1
        return Picture(file, source.read(), palette, alpha, source.driver, bits)
