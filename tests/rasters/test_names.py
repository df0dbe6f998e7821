from __future__ import annotations

from pathlib import Path

import pytest

from landwright.rasters.names import is_gdal_name, is_network, shown, stem_of


@pytest.mark.parametrize(
    ("source", "stem"),
    [
        ("dir/a.b.tif", "a.b"),
        ("https://x.org/t/a.tif?sig=s%2Fx/y.z", "a"),
        ("https://x.org/a%20b.tif#top", "a b"),
        ("s3://bucket/dir/a.tif", "a"),
        ("/vsis3/bucket/dir/a.tif", "a"),
        ("/vsicurl/https://x.org/a.tif?token=1", "a"),
        ("/vsicurl?max_retry=3&url=https%3A%2F%2Fx.org%2Fa.tif%3Fs%3D1", "a"),
        ("/vsizip/dir/b.zip/a.tif", "a"),
        ("/vsizip//vsicurl/https://x.org/b.zip/a.tif", "a"),
        ("NETCDF:dir/year.nc:cover", "year_cover"),
        ('HDF5:"dir/year.h5"://cover', "year_cover"),
        ("https://x.org/", "raster"),
    ],
)
def test_stem(source: str, stem: str) -> None:
    assert stem_of(source) == stem


def test_stem_of_a_file_with_a_colon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("A1:b.tif").touch()
    assert stem_of("A1:b.tif") == "A1:b"


@pytest.mark.parametrize(
    ("source", "network"),
    [
        ("a.tif", False),
        ("/vsimem/a.tif", False),
        ("/vsis3/b/a.tif", True),
        ("/vsizip//vsicurl/https://x.org/b.zip/a.tif", True),
        ("az://b/a.tif", True),
        ("file:///a.tif", False),
    ],
)
def test_network(source: str, network: bool) -> None:
    assert is_network(source) is network


@pytest.mark.parametrize(("source", "gdal"), [("NETCDF:a.nc:v", True), ("a:b.tif", False), ("S3://b/a.tif", False)])
def test_gdal_names(source: str, gdal: bool) -> None:
    assert is_gdal_name(source) is gdal


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("a?b.tif", "a?b.tif"),
        ("https://me:pass@x.org/a.tif?sig=1", "https://x.org/a.tif"),
        ("/vsicurl?url=https%3A%2F%2Fx.org%2Fa.tif%3Fs%3D1", "https://x.org/a.tif"),
        ("s3://b/a.tif", "s3://b/a.tif"),
    ],
)
def test_secrets_are_not_shown(source: str, name: str) -> None:
    assert shown(source) == name
