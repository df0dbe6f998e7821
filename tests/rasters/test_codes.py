from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.warp import Resampling, calculate_default_transform, reproject

from landwright.errors import DataError
from landwright.legends import IGNORE, Crosswalk, load_crosswalk, load_legend
from landwright.rasters import Tally, Window, open_labels, open_raster, write_cog

PLACE = Affine(2.0, 0.0, 500000.0, 0.0, -2.0, 5000000.0)  # the grid of `make_raster`

RNG = np.random.default_rng(2)
LOVEDA = load_legend("loveda")
ISPRS = load_legend("isprs-6")


@pytest.fixture
def image(make_raster):
    def make(shape: tuple[int, int] = (40, 50), **options: object):
        with open_raster(make_raster("image.tif", np.zeros((3, *shape), np.uint8), **options)) as raster:
            return raster.info

    return make


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_codes(make_raster, image, dtype: str) -> None:
    codes = RNG.integers(0, 8, (40, 50)).astype(dtype)
    with open_labels(make_raster("label.tif", codes), LOVEDA, image()) as labels:
        expected = np.where(codes == 0, IGNORE, codes - 1)
        np.testing.assert_array_equal(labels.read(), expected)
        np.testing.assert_array_equal(labels.read(Window(3, 4, 5, 6)), expected[3:8, 4:10])
        assert labels.read().dtype == np.uint8
        assert labels.aligned == "exact"
        assert labels.shape == (40, 50)


def test_declared_nodata_is_ignored(make_raster, image) -> None:
    codes = np.zeros((40, 50), np.uint8)
    codes[:10] = 1
    with open_labels(make_raster("label.tif", codes, nodata=0), ISPRS, image()) as labels:
        assert (labels.read() == np.where(codes == 0, IGNORE, 1)).all()
        assert "declares nodata 0, the code of impervious surface: those pixels are ignored" in labels.notes


def test_code_outside_the_legend(make_raster, image) -> None:
    codes = np.full((40, 50), 9, np.uint8)
    path = make_raster("label.tif", codes)
    with open_labels(path, LOVEDA, image()) as labels:
        with pytest.raises(DataError, match=r"codes that legend loveda does not have: 9 \(2000 px\)") as caught:
            labels.read()
        assert caught.value.path == str(path)
        tally = Tally()
        labels.count(tally)
        assert (tally.classes, tally.ignored, tally.unknown) == (Counter(), 0, Counter({"9": 2000}))


def test_colours(make_raster, image) -> None:
    indices = RNG.integers(0, 7, (40, 50))
    rgb = np.array([*ISPRS.colours, (0, 0, 0)], np.uint8)[indices].transpose(2, 0, 1)
    expected = np.where(indices == 6, IGNORE, indices)
    for path in (make_raster("label.tif", rgb), make_raster("label.png", rgb)):
        with open_labels(path, ISPRS, image()) as labels:
            np.testing.assert_array_equal(labels.read(), expected)
    opaque = np.concatenate([rgb, np.full((1, 40, 50), 255, np.uint8)])
    opaque[3, 0] = 0
    with open_labels(make_raster("alpha.png", opaque), ISPRS, image()) as labels:
        assert (labels.read()[0] == IGNORE).all()
        np.testing.assert_array_equal(labels.read()[1:], expected[1:])


def test_unknown_colour(make_raster, image) -> None:
    rgb = np.full((3, 40, 50), 77, np.uint8)
    with (
        open_labels(make_raster("label.png", rgb), ISPRS, image()) as labels,
        pytest.raises(DataError, match=r"colours that legend isprs-6 does not have: 77,77,77 \(2000 px\)"),
    ):
        labels.read()


def test_unsuitable_rasters(make_raster, image) -> None:
    with pytest.raises(DataError, match="has 2 bands; labels have one"):
        open_labels(make_raster("two.tif", np.zeros((2, 40, 50), np.uint8)), ISPRS, image())
    with pytest.raises(DataError, match="colours of type uint16"):
        open_labels(make_raster("deep.tif", np.zeros((3, 40, 50), np.uint16)), ISPRS, image())


def test_size_without_georeference(make_raster, image) -> None:
    with pytest.raises(DataError, match="has 49 x 40 pixels but the image"):
        open_labels(make_raster("label.png", np.zeros((40, 49), np.uint8)), ISPRS, image())


def test_shifted_grid_takes_the_nearest(make_raster, image) -> None:
    codes = RNG.integers(0, 6, (60, 60), dtype=np.uint8)
    place = PLACE @ Affine.translation(-4.3, -3.2)
    with open_labels(make_raster("label.tif", codes, transform=place), ISPRS, image()) as labels:
        assert labels.aligned == "warped"
        # The centre of image pixel (r, c) lies in label pixel (r + 0.5 + 3.2, c + 0.5 + 4.3), rounded down.
        np.testing.assert_array_equal(labels.read(), codes[3:43, 4:54])
        np.testing.assert_array_equal(labels.read(Window(10, 20, 7, 9)), codes[13:20, 24:33])


@pytest.mark.parametrize("nodata", [None, 9])
def test_outside_of_the_labels_is_ignored(make_raster, image, nodata: int | None) -> None:
    codes = np.zeros((40, 50), np.uint8)
    place = PLACE @ Affine.translation(10, 20)
    with open_labels(make_raster("label.tif", codes, transform=place, nodata=nodata), ISPRS, image()) as labels:
        expected = np.full((40, 50), IGNORE)
        expected[20:, 10:] = 0
        np.testing.assert_array_equal(labels.read(), expected)


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:4326", "EPSG:32632"])
def test_other_reference_system(make_raster, image, crs: str) -> None:
    codes = RNG.integers(0, 6, (12, 15)).astype(np.uint8).repeat(10, 0).repeat(10, 1)
    fine = PLACE @ Affine.translation(-30, -20)
    there, width, height = calculate_default_transform(
        "EPSG:32631", crs, 150, 120, *(fine.c, fine.f - 240, fine.c + 300, fine.f)
    )
    moved = np.full((height, width), 255, np.uint8)
    reproject(
        codes,
        moved,
        src_transform=fine,
        src_crs="EPSG:32631",
        dst_transform=there,
        dst_crs=crs,
        dst_nodata=255,
        resampling=Resampling.nearest,
    )
    truth = codes[20:60, 30:80]
    with open_labels(make_raster("label.tif", moved, transform=there, crs=crs), ISPRS, image()) as labels:
        read = labels.read()
    # Resampled twice, a label may move by a pixel at the borders of its patch only.
    assert (read == truth).mean() > 0.9
    inner = (slice(3, 8), slice(3, 8))
    assert (read[inner] == truth[inner]).all()


def test_rotated_image_grid(make_raster, image) -> None:
    turned = PLACE @ Affine.translation(30, 20) @ Affine.rotation(30)
    codes = RNG.integers(0, 6, (10, 12)).astype(np.uint8).repeat(12, 0).repeat(12, 1)
    like = image((24, 24), transform=turned)
    with open_labels(make_raster("label.tif", codes), ISPRS, like) as labels:
        read = labels.read()
    rows, cols = np.mgrid[:24, :24] + 0.5
    to_label = ~PLACE @ turned
    x = to_label.a * cols + to_label.b * rows + to_label.c
    y = to_label.d * cols + to_label.e * rows + to_label.f
    inside = (x >= 0) & (y >= 0) & (x < 144) & (y < 120)
    expected = np.where(inside, codes[np.clip(y, 0, 119).astype(int), np.clip(x, 0, 143).astype(int)], IGNORE)
    assert (read == expected).mean() > 0.99


def test_mask_inside_the_label_file_survives_warping(make_raster, image) -> None:
    mask = np.full((40, 50), 255, np.uint8)
    mask[:, :25] = 0
    place = PLACE @ Affine.translation(0.3, 0)
    path = make_raster("label.tif", np.zeros((40, 50), np.uint8), transform=place, mask=mask)
    with open_labels(path, ISPRS, image()) as labels:
        read = labels.read()
    assert (read[:, :25] == IGNORE).all()
    assert (read[:, 26:] == 0).all()


def test_no_overlap(make_raster, image) -> None:
    far = PLACE @ Affine.translation(1000, 0)
    with pytest.raises(DataError, match="does not overlap"):
        open_labels(make_raster("label.tif", np.zeros((40, 50), np.uint8), transform=far), ISPRS, image())


def test_crosswalk(make_raster, image) -> None:
    codes = np.tile(np.array([0, 1, 2, 3, 4, 5, 6, 15], np.uint8), (40, 7))[:, :50]
    walk = load_crosswalk("chesapeake-lc-to-chesapeake-4")
    with open_labels(make_raster("label.tif", codes), load_legend("chesapeake-4"), image(), crosswalk=walk) as labels:
        assert labels.read()[0, :8].tolist() == [255, 0, 1, 2, 3, 3, 3, 255]
        tally = Tally()
        labels.count(tally, Window(0, 0, 1, 8))
        assert (tally.classes, tally.ignored) == ({0: 1, 1: 1, 2: 1, 3: 3}, 2)


def test_crosswalk_ignores(make_raster, image) -> None:
    walk = Crosswalk(name="w", source="inria", target="building", rules={0: "ignore", 1: 1})
    codes = np.zeros((40, 50), np.uint8)
    codes[0] = 255
    with open_labels(make_raster("l.tif", codes), load_legend("building"), image(), crosswalk=walk) as labels:
        assert np.unique(labels.read()).tolist() == [1, 255]


def test_pickle(make_raster, image) -> None:
    codes = RNG.integers(0, 6, (40, 50), dtype=np.uint8)
    place = PLACE @ Affine.translation(0.4, 0)
    with open_labels(make_raster("label.tif", codes, transform=place), ISPRS, image()) as labels:
        copy = pickle.loads(pickle.dumps(labels))
        np.testing.assert_array_equal(copy.read(), labels.read())
        copy.close()


def test_own_map_is_read_back_as_codes(tmp_path: Path, image) -> None:
    legend = load_legend("openearthmap-8")
    indices = RNG.integers(0, 9, (40, 50)).astype(np.uint8)
    indices[indices == 8] = IGNORE
    like = image()
    write_cog(
        tmp_path / "map.tif",
        legend.decode(indices),
        crs=like.crs,
        transform=like.transform,
        nodata=legend.nodata,
        colormap=legend.colour_table(),
        overviews="mode",
    )
    with open_labels(tmp_path / "map.tif", legend, like) as labels:
        np.testing.assert_array_equal(labels.read(), indices)
        assert labels.notes == ()


def test_real_dubai_palettes(shared: Path) -> None:
    legend = load_legend("dubai-6")
    totals: Counter[str] = Counter()
    for part in range(1, 10):
        folder = shared / "data" / "dubai_hitl" / "Tile 4"
        with open_raster(folder / "images" / f"image_part_00{part}.jpg") as image:
            like = image.info
        with open_labels(folder / "masks" / f"image_part_00{part}.png", legend, like) as labels:
            indices = labels.read()
        totals.update({legend.names[index]: int((indices == index).sum()) for index in range(5)})
    # Counted independently, by colour.
    assert totals == {"building": 3370502, "land": 2420266, "road": 1102379, "vegetation": 564064, "water": 910575}


def test_real_chesapeake(shared: Path) -> None:
    folder = shared / "data" / "chesapeake_patches" / "tile_lowres"
    with open_raster(folder / "m_3907833_nw_17_1_naip-new.tif") as image:
        like = image.info
    walk = load_crosswalk("chesapeake-lc-to-chesapeake-4")
    path = folder / "m_3907833_nw_17_1_lc.tif"
    with open_labels(path, load_legend("chesapeake-4"), like, crosswalk=walk) as labels:
        shares = np.bincount(labels.read().ravel(), minlength=4) / 67600
    assert shares == pytest.approx([0.012, 0.791, 0.149, 0.048], abs=1e-3)


def test_real_series_as_labels(shared: Path, make_raster) -> None:
    first, second, _ = sorted((shared / "data" / "naip_series").glob("*.tif"))
    with open_raster(first) as raster:
        like = raster.info
    with open_raster(second, bands=[1]) as raster:
        info, values = raster.info, raster.read()[0]
    codes = (values > 100).astype(np.uint8)
    path = make_raster("label.tif", codes, transform=info.transform, crs=info.crs)
    with open_labels(path, load_legend("building"), like) as labels:
        assert labels.aligned == "warped"
        read = labels.read()
    assert read.shape == like.shape
    shift = ~info.transform @ like.transform
    rows, cols = np.mgrid[:700, :900]
    nearest = codes[np.floor(rows + 0.5 + shift.f).astype(int), np.floor(cols + 0.5 + shift.c).astype(int)]
    np.testing.assert_array_equal(read[:700, :900], nearest)


def test_labels_that_cover_a_part_are_ignored_elsewhere(make_raster, image) -> None:
    place = PLACE @ Affine.translation(25, 0)
    with open_labels(make_raster("label.tif", np.zeros((40, 50), np.uint8), transform=place), ISPRS, image()) as labels:
        assert labels.notes == ("covers 50.0% of the image; the rest is ignored",)
        assert labels.cells == pytest.approx((40, 50))
        read = labels.read()
    assert (read[:, :25] == IGNORE).all() and (read[:, 25:] == 0).all()


def test_labels_on_the_same_grid_have_no_cells_of_their_own(make_raster, image) -> None:
    with open_labels(make_raster("label.tif", np.zeros((40, 50), np.uint8)), ISPRS, image()) as labels:
        assert (labels.cells, labels.notes) == (None, ())


def test_labels_coarser_than_the_image(make_raster, image) -> None:
    place = PLACE @ Affine.translation(-5, -5) @ Affine.scale(100)
    with open_labels(make_raster("l.tif", np.full((1, 1), 2, np.uint8), transform=place), ISPRS, image()) as labels:
        assert labels.notes == ("only 0.4 x 0.5 of its pixels lie across the image: they give it hardly any shape",)
        assert (labels.read() == 2).all()


@pytest.mark.parametrize("crs", ["EPSG:26917", "EPSG:26918", "EPSG:4326", "EPSG:5070"])
def test_real_nlcd_from_another_grid(shared: Path, tmp_path: Path, crs: str) -> None:
    """NLCD comes in EPSG:5070; any grid gives back nearly the labels that its publishers had put on the image's."""
    folder = shared / "data" / "chesapeake_patches" / "tile_lowres"
    name = "m_3907833_nw_17_1"
    with open_raster(folder / f"{name}_naip-new.tif") as raster:
        like = raster.info
    with open_labels(folder / f"{name}_nlcd.tif", load_legend("nlcd"), like) as labels:
        truth = labels.read()
    with rasterio.open(folder / f"{name}_nlcd.tif") as source:
        # Finer than the original, so that going there and back loses little; and shifted by part of a pixel.
        step = 5 if crs != "EPSG:4326" else 5 / 111e3
        transform, width, height = calculate_default_transform(
            source.crs, crs, source.width, source.height, *source.bounds, resolution=step
        )
        profile = {**source.profile, "crs": crs, "transform": transform @ Affine.translation(0.4, 0.3)}
        codes = np.zeros((height, width), np.uint8)
        reproject(
            rasterio.band(source, 1),
            codes,
            dst_crs=crs,
            dst_transform=profile["transform"],
            dst_nodata=0,
            resampling=Resampling.nearest,
        )
    with rasterio.open(tmp_path / "nlcd.tif", "w", **{**profile, "width": width, "height": height}) as target:
        target.write(codes, 1)
    with open_labels(tmp_path / "nlcd.tif", load_legend("nlcd"), like) as labels:
        assert labels.aligned == "warped"
        read = labels.read()
    assert (read == truth).mean() > 0.95
