"""Write GDAL VRTs: many files of one grid as one raster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, Final, NamedTuple
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from affine import Affine
from rasterio.crs import CRS

DTYPES: Final = {
    "uint8": "Byte",
    "int8": "Int8",
    "uint16": "UInt16",
    "int16": "Int16",
    "uint32": "UInt32",
    "int32": "Int32",
    "float32": "Float32",
    "float64": "Float64",
}
"""What GDAL calls the types of pixels."""

_SIDE: Final = "512"


class Place(NamedTuple):
    """A file and the pixels that it covers.

    Attributes:
        path: The file.
        row: Its first row.
        col: Its first column.
        height: Its rows.
        width: Its columns.
    """

    path: str
    row: int
    col: int
    height: int
    width: int


@dataclass(frozen=True)
class Layer:
    """A raster as a whole.

    Attributes:
        height: Rows.
        width: Columns.
        crs: Coordinate reference system, or None.
        transform: Pixel to CRS, or None.
        dtype: Type of the pixels, a key of `DTYPES`.
        descriptions: What the bands hold, one text each.
        nodata: Value where no file is, and of nodata in the files.
        colormap: Colours (r, g, b, alpha) by value, of the only band.
        unit: Unit of the values.
        scale: Factor from stored to physical values.
        tags: Metadata.
    """

    height: int
    width: int
    crs: CRS | None
    transform: Affine | None
    dtype: str
    descriptions: Sequence[str]
    nodata: float | None = None
    colormap: Mapping[int, tuple[int, int, int, int]] | None = None
    unit: str | None = None
    scale: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def write_vrt(file: BinaryIO, layer: Layer, places: Sequence[Place], *, relative: bool) -> None:
    """Write the VRT of a raster that lies in many files; where none is, it is nodata.

    Each element is written at once, so that memory does not grow with the number of files. Their size and type are
    given, so that GDAL opens none before it is needed.

    Args:
        file: Where to write.
        layer: The raster.
        places: The files, of the layer's bands and type.
        relative: Paths are relative to the folder of the VRT.
    """
    writer = _Writer(file)
    with writer.inside("VRTDataset", rasterXSize=str(layer.width), rasterYSize=str(layer.height)):
        if layer.crs is not None:
            writer.leaf("SRS", layer.crs.to_wkt())
        if layer.transform is not None:
            writer.leaf("GeoTransform", ", ".join(f"{value!r}" for value in layer.transform.to_gdal()))
        with writer.inside("Metadata"):
            for key, value in layer.tags.items():
                writer.leaf("MDI", value, key=key)
        for band, description in enumerate(layer.descriptions, start=1):
            with writer.inside("VRTRasterBand", dataType=DTYPES[layer.dtype], band=str(band)):
                _describe(writer, layer, band, description)
                for place in places:
                    _refer(writer, layer, band, place, "1" if relative else "0")
    writer.end()


def _describe(writer: _Writer, layer: Layer, band: int, description: str) -> None:
    writer.leaf("Description", description)
    if layer.nodata is not None:
        writer.leaf("NoDataValue", repr(layer.nodata))
    if layer.unit is not None:
        writer.leaf("UnitType", layer.unit)
    if layer.scale is not None:
        writer.leaf("Offset", "0")
        writer.leaf("Scale", repr(layer.scale))
    if layer.colormap is None:
        # As GDAL sees bands that are no colours.
        writer.leaf("ColorInterp", "Gray" if band == 1 else "Undefined")
        return
    writer.leaf("ColorInterp", "Palette")
    with writer.inside("ColorTable"):
        for value in range(max(layer.colormap) + 1):
            colour = layer.colormap.get(value, (0, 0, 0, 255))
            writer.leaf("Entry", "", **{f"c{part}": str(amount) for part, amount in enumerate(colour, start=1)})


def _refer(writer: _Writer, layer: Layer, band: int, place: Place, relative: str) -> None:
    size = {"xSize": str(place.width), "ySize": str(place.height)}
    shape = {"RasterXSize": str(place.width), "RasterYSize": str(place.height), "DataType": DTYPES[layer.dtype]}
    with writer.inside("SimpleSource"):
        writer.leaf("SourceFilename", place.path, relativeToVRT=relative)
        writer.leaf("SourceBand", str(band))
        writer.leaf("SourceProperties", "", **shape, BlockXSize=_SIDE, BlockYSize=_SIDE)
        writer.leaf("SrcRect", "", xOff="0", yOff="0", **size)
        writer.leaf("DstRect", "", xOff=str(place.col), yOff=str(place.row), **size)


class _Writer:
    def __init__(self, file: BinaryIO) -> None:
        self._xml = XMLGenerator(file, "utf-8", short_empty_elements=True)
        self._xml.startDocument()

    @contextmanager
    def inside(self, name: str, **attributes: str) -> Iterator[None]:
        self._xml.startElement(name, AttributesImpl(attributes))
        yield
        self._xml.endElement(name)

    def leaf(self, name: str, text: str, **attributes: str) -> None:
        self._xml.startElement(name, AttributesImpl(attributes))
        if text:
            self._xml.characters(text)
        self._xml.endElement(name)

    def end(self) -> None:
        self._xml.endDocument()
