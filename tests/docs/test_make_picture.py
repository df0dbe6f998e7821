"""The script that puts the pictures of the documentation together."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from landwright.legends import load_legend
from landwright.world import write_world

pytestmark = pytest.mark.filterwarnings("ignore:Dataset has no geotransform")  # pictures

SCRIPT = Path(__file__).parent.parent.parent / "docs" / "make_picture.py"
LEGEND = load_legend("openearthmap-8")
SIDE, GAP = 64, 8


@pytest.fixture(scope="module")
def main() -> Callable[..., None]:
    spec = importlib.util.spec_from_file_location("make_picture", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("world")
    (name,) = write_world(root, scenes=1, size=SIDE, gsd=1.0, seed=3, family="grid_g1_mid", coarse_gsd=30)
    return {kind: str(root / kind / f"{name}.tif") for kind in ("opt", "gt_ss_mask", "coarse")}


def panels(path: Path) -> list[np.ndarray]:
    with rasterio.open(path) as file:
        picture = file.read()
    assert picture.shape == (3, SIDE, 4 * SIDE + 3 * GAP)
    return [picture[:, :, start : start + SIDE] for start in range(0, picture.shape[2], SIDE + GAP)]


def coloured(codes: np.ndarray) -> np.ndarray:
    return np.moveaxis(np.array(LEGEND.colours)[LEGEND.encode(codes)], -1, 0)


def read(path: str) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read(1)


def test_image_reference_map_and_errors(main: Callable[..., None], place: dict[str, str], tmp_path: Path) -> None:
    reference = place["gt_ss_mask"]
    main(place["opt"], reference, reference, LEGEND.name, str(tmp_path / "out.png"))
    _, wanted, found, errors = panels(tmp_path / "out.png")
    assert np.array_equal(wanted, coloured(read(reference)))
    assert np.array_equal(found, wanted)
    assert len(np.unique(errors)) == 1


@pytest.mark.parametrize("crosswalk", ["", "=same.yaml"])
def test_a_coarse_product_goes_beside_the_image(
    crosswalk: str, main: Callable[..., None], place: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rules = ", ".join(f"{code}: {code}" for code in LEGEND.codes)
    text = f"name: same\nsource: {LEGEND.name}\ntarget: {LEGEND.name}\nreference: test\nrules: {{{rules}}}\n"
    Path("same.yaml").write_text(text, encoding="utf-8")
    reference = place["gt_ss_mask"]
    main(place["opt"], reference, reference, LEGEND.name, "out.png", place["coarse"] + crosswalk)
    _, product, found, wanted = panels(tmp_path / "out.png")
    assert np.array_equal(wanted, coloured(read(reference)))
    assert np.array_equal(found, wanted)
    # The product's cells of 30 m lie on their own grid, of which the picture shows the part under the image.
    with rasterio.open(place["opt"]) as image, rasterio.open(place["coarse"]) as cells:
        rows, cols = np.mgrid[0:SIDE, 0:SIDE]
        xs, ys = rasterio.transform.xy(image.transform, rows.ravel(), cols.ravel())
        under = np.array(list(cells.sample(zip(xs, ys, strict=True)))).reshape(SIDE, SIDE)
    assert np.array_equal(product, coloured(under))
