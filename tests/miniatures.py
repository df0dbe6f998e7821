"""Small copies of the benchmark sets as their publishers hand them out, with names and colours written down here.

Tests get this module as the fixture `miniatures`.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from landwright.data.benchmarks import list_benchmarks
from landwright.prepare.benchmarks import prepare_benchmark

CELL = 16
ISPRS = [(0, 0, 0), (255, 255, 255), (0, 0, 255), (0, 255, 255), (0, 255, 0), (255, 255, 0), (255, 0, 0)]
ISAID = [
    *((0, 0, 0), (0, 0, 63), (0, 63, 63), (0, 63, 0), (0, 63, 127), (0, 63, 191), (0, 63, 255), (0, 127, 63)),
    *((0, 127, 127), (0, 0, 127), (0, 0, 191), (0, 0, 255), (0, 191, 127), (0, 127, 191), (0, 127, 255)),
    (0, 100, 155),
]
# The last is a car that moves, class 3 as one that stands.
UAVID = [
    *((0, 0, 0), (128, 0, 0), (128, 64, 128), (192, 0, 192), (0, 128, 0), (128, 128, 0), (64, 64, 0), (64, 0, 128)),
]

# Pairs of a prepared miniature.
PAIRS = {
    **{"openearthmap": 2, "loveda": 2, "potsdam": 3, "vaihingen": 3, "isaid": 4, "uavid": 3, "udd5": 2, "vdd": 2},
    **{"whu-aerial": 2, "whu-satellite": 2, "inria": 3, "xbd": 2, "chn6-cug": 2, "deepglobe-roads": 2},
    **{"massachusetts-roads": 2, "spacenet-roads": 2, "wbs-si": 2},
}


def scene(seed: int, height: int, width: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """An image (3, H, W) and its class numbers (H, W): cells of one class each, class 0 half of them, every class."""
    rng = np.random.default_rng(seed)
    rows, columns = -(-height // CELL), -(-width // CELL)
    cells = np.arange(rows * columns) % classes
    cells[rng.permutation(np.arange(2 * classes, rows * columns))[: rows * columns // 2]] = 0
    numbers = rng.permutation(cells).reshape(rows, columns)
    means = np.random.default_rng(7).integers(30, 220, (classes, 3))
    colours = means[numbers] + rng.integers(-20, 20, (rows, columns, 1))
    grown = [np.repeat(np.repeat(grid, CELL, 0), CELL, 1)[:height, :width] for grid in (colours, numbers)]
    return np.moveaxis(grown[0], -1, 0).astype(np.uint8), grown[1].astype(np.uint8)


def write(path: Path, bands: np.ndarray, **options: Any) -> None:
    """Write (H, W) or (C, H, W) uint8 in the format of the suffix."""
    drivers = {".png": "PNG", ".tif": "GTiff", ".jpg": "JPEG"}
    array = bands.reshape(-1, *bands.shape[-2:])
    profile = {"count": len(array), "height": array.shape[1], "width": array.shape[2], "dtype": "uint8"}
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        options = {"driver": drivers[path.suffix.lower()], **profile, **options}
        palette = options.pop("palette", None)
        with rasterio.open(path, "w", **options) as file:
            file.write(array)
            if palette:
                file.write_colormap(1, palette)


def coloured(numbers: np.ndarray, table: list[tuple[int, int, int]]) -> np.ndarray:
    """Class numbers as colours (3, H, W)."""
    return np.moveaxis(np.array(table, np.uint8)[numbers], -1, 0)


def make_raw(name: str, folder: Path) -> Path:
    """Write a set as its publisher hands it out, with files beside it that are not scored; return the folder."""
    match name:
        case "potsdam":
            _isprs(folder, name, {"2_13": (512, 700), "7_13": (512, 512), "2_10": (512, 512)})
        case "vaihingen":
            _isprs(folder, name, {"2": (600, 512), "38": (512, 512), "1": (512, 512), "9": (512, 512)})
        case "isaid":
            _isaid(folder)
        case "uavid":
            for seed, (sequence, width) in enumerate({"seq21": 1300, "seq22": 1280}.items()):
                image, numbers = scene(seed, 1080, width, len(UAVID))
                write(folder / f"test_gt/{sequence}/Images/000000.png", image)
                write(folder / f"test_gt/{sequence}/Labels/000000.png", coloured(numbers, UAVID))
        case "inria":
            for seed, (tile, width) in enumerate({"austin1": 1200, "kitsap36": 1000, "austin2": 1000}.items()):
                image, numbers = scene(seed, 1000, width, 2)
                write(folder / f"AerialImageDataset/train/images/{tile}.tif", image)
                write(folder / f"AerialImageDataset/train/gt/{tile}.tif", numbers * 255)
        case _:
            for seed, (image_name, label_name) in enumerate(_COPIED[name]):
                classes, factor, first = _VALUES.get(name, (2, 255, 0))
                image, numbers = scene(seed, 80, 112, classes)
                write(folder / image_name, image)
                write(folder / label_name, numbers * factor + first)
            if name == "openearthmap":
                (folder / "OpenEarthMap_wo_xBD/val.txt").write_text("aachen_1.tif\nkoeln_50.tif\nlima_7.tif\n")
    return folder


def make_prepared(name: str, root: Path) -> Path:
    """Prepare a miniature below a folder of sets; return the folder of sets."""
    with tempfile.TemporaryDirectory() as raw:
        prepare_benchmark(name, make_raw(name, Path(raw)), root)
    return root


def make_all_prepared(root: Path) -> Path:
    """Prepare the miniatures of all sets; return the folder of sets."""
    for name in list_benchmarks():
        make_prepared(name, root)
    return root


def _isprs(folder: Path, name: str, tiles: dict[str, tuple[int, int]]) -> None:
    for seed, (tile, shape) in enumerate(tiles.items()):
        image, numbers = scene(seed, *shape, len(ISPRS) - 1)
        numbers += 1
        numbers[:, ::CELL] = 0
        if name == "potsdam":
            image_name = f"2_Ortho_RGB/top_potsdam_{tile}_RGB.tif"
            label_name = f"5_Labels_all_noBoundary/top_potsdam_{tile}_label_noBoundary.tif"
        else:
            image_name = f"top/top_mosaic_09cm_area{tile}.tif"
            label_name = (
                "ISPRS_semantic_labeling_Vaihingen_ground_truth_eroded_COMPLETE/"
                f"top_mosaic_09cm_area{tile}_noBoundary.tif"
            )
        write(folder / image_name, image, compress="deflate")
        write(folder / label_name, coloured(numbers, ISPRS), compress="deflate")


def _isaid(folder: Path) -> None:
    # A wide scene of two crops, a small one that is a BMP file, and one of a single band.
    for seed, (number, height, width) in enumerate([("P0003", 800, 900), ("P0007", 150, 200), ("P1397", 160, 160)]):
        image, numbers = scene(seed, height, width, len(ISAID))
        options = {"driver": "BMP"} if number == "P0007" else {}
        write(folder / f"val/images/images/{number}.png", image[:1] if number == "P1397" else image, **options)
        write(folder / f"val/Semantic_masks/images/images/{number}_instance_color_RGB.png", coloured(numbers, ISAID))


# Values of the labels: classes, factor, first.
_VALUES = {"openearthmap": (9, 1, 0), "loveda": (7, 1, 1), "udd5": (5, 1, 0), "vdd": (7, 1, 0), "xbd": (2, 1, 0)}

_COPIED = {
    "openearthmap": [
        tuple(f"OpenEarthMap_wo_xBD/{city}/{kind}/{city}_{number}.tif" for kind in ("images", "labels"))
        for city, number in (("aachen", 1), ("koeln", 50), ("koeln", 51))
    ],
    "loveda": [
        (f"{part}/{area}/images_png/{number}.png", f"{part}/{area}/masks_png/{number}.png")
        for part, area, number in (("Val", "Rural", 2522), ("Val", "Urban", 3514), ("Train", "Rural", 0))
    ],
    "udd5": [
        (f"{part}/src/{name}.JPG", f"{part}/gt/{name}.png") for part, name in (("val", "000001"), ("val", "000002"))
    ],
    "vdd": [
        (f"VDD/{part}/src/{name}.JPG", f"VDD/{part}/gt/{name}.png")
        for part, name in (("test", "DJI_0010"), ("test", "DJI_0020"), ("val", "DJI_0030"))
    ],
    "whu-aerial": [
        (f"{part}/image/{number}.png", f"{part}/label/{number}.png")
        for part, number in (("val", 0), ("val", 1), ("test", 2))
    ],
    "whu-satellite": [
        (f"1.cropped/{part}/image/{number}.tif", f"1.cropped/{part}/label/{number}.tif")
        for part, number in (("test", 0), ("test", 1), ("train", 2))
    ],
    "xbd": [
        (f"test/images/{name}_disaster.png", f"test/targets/{name}_disaster_target.png")
        for name in (
            "guatemala-volcano_00000003_pre",
            "guatemala-volcano_00000003_post",
            "midwest-flooding_00000027_pre",
        )
    ],
    "chn6-cug": [(f"val/images/{name}_sat.jpg", f"val/gt/{name}_mask.png") for name in ("am100008", "am100019")],
    "deepglobe-roads": [
        (
            f"GlobalRoadSet_Val/DeepGlobe_test_1530/img/{name}_sat.jpg",
            f"GlobalRoadSet_Val/DeepGlobe_test_1530/gt/{name}_mask.png",
        )
        for name in (100393, 100703)
    ],
    "massachusetts-roads": [
        (f"Massachusetts_test_49/img/{name}.jpg", f"Massachusetts_test_49/gt/{name}.png")
        for name in ("10378780_15", "10828720_15")
    ],
    "spacenet-roads": [
        (f"SpaceNet_test_567/img/{name}.jpg", f"SpaceNet_test_567/gt/{name}.png") for name in ("AOI_2_1", "AOI_3_2")
    ],
    "wbs-si": [
        (f"WaterBodiesDatasetPreprocessed/Images/{name}.jpg", f"WaterBodiesDatasetPreprocessed/Masks/{name}.jpg")
        for name in ("water_body_8", "water_body_14", "water_body_1")
    ],
}
