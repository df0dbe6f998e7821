from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from landwright.errors import DataError, UsageError
from landwright.prepare import ground
from landwright.prepare.elevation import Elevation
from landwright.prepare.ground import filtered_strips, find_ground, metres_per_pixel, terrain_strips

Make = Callable[..., Path]
Town = tuple[np.ndarray, np.ndarray]


def test_the_ground_of_a_town(town: Town) -> None:
    surface, above = town
    found = find_ground(surface, 1.0)
    assert (found <= surface).all()
    heights = surface - found
    assert np.abs(heights - above).mean() < 0.1
    assert np.abs(heights - above)[above > 3].mean() < 0.5


def test_what_is_wider_than_the_window_is_ground() -> None:
    surface = np.full((200, 200), 50, np.float32)
    surface[60:130, 60:130] = 62
    for radius, height in ((None, 12), (50, 12), (15, 0)):
        assert (surface - find_ground(surface, 1.0, radius=radius))[90:100, 90:100].mean() == pytest.approx(height)


def test_holes_do_not_touch_the_rest(town: Town) -> None:
    surface, above = town
    holed = surface.copy()
    holed[60:80, 100:130] = np.nan
    found = find_ground(holed, 1.0)
    assert np.abs(holed - found - above)[np.isfinite(holed)].mean() < 0.1
    nothing = np.full((5, 5), np.nan, np.float32)
    assert np.isnan(find_ground(nothing, 1.0)).all()


def test_blocks_give_the_ground_of_the_whole(town: Town, make_heights: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    surface = np.tile(town[0], (1, 2))
    surface[:150, 250:] = np.nan
    with Elevation(make_heights("d.tif", surface)) as dsm:
        whole = [np.concatenate(rows) for rows in zip(*filtered_strips(dsm, 1.0), strict=True)]
        monkeypatch.setattr(ground, "_BLOCK", 128)
        seen: list[tuple[int, int]] = []
        blocks = list(filtered_strips(dsm, 1.0, progress=lambda *at: seen.append(at)))
    assert [len(above) for above, _ in blocks] == [128, 72]
    cut = [np.concatenate(rows) for rows in zip(*blocks, strict=True)]
    np.testing.assert_array_equal(cut[0], surface)
    np.testing.assert_allclose(cut[1], whole[1], atol=1e-3)
    assert len(seen) == 2 * 3
    assert seen[-1] == (surface.size, surface.size)


def test_a_terrain_model_is_read_as_it_is(make_heights: Make) -> None:
    holed = np.full((700, 4), 2.0)
    holed[300:310] = np.nan
    terrain = make_heights("t.tif", holed)
    seen: list[tuple[int, int]] = []
    with Elevation(make_heights("d.tif", np.full((700, 4), 7))) as surface, Elevation(terrain) as below:
        kept = list(terrain_strips(surface, below, 1.0, progress=lambda *at: seen.append(at)))
        (filled, partly) = (
            np.concatenate([rows for _, rows in terrain_strips(surface, below, 1.0, fill=metres)]) for metres in (6, 3)
        )
    assert [len(rows) for rows, _ in kept] == [512, 188]
    np.testing.assert_equal(np.concatenate([rows for _, rows in kept]), holed.astype(np.float32))
    assert (filled == 2).all()
    assert np.isnan(partly).sum() == 4 * 4
    assert seen == [(512 * 4, 2800), (2800, 2800)]


def test_degrees_are_refused_with_the_zone(make_heights: Make) -> None:
    place = Affine(1e-5, 0, 13.4, 0, -1e-5, 52.5)
    with (
        Elevation(make_heights("d.tif", np.zeros((5, 5)), crs="EPSG:4326", transform=place)) as surface,
        pytest.raises(DataError, match=r"counts in degrees.*-t_srs EPSG:32633"),
    ):
        metres_per_pixel(surface.info)


def test_metres_on_the_ground(make_heights: Make) -> None:
    place = Affine(1.0, 0, 1.5e6, 0, -1.0, 6.9e6)
    with Elevation(make_heights("d.tif", np.zeros((5, 5)), crs="EPSG:3857", transform=place)) as surface:
        assert metres_per_pixel(surface.info) == pytest.approx(0.609, abs=0.01)
    with Elevation(
        make_heights("d.tif", np.zeros((5, 5)), crs="EPSG:2994", transform=Affine(2, 0, 6e5, 0, -2, 9e5)), unit="feet"
    ) as surface:
        assert metres_per_pixel(surface.info) == pytest.approx(0.6096, rel=0.01)
    beyond = Affine(1.0, 0, 9e9, 0, -1.0, 9e9)
    with (
        Elevation(make_heights("d.tif", np.zeros((5, 5)), transform=beyond)) as surface,
        pytest.raises(DataError, match="does not tell how large a pixel is"),
    ):
        metres_per_pixel(surface.info)


def test_without_the_filter_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "_DISTRIBUTION", "no-such-package")
    with pytest.raises(UsageError, match=r"landwright\[height\].*--dtm"):
        ground.filter_name()
