"""The script that puts the pictures of height maps together."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from landwright.legends import load_legend
from landwright.maps import HEIGHT
from landwright.world import write_world

pytestmark = pytest.mark.filterwarnings("ignore:Dataset has no geotransform")  # pictures

SCRIPT = Path(__file__).parent.parent.parent / "docs" / "make_height_picture.py"
LEGEND = load_legend("openearthmap-8")
SIDE, GAP = 64, 8


@pytest.fixture(scope="module")
def main() -> Callable[..., None]:
    spec = importlib.util.spec_from_file_location("make_height_picture", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("world")
    (name,) = write_world(root, scenes=1, size=SIDE, gsd=1.0, seed=3, family="grid_g1_mid")
    return {kind: str(root / kind / f"{name}.tif") for kind in ("opt", "gt_ss_mask", "gt_nDSM")}


def panels(path: Path) -> list[np.ndarray]:
    with rasterio.open(path) as file:
        picture = file.read()
    assert picture.shape == (3, SIDE, 4 * SIDE + 3 * GAP)
    return [picture[:, :, start : start + SIDE] for start in range(0, picture.shape[2], SIDE + GAP)]


def half_known(place: dict[str, str], out: Path) -> str:
    """Heights of which the upper half is not known."""
    with rasterio.open(place["gt_nDSM"]) as file:
        values, profile = file.read(1), file.profile
    values[: SIDE // 2] = np.nan
    with rasterio.open(out, "w", **profile) as file:
        file.write(values, 1)
    return str(out)


def test_image_map_heights_and_reference(main: Callable[..., None], place: dict[str, str], tmp_path: Path) -> None:
    known = half_known(place, tmp_path / "half.tif")
    main(place["opt"], place["gt_ss_mask"], known, place["gt_nDSM"], LEGEND.name, str(tmp_path / "out.png"))
    _, classes, found, wanted = panels(tmp_path / "out.png")
    with rasterio.open(place["gt_ss_mask"]) as file:
        assert np.array_equal(classes, np.moveaxis(np.array(LEGEND.colours)[LEGEND.encode(file.read(1))], -1, 0))
    with rasterio.open(place["gt_nDSM"]) as file:
        heights = file.read(1)
    assert {tuple(pixel) for pixel in wanted[:, heights == 0].T.tolist()} == {HEIGHT.ramp[0][1]}
    assert (found[:, : SIDE // 2] == 255).all()
    assert np.array_equal(found[:, SIDE // 2 :], wanted[:, SIDE // 2 :])


def test_the_top_of_the_colours_may_be_lower(main: Callable[..., None], place: dict[str, str], tmp_path: Path) -> None:
    rasters = (place["opt"], place["gt_ss_mask"], place["gt_nDSM"], place["gt_nDSM"], LEGEND.name)
    main(*rasters, str(tmp_path / "out.png"), "2")
    *_, wanted = panels(tmp_path / "out.png")
    with rasterio.open(place["gt_nDSM"]) as file:
        raised = file.read(1) >= 2
    assert raised.any()
    assert {tuple(pixel) for pixel in wanted[:, raised].T.tolist()} == {HEIGHT.ramp[-1][1]}
