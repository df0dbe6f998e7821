from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from landwright.errors import DataError
from landwright.legends import load_legend
from landwright.prepare.isprs_files import find_tiles
from landwright.prepare.isprs_tile import TileArrays, read_classes, read_tile, surface_on
from landwright.rasters import open_raster

Make = Callable[..., Path]
LEGEND = load_legend("isprs-6")
PLACE = Affine(1.0, 0, 3000, 0, -1.0, 6000)


def read(root: Path, **options: bool) -> TileArrays:
    (tile,) = find_tiles(root, "vaihingen" if root.name == "vaihingen" else "potsdam")[0]
    return read_tile(tile, LEGEND, 1.0, **options)


def rewrite(path: Path, change: Callable[[np.ndarray], np.ndarray], **options: object) -> None:
    with rasterio.open(path) as file:
        array, profile = file.read(), file.profile
    array = change(array)
    shape = {"count": array.shape[0], "height": array.shape[1], "width": array.shape[2], "dtype": array.dtype.name}
    with rasterio.open(path, "w", **{**profile, **shape, **options}) as file:
        file.write(array)


def test_what_a_tile_holds(make_isprs: Make, town: tuple[np.ndarray, np.ndarray]) -> None:
    tile = read(make_isprs("potsdam", ["2_10"]))
    assert tile.image.shape == (3, 120, 100)
    assert tile.heights.shape == tile.classes.shape == (120, 100)
    assert np.abs(tile.heights - town[1][:120, :100]).mean() < 0.1
    assert (tile.classes[20:] == (town[1][20:120, :100] > 3)).all()
    assert set(np.unique(tile.classes)) == set(range(6))
    assert tile.notes == ()


def test_the_pixel_size_of_a_world_file_counts(make_isprs: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    monkeypatch.setattr("landwright.prepare.isprs_tile.find_ground", lambda surface, gsd: seen.append(gsd) or surface)
    read(make_isprs("potsdam", ["2_10"], gsd=0.05))
    read(make_isprs("vaihingen", ["1"], transform=None))
    read(make_isprs("potsdam", ["2_10"], gsd=0.5, crs="EPSG:25833", transform=Affine(0.5, 0, 4e5, 0, -0.5, 5.8e6)))
    assert seen == pytest.approx([0.05, 1.0, 0.5])


def test_a_few_unknown_colours_are_ignored(make_isprs: Make) -> None:
    root = make_isprs("potsdam", ["2_10"])

    def spoil(colours: np.ndarray) -> np.ndarray:
        colours[:, 30, :40] = np.array([[252], [255], [0]])  # as in Potsdam's tile 4_12
        colours[:, 31, :40] = 0  # the eroded boundary
        return colours

    rewrite(root / "5_Labels_all/top_potsdam_2_10_label.tif", spoil)
    tile = read(root)
    assert (tile.classes[30:32, :40] == 255).all()
    assert (tile.classes == 255).sum() == 80
    assert "40 pixels have a colour that no class has: ignored" in tile.notes[0]
    published = read(root, paper=True)
    assert (published.classes[30:32, :40] == 0).all()
    assert "impervious surface, as published" in published.notes[0]


@pytest.mark.parametrize("paper", [False, True])
def test_masks_of_other_colours_are_refused(make_isprs: Make, paper: bool) -> None:
    root = make_isprs("potsdam", ["2_10"])
    rewrite(root / "5_Labels_all/top_potsdam_2_10_label.tif", lambda colours: colours // 2)
    with pytest.raises(DataError, match="colours that legend isprs-6 does not have: 127,127,127"):
        read(root, paper=paper)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda array: array[:1], "has 1 bands of uint8; masks hold colours"),
        (lambda array: array[:, :-1], "has 100 x 119 pixels, its image .* has 100 x 120"),
    ],
)
def test_masks_of_another_form_are_refused(make_isprs: Make, change: Callable, says: str) -> None:
    root = make_isprs("potsdam", ["2_10"])
    label = root / "5_Labels_all/top_potsdam_2_10_label.tif"
    rewrite(label, change)
    with (
        open_raster(root / "2_Ortho_RGB/top_potsdam_2_10_RGB.tif") as top,
        pytest.raises(DataError, match=says),
    ):
        read_classes(top.info, label, LEGEND)


def test_images_of_another_form_are_refused(make_isprs: Make) -> None:
    root = make_isprs("potsdam", ["2_10"])
    rewrite(root / "2_Ortho_RGB/top_potsdam_2_10_RGB.tif", lambda array: array.astype(np.uint16))
    with pytest.raises(DataError, match="has 3 bands of uint16"):
        read(root)


@pytest.mark.parametrize(
    ("shift", "rows", "columns"),
    [
        ((0, 0), 6, 5),
        ((1, 0), 6, 5),
        ((-1, -2), 6, 5),
        ((0.3, -0.4), 6, 5),
        ((0, 0), 5, 5),
        ((0, 0), 7, 6),
        ((2, 3), 9, 9),
    ],
)
def test_surface_models_are_laid_on_the_image(
    make_heights: Make, shift: tuple[float, float], rows: int, columns: int
) -> None:
    heights = np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)
    top = make_heights("top.tif", np.zeros((6, 5)), crs=None, transform=PLACE)
    dsm = make_heights("dsm.tif", heights, crs=None, transform=PLACE @ Affine.translation(shift[1], shift[0]))
    with open_raster(top) as raster:
        placed = surface_on(raster.info, dsm)
    down, right = (round(part) for part in shift)
    for row in range(6):
        for col in range(5):
            inside = 0 <= row - down < rows and 0 <= col - right < columns
            expected = heights[row - down, col - right] if inside else np.nan
            np.testing.assert_equal(placed[row, col], expected)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"transform": PLACE @ Affine.scale(1.2)}, "does not lie on the pixels"),
        ({"transform": PLACE @ Affine.rotation(20)}, "does not lie on the pixels"),
        ({"transform": PLACE, "crs": "EPSG:32631"}, "does not lie on the pixels"),
        ({"transform": PLACE @ Affine.translation(100, 0), "crs": "EPSG:25832"}, "does not overlap its image"),
        ({"transform": PLACE @ Affine.translation(0, -100), "crs": "EPSG:25832"}, "does not overlap its image"),
    ],
)
def test_surface_models_of_another_place_are_refused(make_heights: Make, options: dict, says: str) -> None:
    top = make_heights("top.tif", np.zeros((6, 5)), crs="EPSG:25832", transform=PLACE)
    dsm = make_heights("dsm.tif", np.ones((6, 5)), **{"crs": None, **options})
    with open_raster(top) as raster, pytest.raises(DataError, match=says):
        surface_on(raster.info, dsm)


def test_without_a_position_sizes_must_agree(make_heights: Make) -> None:
    top = make_heights("top.tif", np.zeros((6, 5)), crs=None, transform=None)
    with open_raster(top) as raster:
        assert (surface_on(raster.info, make_heights("d.tif", np.ones((6, 5)))) == 1).all()
        with pytest.raises(DataError, match=r"has 5 x 7 pixels, its image .* has 5 x 6.*\.tfw"):
            surface_on(raster.info, make_heights("d.tif", np.ones((7, 5))))


def test_a_surface_model_without_heights(make_isprs: Make) -> None:
    root = make_isprs("potsdam", ["2_10"])
    rewrite(root / "1_DSM/dsm_potsdam_02_10.tif", lambda array: np.full_like(array, np.nan))
    with pytest.raises(DataError, match=r"dsm_potsdam_02_10\.tif: holds no height"):
        read(root)
