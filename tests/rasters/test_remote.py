from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from landwright.errors import DataError
from landwright.rasters import Window, open_raster, remote

CORNER = Window(192, 192, 64, 64)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "WAITS", (0.01, 0.02, 0.03))
    # GDAL's own second try would hide what is wrong once.
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "0")
    monkeypatch.setenv("GDAL_HTTP_LOW_SPEED_TIME", "1")


@pytest.fixture
def image(make_raster: Callable[..., Path], host: Any) -> Path:
    pixels = np.random.default_rng(7).integers(0, 255, (3, 256, 256), dtype=np.uint8)
    path = make_raster("a.tif", pixels, tiled=True, blockxsize=64, blockysize=64)
    host.files["/a.tif"] = path.read_bytes()
    return path


def test_pixels_are_those_of_the_file(image: Path, host: Any) -> None:
    with open_raster(image) as here, open_raster(host.url("/a.tif")) as there:
        assert np.array_equal(here.read(), there.read())


@pytest.mark.parametrize("bad", [500, 503, 429, "reset", "stall", "half"])
def test_open_works_the_third_time(image: Path, host: Any, bad: int | str) -> None:
    host.bad, host.times = bad, 2
    with open_raster(host.url("/a.tif")) as there, open_raster(image) as here:
        assert np.array_equal(here.read(CORNER), there.read(CORNER))


@pytest.mark.parametrize("bad", [500, "reset", "stall", "half"])
def test_read_works_the_third_time(image: Path, host: Any, bad: int | str) -> None:
    with open_raster(host.url("/a.tif")) as there, open_raster(image) as here:
        host.bad, host.times = bad, 2
        assert np.array_equal(here.read(CORNER), there.read(CORNER))
        assert host.times <= 0


@pytest.mark.parametrize(("bad", "says"), [(403, r"403 \(Forbidden\)"), (404, r"404 \(Not Found\)"), (401, "401")])
def test_refusal_is_final(image: Path, host: Any, bad: int, says: str) -> None:
    host.bad = bad
    with pytest.raises(DataError, match=f"a.tif: is not a readable raster: the server answers {says}") as caught:
        open_raster(host.url("/a.tif?sig=secret"))
    assert len(host.seen) == 1
    assert "secret" not in str(caught.value)


def test_refusal_while_reading_is_final_and_named(image: Path, host: Any) -> None:
    with open_raster(host.url("/a.tif")) as raster:
        host.bad = 403
        before = len(host.seen)
        with pytest.raises(DataError, match=r"cannot be read to its end: the server answers 403"):
            raster.read_with_valid(CORNER)
    # GDAL does not tell why a block failed: opening the file once more does.
    assert {method for method, _ in host.seen[before:]} == {"GET", "HEAD"}


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (500, "answers 500"),
        ("reset", "reset by peer"),
        ("half", "of which|got|expected"),
        pytest.param("stall", "slow", marks=pytest.mark.slow),
    ],
)
def test_what_never_works_is_named(image: Path, host: Any, bad: int | str, says: str) -> None:
    host.bad = bad
    with pytest.raises(DataError, match=rf"(?s)127.0.0.1:\d+/a.tif: .*({says}).* \(after 4 tries\)") as caught:
        open_raster(host.url("/a.tif")).read(CORNER)
    assert caught.value.remedy is not None


def test_waits_grow(image: Path, host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(remote, "WAITS", (1.0, 5.0, 20.0))
    monkeypatch.setattr(time, "sleep", waited.append)
    host.bad = 500
    with pytest.raises(DataError):
        open_raster(host.url("/a.tif"))
    assert np.allclose(waited, (1, 5, 20), rtol=0.26)
    assert waited == sorted(waited)


def test_file_that_is_half_gone_on_the_server(image: Path, host: Any) -> None:
    host.files["/a.tif"] = host.files["/a.tif"][:100_000]
    with (
        open_raster(host.url("/a.tif")) as raster,
        pytest.raises(DataError, match=r"a\.tif: cannot be read to its end"),
    ):
        raster.read(CORNER)


def test_wrong_bands_are_not_tried_again(image: Path, host: Any) -> None:
    before = time.monotonic()
    with pytest.raises(DataError, match="has no band 9"):
        open_raster(host.url("/a.tif"), bands=[9])
    assert time.monotonic() - before < 1


def test_local_files_are_not_tried_again(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("waited"))
    image.write_bytes(b"no raster")
    with pytest.raises(DataError, match="is not a readable raster"):
        open_raster(image)


def test_buckets(image: Path, host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_S3_ENDPOINT": f"127.0.0.1:{host.server_port}",
        "AWS_HTTPS": "NO",
        "AWS_VIRTUAL_HOSTING": "FALSE",
        "AWS_NO_SIGN_REQUEST": "YES",
    }.items():
        monkeypatch.setenv(name, value)
    host.files["/bucket/a.tif"] = host.files["/a.tif"]
    host.bad, host.times = "reset", 2
    with open_raster("s3://bucket/a.tif") as there, open_raster(image) as here:
        assert np.array_equal(here.read(CORNER), pickle.loads(pickle.dumps(there)).read(CORNER))
    with pytest.raises(DataError, match=r"s3://bucket/b\.tif"):
        open_raster("s3://bucket/b.tif")
    assert not rasterio.env.hasenv()


@pytest.mark.parametrize("name", ['HDF5:"https://127.0.0.1:9/a.h5"://v', "NETCDF:/vsicurl/https://127.0.0.1:9/a.nc:v"])
def test_gdal_names_on_the_network(name: str) -> None:
    with pytest.raises(DataError, match="is not a readable raster"):
        open_raster(name)
