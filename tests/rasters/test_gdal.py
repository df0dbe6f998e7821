from __future__ import annotations

import warnings

import pytest
import rasterio
from rasterio.env import get_gdal_config, getenv, hasenv
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

from landwright.errors import DataError
from landwright.rasters.cache import cache_bytes
from landwright.rasters.gdal import is_remote, reading, settings, without_georeference_warning


def test_settings_end_with_the_block() -> None:
    assert not hasenv()
    with settings("a.tif"):
        assert getenv()["GDAL_CACHEMAX"] == cache_bytes()
        assert "GDAL_DISABLE_READDIR_ON_OPEN" not in getenv()
    assert not hasenv()


def test_settings_of_the_caller_are_kept() -> None:
    with rasterio.Env(GDAL_HTTP_TIMEOUT="5"), settings("https://example.org/a.tif"):
        assert getenv()["GDAL_HTTP_TIMEOUT"] == "5"
        assert getenv()["GDAL_DISABLE_READDIR_ON_OPEN"] == "EMPTY_DIR"


def test_settings_of_the_environment_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDAL_HTTP_CONNECTTIMEOUT", "77")
    with settings("https://example.org/a.tif"):
        assert "GDAL_HTTP_CONNECTTIMEOUT" not in getenv()
        assert get_gdal_config("GDAL_HTTP_CONNECTTIMEOUT") == 77
        assert getenv()["GDAL_HTTP_MAX_RETRY"] == 2
    with settings("/vsizip/a.zip/a.tif"):
        assert "GDAL_HTTP_MAX_RETRY" not in getenv()


def test_sources_of_a_virtual_raster_may_not_stall() -> None:
    with settings("a.VRT"):
        assert getenv()["GDAL_HTTP_LOW_SPEED_TIME"] == 20


def test_no_setting_is_a_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    with settings("s3://bucket/a.tif"):
        assert not [name for name in getenv() if name.startswith(("AWS", "AZURE", "GS", "OSS", "GOOGLE"))]


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


@pytest.mark.parametrize(
    ("answer", "says"), [("HTTP response code: 418", "418"), ("response_code=599", "599 .unknown.")]
)
def test_status_of_a_server(answer: str, says: str) -> None:
    with pytest.raises(DataError, match=says), reading("https://example.org/a.tif", "broke"):
        raise RasterioIOError(answer)
