from __future__ import annotations

import warnings

import pytest
import rasterio
from rasterio.env import getenv, hasenv
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

from landwright.errors import DataError
from landwright.rasters.gdal import is_remote, reading, settings, without_georeference_warning


def test_settings_end_with_the_block() -> None:
    assert not hasenv()
    with settings("a.tif"):
        assert getenv()["GDAL_CACHEMAX"] == 64 * 2**20
        assert "GDAL_DISABLE_READDIR_ON_OPEN" not in getenv()
    assert not hasenv()


def test_settings_of_the_caller_are_kept() -> None:
    with rasterio.Env(GDAL_HTTP_TIMEOUT="5"), settings("https://example.org/a.tif"):
        assert getenv()["GDAL_HTTP_TIMEOUT"] == "5"
        assert getenv()["GDAL_DISABLE_READDIR_ON_OPEN"] == "EMPTY_DIR"


@pytest.mark.parametrize(
    ("path", "remote"), [("s3://b/a.tif", True), ("/vsizip/a.zip/a.tif", True), ("a:b.tif", False)]
)
def test_is_remote(path: str, remote: bool) -> None:
    assert is_remote(path) is remote


def test_failures_name_the_file() -> None:
    with pytest.raises(DataError, match=r"a\.tif: broke: inner") as caught, reading("a.tif", "broke"):
        raise RasterioIOError("outer") from RuntimeError("inner")
    assert caught.value.remedy is not None


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), reading("a.tif", "broke"):
        raise KeyError


def test_only_one_warning_is_silenced() -> None:
    with warnings.catch_warnings(record=True) as seen, without_georeference_warning():
        warnings.warn("place", NotGeoreferencedWarning, stacklevel=1)
        warnings.warn("other", UserWarning, stacklevel=1)
    assert [str(item.message) for item in seen] in ([], ["other"])
