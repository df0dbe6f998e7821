from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rio_cogeo.cogeo import cog_validate

from landwright.errors import DataError, UsageError
from landwright.prepare import NdsmOptions, made_already, ndsm
from landwright.prepare.above_ground import Tally

Make = Callable[..., Path]
Town = tuple[np.ndarray, np.ndarray]


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read(1)


def test_a_surface_model_alone(tmp_path: Path, town: Town, make_heights: Make) -> None:
    surface, above = town
    surface[0, 0] = np.nan
    dsm = make_heights("d.tif", surface)
    seen: list[tuple[int, int]] = []
    result = ndsm(dsm, tmp_path / "out" / "n.tif", progress=lambda *at: seen.append(at))
    heights = read(result.path)
    assert heights[0, 0] == -9999
    assert heights.ravel()[1:].min() == 0
    assert np.abs(heights - above).ravel()[1:].mean() < 0.1
    assert result.known == 1 - 1 / surface.size
    assert (result.width, result.height) == (180, 200)
    assert result.highest == heights.max()
    assert result.mean == pytest.approx(heights.ravel()[1:].mean(), rel=1e-4)
    assert result.raised == pytest.approx((heights > 1).sum() / (surface.size - 1))
    assert result.notes == ()
    assert seen[-1] == (surface.size, surface.size)
    assert cog_validate(result.path, quiet=True)[0]
    with rasterio.open(result.path) as file, rasterio.open(dsm) as source:
        assert (file.crs, file.transform, file.nodata, file.dtypes) == (
            source.crs,
            source.transform,
            -9999,
            ("float32",),
        )
        assert (file.units, file.descriptions) == (("m",), ("height above ground",))
        tags = file.tags()
    assert tags["UNITS"] == "metres above ground"
    assert tags["METHOD"].startswith("ground filter dsm2dtm")
    assert tags["TIFFTAG_SOFTWARE"].startswith("landwright")
    assert json.loads(tags["SETTINGS"])["dsm"] == tags["SOURCE"] == "d.tif"


def test_a_terrain_model(tmp_path: Path, make_heights: Make) -> None:
    dsm = make_heights("d.tif", [[5, 9, 3, 700], [5, np.nan, 6.4, 8]])
    dtm = make_heights("t.tif", [[5, 4, 4, 4], [np.nan, 5, 6, 6]])
    result = ndsm(dsm, tmp_path / "n.tif", options=NdsmOptions(dtm=dtm, min_height=0.5))
    assert read(result.path).tolist() == [[0, 5, 0, -9999], [-9999, -9999, 0, 2]]
    assert "1 pixels lie more than 450 m" in result.notes[0]
    assert result.method == "surface minus terrain model"
    assert (result.known, result.highest, result.mean) == (5 / 8, 5, 7 / 5)
    filled = ndsm(dsm, tmp_path / "f.tif", options=NdsmOptions(dtm=dtm, fill=3))
    assert read(filled.path)[1, 0] == 0


def test_feet_and_metres(tmp_path: Path, make_heights: Make) -> None:
    dsm = make_heights("d.tif", np.full((4, 4), 100.0), unit="ft")
    dtm = make_heights("t.tif", np.full((4, 4), 30.0))
    result = ndsm(dsm, tmp_path / "n.tif", options=NdsmOptions(dtm=dtm))
    np.testing.assert_allclose(read(result.path), 0.48, atol=1e-5)
    assert "multiplied by 0.3048" in result.notes[0]


def test_a_surface_model_in_feet(tmp_path: Path, town: Town, make_heights: Make) -> None:
    surface, above = town
    place = Affine(1 / 0.3048, 0, 6e5, 0, -1 / 0.3048, 9e5)
    dsm = make_heights("d.tif", surface / 0.3048, crs="EPSG:2994", transform=place)
    with pytest.raises(DataError, match=r"--unit feet"):
        ndsm(dsm, tmp_path / "n.tif")
    result = ndsm(dsm, tmp_path / "n.tif", options=NdsmOptions(unit="feet"))
    assert np.abs(read(result.path) - above).mean() < 0.1


def test_degrees_need_a_terrain_model(tmp_path: Path, make_heights: Make) -> None:
    grid = {"crs": "EPSG:4326", "transform": Affine(1e-5, 0, 13.4, 0, -1e-5, 52.5)}
    dsm, dtm = (make_heights(f"{height}.tif", np.full((9, 9), height), **grid) for height in (34, 32))
    with pytest.raises(DataError, match=r"degrees.*EPSG:32633.*--dtm"):
        ndsm(dsm, tmp_path / "n.tif")
    assert (read(ndsm(dsm, tmp_path / "n.tif", options=NdsmOptions(dtm=dtm)).path) == 2).all()


def test_a_crop_is_remarked_on(tmp_path: Path, town: Town, make_heights: Make) -> None:
    result = ndsm(make_heights("d.tif", town[0][:46, :46]), tmp_path / "n.tif")
    assert "only 46 m across" in result.notes[0]
    assert (
        ndsm(make_heights("d.tif", town[0][:46, :46]), tmp_path / "m.tif", options=NdsmOptions(radius=15)).notes == ()
    )


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 3), (13, 7)])
def test_tiny_rasters(tmp_path: Path, make_heights: Make, shape: tuple[int, int]) -> None:
    result = ndsm(make_heights("d.tif", np.full(shape, 50.0)), tmp_path / "n.tif")
    assert (read(result.path) == 0).all()


@pytest.mark.parametrize(("offset", "says"), [(-30, "100% of the pixels: do both"), (40, "0.0% of the pixels only")])
def test_another_datum_is_remarked_on(tmp_path: Path, make_heights: Make, offset: float, says: str) -> None:
    dsm, dtm = make_heights("d.tif", np.full((4, 4), 50 + offset)), make_heights("t.tif", np.full((4, 4), 50))
    assert says in ndsm(dsm, tmp_path / "n.tif", options=NdsmOptions(dtm=dtm)).notes[0]


def test_nothing_known(tmp_path: Path, make_heights: Make) -> None:
    empty = make_heights("e.tif", np.full((20, 20), np.nan))
    dsm = make_heights("d.tif", np.zeros((20, 20)))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match="holds no height"):
        ndsm(empty, tmp_path / "out" / "n.tif")
    with pytest.raises(DataError, match=r"has no pixel where .*--fill"):
        ndsm(dsm, tmp_path / "out" / "n.tif", options=NdsmOptions(dtm=empty))
    assert sorted(tmp_path.rglob("*")) == before


def test_files_that_must_not_be_written(tmp_path: Path, make_heights: Make) -> None:
    dsm, dtm = make_heights("d.tif", np.ones((4, 4))), make_heights("t.tif", np.zeros((4, 4)))
    options = NdsmOptions(dtm=dtm)
    for place, says in ((dsm, "one of the inputs"), (dtm, "one of the inputs"), (tmp_path / "n.png", "GeoTIFF")):
        with pytest.raises(UsageError, match=says):
            ndsm(dsm, place, options=options, overwrite=True)
    ndsm(dsm, tmp_path / "n.tif", options=options)
    with pytest.raises(UsageError, match="is there already"):
        ndsm(dsm, tmp_path / "n.tif", options=options)
    ndsm(dsm, tmp_path / "n.tif", options=options, overwrite=True)


def test_what_is_kept(tmp_path: Path, make_heights: Make) -> None:
    dsm, dtm = make_heights("d.tif", np.ones((4, 4))), make_heights("t.tif", np.zeros((4, 4)))
    out, options = tmp_path / "n.tif", NdsmOptions(dtm=dtm)
    assert not made_already(dsm, out, options)
    ndsm(dsm, out, options=options)
    assert made_already(dsm, out, options)
    for other in (NdsmOptions(dtm=dtm, min_height=1), NdsmOptions()):
        with pytest.raises(UsageError, match="not made from this surface model with these settings"):
            made_already(dsm, out, other)
    out.write_text("no raster")
    with pytest.raises(UsageError, match="is there already"):
        made_already(dsm, out, options)


def test_what_is_counted() -> None:
    tally = Tally()
    nan = np.nan
    heights = tally.add(np.float32([[5, 3, nan, 1]]), np.float32([[1, 5, 0, nan]]))
    np.testing.assert_equal(heights, np.float32([[4, 0, nan, nan]]))
    assert (tally.known, tally.total, tally.highest, tally.raised, tally.sunk, tally.beyond) == (2, 4, 4, 1, 1, 0)


@pytest.mark.slow
def test_autzen(shared: Path, tmp_path: Path) -> None:
    """Against the nDSM that comes with the data; predicting 0 everywhere has a MAE of 3.1 m."""
    folder = shared / "data" / "autzen"
    with rasterio.open(folder / "ndsm.tif") as file:
        reference = file.read(1, masked=True).filled(np.nan)
    for options, most, most_high in ((NdsmOptions(), 0.25, 0.66), (NdsmOptions(dtm=folder / "dtm.tif"), 0.01, 0.02)):
        heights = read(ndsm(folder / "dsm.tif", tmp_path / "n.tif", options=options, overwrite=True).path)
        heights[heights == -9999] = np.nan
        np.testing.assert_array_equal(np.isnan(heights), np.isnan(reference))
        error = np.abs(heights - reference)
        assert np.nanmean(error) < most
        assert np.nanmean(error[reference > 3]) < most_high
