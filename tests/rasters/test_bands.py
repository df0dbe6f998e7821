from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from landwright.errors import DataError
from landwright.rasters import open_raster
from landwright.rasters.bands import choose_bands


@pytest.fixture
def four() -> np.ndarray:
    return np.random.default_rng(0).integers(1, 255, (4, 40, 50), dtype=np.uint8)


def test_by_number_and_description(make_raster, four) -> None:
    path = make_raster("a.tif", four, descriptions=["Red", "Green", "Blue", "NIR"])
    with open_raster(path, bands=["nir", 1]) as raster:
        assert raster.bands == (4, 1)
        np.testing.assert_array_equal(raster.read(), four[[3, 0]])
    with open_raster(path, bands=["2"]) as raster:
        assert raster.bands == (2,)
    with open_raster(path) as raster:
        assert raster.bands == (1, 2, 3, 4)
        assert raster.info.descriptions == ("Red", "Green", "Blue", "NIR")


@pytest.mark.parametrize("wanted", [[0], [5], ["swir"], ["9"], [1, -1]])
def test_no_such_band(make_raster, four, wanted) -> None:
    path = make_raster("a.tif", four, descriptions=["Red", "Green", "Blue", "NIR"])
    with pytest.raises(DataError, match=r"has no band .*Choose among 1 \(Red\), 2 \(Green\)"):
        open_raster(path, bands=wanted)


def test_ambiguous_or_empty_choice(make_raster, four) -> None:
    path = make_raster("a.tif", four, descriptions=["b", "b", "", ""])
    with pytest.raises(DataError, match=r"bands \[1, 2\] are all described"):
        open_raster(path, bands=["B"])
    with pytest.raises(DataError, match="no bands were chosen"):
        open_raster(path, bands=[])


def test_alpha_is_a_mask(make_raster, four) -> None:
    four[3] = 255
    four[3, :7] = 0
    with open_raster(make_raster("a.tif", four, alpha=True)) as raster:
        pixels, valid = raster.read_with_valid()
        assert raster.bands == (1, 2, 3)
        assert "band 4 is alpha: used as the mask of valid pixels" in raster.info.notes
    np.testing.assert_array_equal(pixels, four[:3])
    assert not valid[:7].any()
    assert valid[7:].all()


def test_alpha_that_is_asked_for_is_data(make_raster, four) -> None:
    four[3] = np.where(four[3] > 100, 255, 0)
    with open_raster(make_raster("a.tif", four, alpha=True), bands=[1, 2, 3, 4]) as raster:
        assert raster.read_valid().all()
        np.testing.assert_array_equal(raster.read(), four)


def test_infrared_marked_as_alpha_is_data(make_raster, four) -> None:
    with open_raster(make_raster("a.tif", four, alpha=True)) as raster:
        assert raster.bands == (1, 2, 3, 4)
        assert any("marked as alpha but holds measurements" in note for note in raster.info.notes)
        assert raster.read_valid().all()


def test_grey_and_alpha_png(make_raster, tmp_path: Path) -> None:
    values = np.stack([np.full((9, 8), 3), np.pad(np.full((9, 4), 255), ((0, 0), (4, 0)))]).astype(np.uint8)
    with open_raster(make_raster("a.png", values)) as raster:
        assert raster.bands == (1,)
        assert raster.read_valid().sum() == 36


def test_complex_numbers(make_raster) -> None:
    with pytest.raises(DataError, match="complex numbers"):
        open_raster(make_raster("a.tif", np.zeros((1, 4, 4), np.complex64)))


def test_container_without_bands() -> None:
    container = SimpleNamespace(count=0, subdatasets=["NETCDF:a.nc:height"])
    with pytest.raises(DataError, match=r"no bands of its own.*NETCDF:a\.nc:height"):
        choose_bands(container, None, "a.nc")


def test_mixed_types_in_a_vrt(make_raster, tmp_path: Path) -> None:
    small = make_raster("small.tif", np.full((1, 4, 4), 7, np.uint8))
    large = make_raster("large.tif", np.full((1, 4, 4), -700, np.int16))
    bands = "".join(
        f'<VRTRasterBand dataType="{kind}" band="{band}"><SimpleSource><SourceFilename>{file}</SourceFilename>'
        "<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>"
        for band, (kind, file) in enumerate([("Byte", small), ("Int16", large)], start=1)
    )
    path = tmp_path / "mixed.vrt"
    path.write_text(f'<VRTDataset rasterXSize="4" rasterYSize="4">{bands}</VRTDataset>')
    with open_raster(path) as raster:
        assert raster.info.dtype == "int16"
        assert raster.read()[:, 0, 0].tolist() == [7, -700]
