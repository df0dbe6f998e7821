from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rio_cogeo.cogeo import cog_validate

from landwright.errors import DataError, UsageError
from landwright.evaluation.maptags import map_facts
from landwright.legends import IGNORE, Crosswalk, Legend, load_legend
from landwright.maps import map_legend
from landwright.prepare import NO_VOTES, Product, count_votes, fuse, fuse_products
from landwright.rasters import open_labels, open_raster

Make = Callable[..., Path]
PLACE = Affine(10.0, 0.0, 500000.0, 0.0, -10.0, 5000000.0)  # the grid of `make_labels`


def products(*paths: Path) -> list[Product]:
    return [Product(str(path)) for path in paths]


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read(1)


@pytest.fixture
def agreeing(make_labels: Make) -> list[Product]:
    """Three products of three classes that agree here and there."""
    codes = ([[1, 1, 1, 2, 0], [5, 5, 0, 0, 0]], [[1, 1, 2, 5, 0], [5, 0, 5, 0, 0]], [[1, 2, 5, 5, 0], [5, 5, 0, 1, 0]])
    return products(*(make_labels(f"{number}.tif", rows) for number, rows in enumerate(codes)))


@pytest.mark.parametrize(
    ("k", "expected"),
    [
        (3, [[1, 0, 0, 0, 0], [5, 0, 0, 0, 0]]),
        (2, [[1, 1, 0, 5, 0], [5, 5, 0, 0, 0]]),
        (1, [[1, 1, 0, 5, 0], [5, 5, 5, 1, 0]]),
    ],
)
def test_k_of_n(tmp_path: Path, agreeing: list[Product], three: Legend, k: int, expected: list[list[int]]) -> None:
    seen: list[tuple[int, int]] = []
    result = fuse_products(agreeing, three, tmp_path / "out" / "l.tif", k=k, progress=lambda *at: seen.append(at))
    assert read(result.path).tolist() == expected
    assert read(result.agreement).tolist() == [[3, 2, 1, 2, NO_VOTES], [3, 2, 1, 1, NO_VOTES]]
    assert result.labelled == np.count_nonzero(expected) / 10
    assert result.classes == tuple(np.count_nonzero(np.array(expected) == code) for code in three.codes)
    assert result.votes == (0, 3, 3, 2)
    assert [use.labelled for use in result.products] == [0.6, 0.6, 0.7]
    assert sum(result.shares.values()) == pytest.approx(1)
    assert seen == [(10, 10)]
    assert sorted(file.name for file in result.path.parent.iterdir()) == [
        "l.qml",
        "l.tif",
        "l_agreement.qml",
        "l_agreement.tif",
    ]


def test_all_must_agree_by_default(tmp_path: Path, agreeing: list[Product], three: Legend) -> None:
    default, all_three = (fuse_products(agreeing, three, tmp_path / f"{k}.tif", k=k) for k in (None, 3))
    assert default.k == 3
    assert read(default.path).tolist() == read(all_three.path).tolist()


def test_files_are_whole_and_say_what_they_are(tmp_path: Path, agreeing: list[Product], three: Legend) -> None:
    result = fuse_products(agreeing, three, tmp_path / "l.tif", k=2)
    for path in (result.path, result.agreement):
        valid, errors, _ = cog_validate(path)
        assert valid, errors
    with rasterio.open(result.path) as file:
        assert (file.nodata, file.crs, file.transform) == (0, "EPSG:32631", PLACE)
        assert file.colormap(1)[5] == (5, 9, 9, 255)
    with rasterio.open(result.agreement) as file:
        assert file.nodata == NO_VOTES
    assert map_legend(result.path).names == three.names
    made = map_facts(result.path)[1]
    assert made["K"] == "2"
    assert made["Image"] == "0.tif, 1.tif, 2.tif"
    assert 'value="5"' in result.styles[0].read_text()
    assert "3 votes" in result.styles[1].read_text()


def test_crosswalks_and_a_product_of_the_classes_themselves(tmp_path: Path, make_labels: Make) -> None:
    legend = load_legend("poland-4")
    esa = make_labels("esa.tif", [[10, 60, 70, 0]], nodata=0)
    oem = make_labels("oem.tif", [[5, 1, 5, 8]])
    own = make_labels("own.tif", [[2, 3, 2, 4]])
    walks = [Crosswalk.model_validate(row) for row in _walks()]
    chosen = [Product(str(esa), walks[0]), Product(str(oem), walks[1]), Product(str(own))]
    result = fuse_products(chosen, legend, tmp_path / "l.tif", k=2)
    assert read(result.path).tolist() == [[2, 3, 2, 4]]
    assert read(result.agreement).tolist() == [[3, 3, 2, 2]]
    assert [use.crosswalk for use in result.products] == ["esa", "oem", None]
    assert result.to_dict()["classes"][1] == {"code": 2, "name": "tree", "pixels": 2, "share": 0.5}


def _walks() -> list[dict[str, Any]]:
    esa = {code: "ignore" for code in (20, 30, 40, 50, 70, 80, 90, 95, 100)} | {10: 2, 60: [3, 4]}
    oem = {code: "ignore" for code in (2, 3, 4, 6, 7)} | {5: 2, 1: [1, 3], 8: 4}
    return [
        {"name": "esa", "source": "esa-worldcover", "target": "poland-4", "rules": esa},
        {"name": "oem", "source": "openearthmap-8", "target": "poland-4", "rules": oem},
    ]


def test_other_grids_are_warped_onto_that_of_like(tmp_path: Path, make_labels: Make, three: Legend) -> None:
    rng = np.random.default_rng(0)
    codes = rng.choice(np.array([0, 1, 2, 5], np.uint8), (2, 12, 15))
    coarse = make_labels("coarse.tif", codes[0], transform=PLACE @ Affine.scale(3))
    shifted = make_labels(
        "shifted.tif", codes[1].repeat(5, 0).repeat(5, 1), transform=PLACE @ Affine.translation(-7, -9)
    )
    like = make_labels("like.tif", np.zeros((30, 40)), transform=PLACE)
    result = fuse_products(products(coarse, shifted), three, tmp_path / "l.tif", k=1, like=like)
    with open_raster(like) as raster:
        grid = raster.info
    with open_labels(coarse, three, grid) as one, open_labels(shifted, three, grid) as other:
        expected, votes = count_votes([one.read(), other.read()], [np.eye(3, dtype=bool)] * 2, 1)
        enlarged = codes[0].repeat(3, 0).repeat(3, 1)[:30, :40]
        np.testing.assert_array_equal(three.decode(one.read()), enlarged)
    np.testing.assert_array_equal(read(result.path), three.decode(expected))
    np.testing.assert_array_equal(read(result.agreement), votes)
    assert [use.aligned for use in result.products] == ["warped", "warped"]
    assert (result.height, result.width) == (30, 40)


def test_the_grid_is_the_first_products_otherwise(tmp_path: Path, make_labels: Make, three: Legend) -> None:
    fine = make_labels("fine.tif", np.ones((6, 6)))
    coarse = make_labels("coarse.tif", np.ones((2, 2)), transform=PLACE @ Affine.scale(3), crs="EPSG:32631")
    for chosen, shape in ((products(fine, coarse), (6, 6)), (products(coarse, fine), (2, 2))):
        result = fuse_products(chosen, three, tmp_path / "l.tif", overwrite=True)
        assert read(result.path).shape == shape
        assert (read(result.path) == 1).all()
        assert [use.aligned for use in result.products] == ["exact", "warped"]


def test_products_in_part_beside_one_another(tmp_path: Path, make_labels: Make, three: Legend) -> None:
    left = make_labels("left.tif", np.ones((4, 6)))
    right = make_labels("right.tif", np.ones((4, 6)), transform=PLACE @ Affine.translation(3, 0))
    result = fuse_products(products(left, right), three, tmp_path / "l.tif")
    np.testing.assert_array_equal(read(result.path), [[0, 0, 0, 1, 1, 1]] * 4)
    np.testing.assert_array_equal(read(result.agreement), [[1, 1, 1, 2, 2, 2]] * 4)
    assert result.products[1].labelled == 0.5


@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 7), st.integers(1, 9), st.integers(0, 99))
def test_blocks_do_not_show(
    tmp_path: Path, make_labels: Make, three: Legend, rows: int, columns: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.choice(np.array([0, 1, 2, 5], np.uint8), (3, 11, 13))
    chosen = products(*(make_labels(f"{number}.tif", part) for number, part in enumerate(codes)))
    indices = [three.encode(part) for part in codes]
    expected, votes = count_votes(indices, [np.eye(3, dtype=bool)] * 3, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fuse, "_ROWS", rows)
        patch.setattr(fuse, "_COLUMNS", columns)
        result = fuse_products(chosen, three, tmp_path / "l.tif", k=2, overwrite=True)
    np.testing.assert_array_equal(read(result.path), three.decode(expected))
    np.testing.assert_array_equal(read(result.agreement), votes)
    assert sum(result.classes) == np.count_nonzero(expected != IGNORE)
    assert sum(result.votes) == np.count_nonzero(votes != NO_VOTES)


def test_published_palette_with_one_colour_for_two_classes(tmp_path: Path, make_labels: Make) -> None:
    """GLC_FCS30 paints rainfed and herbaceous cropland alike: its codes count, not its colours."""
    palette = {10: (255, 255, 100, 255), 11: (255, 255, 100, 255), 210: (0, 70, 200, 255)}
    paths = [make_labels(f"{number}.tif", [[10, 11, 11, 210]], palette=palette, nodata=0) for number in range(2)]
    result = fuse_products(products(*paths), load_legend("glc-fcs30"), tmp_path / "l.tif")
    assert read(result.path).tolist() == [[10, 11, 11, 210]]


def test_published_paraformer_map_is_read_by_its_colours(make_labels: Make) -> None:
    legend = load_legend("nlcd-paraformer")
    palette = {index: (*colour, 255) for index, colour in enumerate(legend.colours)}
    path = make_labels("published.tif", [list(range(17))], palette=palette, nodata=0)
    with open_raster(path) as raster:
        grid = raster.info
    with open_labels(path, legend, grid) as labels:
        assert labels.read().tolist() == [[IGNORE, *range(1, 17)]]


def test_the_wrong_number_of_products_or_votes(tmp_path: Path, agreeing: list[Product], three: Legend) -> None:
    for chosen in (agreeing[:1], []):
        with pytest.raises(UsageError, match="cannot be fused"):
            fuse_products(chosen, three, tmp_path / "l.tif")
    for k in (0, 4, -1):
        with pytest.raises(UsageError, match=f"{k} of 3 products cannot agree"):
            fuse_products(agreeing, three, tmp_path / "l.tif", k=k)
    with pytest.raises(UsageError, match="would vote twice"):
        fuse_products([*agreeing, agreeing[0]], three, tmp_path / "l.tif")


def test_nothing_agrees(tmp_path: Path, make_labels: Make, three: Legend) -> None:
    chosen = products(make_labels("a.tif", [[1, 2]]), make_labels("b.tif", [[2, 1]]))
    with pytest.raises(DataError, match="nowhere do 2 of the 2 products agree"):
        fuse_products(chosen, three, tmp_path / "out" / "l.tif")
    assert not (tmp_path / "out").exists()


def test_an_error_in_the_last_row_leaves_nothing(
    tmp_path: Path, make_labels: Make, three: Legend, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = np.ones((20, 4), np.uint8)
    good = make_labels("a.tif", codes)
    codes[-1] = 77
    bad = make_labels("b.tif", codes)
    monkeypatch.setattr(fuse, "_ROWS", 4)
    with pytest.raises(DataError, match=r"codes that legend three does not have: 77 \(4 px\)") as caught:
        fuse_products(products(good, bad), three, tmp_path / "out" / "l.tif")
    assert caught.value.path == str(bad)
    assert not (tmp_path / "out").exists()


def test_ctrl_c_leaves_nothing_and_keeps_what_was_there(tmp_path: Path, agreeing: list[Product], three: Legend) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    older = fuse_products(agreeing, three, tmp_path / "out" / "l.tif")
    before = {file: file.read_bytes() for file in older.path.parent.iterdir()}
    with pytest.raises(KeyboardInterrupt):
        fuse_products(agreeing, three, tmp_path / "out" / "l.tif", k=1, overwrite=True, progress=stop)
    assert {file: file.read_bytes() for file in older.path.parent.iterdir()} == before
