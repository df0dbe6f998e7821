from __future__ import annotations

import io
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from landwright.maps.vrt import DTYPES, Layer, Place, write_vrt

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def written(layer: Layer, places=(), relative: bool = True) -> bytes:
    file = io.BytesIO()
    write_vrt(file, layer, places, relative=relative)
    return file.getvalue()


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_is_known_to_gdal(tmp_path, dtype):
    (tmp_path / "map.vrt").write_bytes(written(Layer(5, 7, None, None, dtype, ["one"], nodata=1)))
    with rasterio.open(tmp_path / "map.vrt") as file:
        assert (file.dtypes, file.shape, file.crs, file.transform) == ((dtype,), (5, 7), None, Affine.identity())
        assert (file.read(1) == 1).all()


@pytest.mark.parametrize("nodata", [-9999.0, float("nan"), 0.1])
def test_all_that_is_said_of_a_raster_is_kept(tmp_path, nodata):
    place = Affine(0.1, 1e-7, 500_000.1, -1e-7, -0.3, 5_300_000.7)
    tags = {"A": '<b & "c">', "NAME": "Dürnstein", "LINES": "one\ntwo"}
    layer = Layer(
        5,
        7,
        CRS.from_epsg(4326),
        place,
        "float32",
        ["first & <best>", "second"],
        nodata,
        unit="m",
        scale=0.1,
        tags=tags,
    )
    (tmp_path / "map.vrt").write_bytes(written(layer))
    with rasterio.open(tmp_path / "map.vrt") as file:
        assert (file.crs, file.transform) == (CRS.from_epsg(4326), place)
        assert file.descriptions == ("first & <best>", "second")
        assert (file.units, file.scales, file.offsets) == (("m", "m"), (0.1, 0.1), (0, 0))
        assert file.tags() == tags
        np.testing.assert_equal(file.nodatavals, (nodata, nodata))


def test_colours_and_files_of_several_bands(tmp_path):
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    with rasterio.open(tmp_path / "a&b.tif", "w", driver="GTiff", width=4, height=3, count=2, dtype="uint8") as file:
        file.write(pixels)
    layer = Layer(6, 8, None, None, "uint8", ["one", "two"], nodata=9)
    for relative in (True, False):
        name = "a&b.tif" if relative else str(tmp_path / "a&b.tif")
        (tmp_path / "map.vrt").write_bytes(written(layer, [Place(name, 2, 3, 3, 4)], relative))
        with rasterio.open(tmp_path / "map.vrt") as file:
            found = file.read()
        assert (found[:, 2:5, 3:7] == pixels).all()
        found[:, 2:5, 3:7] = 9
        assert (found == 9).all()
    colours = {2: (1, 2, 3, 255), 255: (0, 0, 0, 0)}
    (tmp_path / "map.vrt").write_bytes(written(Layer(2, 2, None, None, "uint8", ["codes"], 255, colours)))
    with rasterio.open(tmp_path / "map.vrt") as file:
        assert {value: file.colormap(1)[value] for value in colours} == colours
        assert len(file.colormap(1)) == 256


def test_it_is_written_piece_by_piece():
    layer = Layer(1000, 1000, None, None, "uint8", ["one"])
    places = [Place(f"{number}.tif", number, 0, 1, 1) for number in range(1000)]
    root = ElementTree.fromstring(written(layer, places))
    assert [source.text for source in root.iter("SourceFilename")] == [place.path for place in places]
