from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from landwright.errors import DataError
from landwright.maps import Model, Products, ProductSpec, VectorOptions, vectorize_map
from landwright.maps.merging import PRODUCTS
from landwright.maps.mosaic import one_raster
from landwright.rasters import open_raster
from landwright.runs import Grid, Input, Manifest, Run, pull

PLACE = Affine(0.1, 0, 500_000.1, 0, -0.1, 5_300_000.7)
CODES = np.random.default_rng(0).integers(1, 4, (40, 50)).astype(np.uint8)


def write(path: Path, codes: np.ndarray, row: int = 0, col: int = 0, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {"driver": "GTiff", "count": 1, "height": codes.shape[0], "width": codes.shape[1], "nodata": 0}
    place = {"crs": "EPSG:32632", "transform": PLACE @ Affine.translation(col, row)}
    with rasterio.open(path, "w", dtype=codes.dtype, **{**profile, **place, **options}) as file:
        file.write(codes, 1)
        file.set_band_description(1, "classes: map")
    return path


@pytest.fixture
def blocks(tmp_path) -> Path:
    """Four blocks of a map in folders of their own, a confidence beside one."""
    for row in (0, 20):
        for col in (0, 25):
            part = CODES[row : row + 20, col : col + 25]
            write(tmp_path / "run" / f"r{row}-c{col}" / "classes.tif", part, row, col)
    with rasterio.open(write(tmp_path / "run" / "r0-c0" / "confidence.tif", CODES[:20, :25]), "r+") as file:
        file.set_band_description(1, "percent")
    return tmp_path / "run"


def test_blocks_are_one_map(blocks):
    with one_raster(blocks) as name, open_raster(name) as raster:
        assert raster.info.transform == PLACE
        assert raster.info.nodata == 0
        assert (raster.read()[0] == CODES).all()
    with one_raster(blocks / "*" / "classes.tif") as name, open_raster(name) as raster:
        assert raster.shape == (40, 50)


@pytest.mark.parametrize("simplify", [0, None])
def test_the_vector_of_four_blocks_is_that_of_one(tmp_path, blocks, simplify):
    whole = write(tmp_path / "map.tif", CODES)
    options = VectorOptions("all", min_area=0, simplify=simplify)
    vectorize_map(whole, tmp_path / "one.parquet", options=options)
    vectorize_map(blocks, tmp_path / "four.parquet", options=options)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "four.parquet").read_bytes()


def test_what_no_block_covers_is_nodata(blocks):
    (blocks / "r20-c25" / "classes.tif").unlink()
    with one_raster(blocks) as name, open_raster(name) as raster:
        assert raster.shape == (40, 50)
        assert (raster.read()[0][20:, 25:] == 0).all()


def test_one_file_and_none(tmp_path, blocks):
    with one_raster(blocks / "r0-c0") as name:
        assert Path(name).name == "classes.tif"
    with one_raster("missing.tif") as name:
        assert name == "missing.tif"
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no raster"), one_raster(tmp_path / "empty"):
        pass


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"crs": "EPSG:32633"}, "reference system"),
        ({"nodata": 9}, "nodata"),
        ({"dtype": "int16"}, "type"),
        ({"transform": PLACE @ Affine.translation(60.5, 0)}, "off the grid"),
        ({"transform": Affine(0.2, 0, 500_000.1, 0, -0.2, 5_300_000.7)}, "size of pixels"),
    ],
)
def test_blocks_that_do_not_fit(blocks, options, says):
    codes = CODES[:20, :25].astype(options.pop("dtype", "uint8"))
    write(blocks / "r9-c9" / "classes.tif", codes, **options)
    with pytest.raises(DataError, match=says), one_raster(blocks):
        pass


def test_gaps_without_nodata(tmp_path):
    for number, row in enumerate((0, 30)):
        write(tmp_path / "run" / f"{number}.tif", CODES[:10], row, nodata=None)
    with pytest.raises(DataError, match="gaps"), one_raster(tmp_path / "run"):
        pass


SURE = np.random.default_rng(1).integers(0, 101, CODES.shape).astype(np.uint8)
TALL = np.random.default_rng(2).random(CODES.shape).astype(np.float32)


def make_run(folder: Path, side: int, codes: np.ndarray = CODES) -> Path:
    """A run whose blocks are those of a map; a block without a valid pixel holds no raster."""
    grid = Grid(height=codes.shape[0], width=codes.shape[1], crs="EPSG:32632", transform=tuple(PLACE)[:6])
    manifest = Manifest(inputs=(Input(name="image.tif"),), grid=grid, bundle="0" * 64, settings={}, block=side)

    def work(block, target):
        rows, cols = slice(block.row0, block.row1), slice(block.col0, block.col1)
        (target / "tally.json").write_text("{}")
        if not codes[rows, cols].any():
            return
        write(target / "classes.tif", codes[rows, cols], block.row0, block.col0)
        for name, values, nodata in (("confidence", SURE, 255), ("height", TALL, -9999)):
            file = write(target / f"{name}.tif", values[rows, cols], block.row0, block.col0, nodata=nodata)
            with rasterio.open(file, "r+") as raster:
                raster.set_band_description(1, name)

    run = Run.open(folder, manifest)
    specs = [
        ProductSpec(kind=kind, stem=kind, suffix="", dtype=dtype, nodata=nodata, descriptions=(text,), style="")
        for kind, dtype, nodata, text in (
            ("classes", "uint8", 0, "classes: map"),
            ("confidence", "uint8", 255, "confidence"),
            ("height", "float32", -9999, "height"),
        )
    ]
    about = Products(products=tuple(specs), legend=None, model=Model(name="m"), created=datetime.now(UTC))
    run.store.create(PRODUCTS, about.model_dump_json().encode())
    pull(run, work)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("simplify", [0, None])
def test_the_vector_of_a_run_is_that_of_its_map(tmp_path, simplify):
    whole = write(tmp_path / "map.tif", CODES)
    write(tmp_path / "map_confidence.tif", SURE, nodata=255)
    tall = write(tmp_path / "map_height.tif", TALL, nodata=-9999)
    options = VectorOptions("all", min_area=0, simplify=simplify)
    one = vectorize_map(whole, tmp_path / "one.parquet", height=tall, options=options)
    for side in (100, 25, 9):
        run, out = make_run(tmp_path / f"{side}.run", side), tmp_path / f"{side}.parquet"
        # What an attempt has not finished is none of the map.
        write(run / "blocks" / ".r00009-c00009.1" / "classes.tif", CODES)
        many = vectorize_map(run, out, height=run, options=options)
        assert out.read_bytes() == (tmp_path / "one.parquet").read_bytes()
        assert (many.confidence, many.notes) == (run, ())
        assert (many.polygons, many.area) == (one.polygons, one.area)


@pytest.mark.parametrize("simplify", [0, None])
def test_the_run_has_its_own_grid_where_its_first_blocks_are_empty(tmp_path, simplify):
    codes = CODES.copy()
    codes[:20], codes[:, :25] = 0, 0
    options = VectorOptions("all", min_area=0, simplify=simplify, confidence=False)
    vectorize_map(write(tmp_path / "map.tif", codes), tmp_path / "one.parquet", options=options)
    run = make_run(tmp_path / "map.run", 25, codes)
    vectorize_map(run, tmp_path / "run.parquet", options=options)
    assert (tmp_path / "run.parquet").read_bytes() == (tmp_path / "one.parquet").read_bytes()
    with one_raster(run) as name, open_raster(name) as raster:
        assert (raster.shape, raster.info.transform) == (CODES.shape, PLACE)


def test_a_run_that_is_not_whole(tmp_path):
    run = make_run(tmp_path / "map.run", 25)
    for file in (run / "blocks" / "r00000-c00000").iterdir():
        file.unlink()
    (run / "blocks" / "r00000-c00000").rmdir()
    (run / "poison").mkdir(exist_ok=True)
    (run / "poison" / "r00000-c00000.json").write_text('{"reason": "broken"}')
    for file in (run / "blocks" / "r00001-c00001").iterdir():
        file.unlink()
    (run / "blocks" / "r00001-c00001").rmdir()
    found = vectorize_map(run, tmp_path / "out.parquet", options=VectorOptions("all", min_area=0))
    assert [note.split(": ")[1] for note in found.notes] == [
        "1 of 4 blocks are not finished yet",
        "1 of 4 blocks are set aside because they failed",
    ]


def test_a_run_without_classes(tmp_path):
    run = make_run(tmp_path / "map.run", 25, np.zeros_like(CODES))
    with pytest.raises(DataError, match=r"holds no block with a classes\.tif"):
        vectorize_map(run, tmp_path / "out.parquet", options=VectorOptions("all"))
    about = Products.model_validate_json((run / PRODUCTS).read_text())
    only = about.model_copy(update={"products": about.products[2:]})
    (run / PRODUCTS).write_text(only.model_dump_json())
    with pytest.raises(DataError, match="is a run without classes"):
        vectorize_map(run, tmp_path / "out.parquet", options=VectorOptions("all"))
    assert not (tmp_path / "out.parquet").exists()
