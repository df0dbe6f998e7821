from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landwright.data.pairing import pair, unique_names
from landwright.errors import DataError


def paths(*names: str) -> list[Path]:
    return [Path(name) for name in names]


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (["a/x_001.jpg", "a/x_002.jpg"], ["b/x_001.png", "b/x_002.png"]),
        (["T 4/images/p1.jpg", "T 5/images/p1.jpg"], ["T 4/masks/p1.png", "T 5/masks/p1.png"]),
        (["a/images/x_001.jpg", "b/images/x_001.jpg"], ["a/masks/x_001.png", "b/masks/x_001.png"]),
        (["img/A/1.tif", "img/B/1.tif"], ["gt/A/1.tif", "gt/B/1.tif"]),
        (["top_2_10_RGB.tif", "top_2_11_RGB.tif"], ["top_2_10_label.tif", "top_2_11_label.tif"]),
        (["119_sat.jpg", "7_sat.jpg"], ["119_mask.png", "7_mask.png"]),
        (["train.tif", "test.tif"], ["train_buildings.geojson", "test_buildings.geojson"]),
        (["img1.tif", "img2.tif"], ["gt1.tif", "gt2.tif"]),
        (["A/i/s1.tif", "B/i/s1.tif"], ["A/m/m1.tif", "B/m/m1.tif"]),
        (["any.tif"], ["other.tif"]),
    ],
)
def test_names_decide(images: list[str], labels: list[str]) -> None:
    expected = list(zip(paths(*images), paths(*labels), strict=True))
    assert pair(paths(*images), paths(*reversed(labels)) if len(labels) > 1 else paths(*labels)) == expected


@given(st.sets(st.integers(0, 9999), min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_order_does_not_matter(numbers: set[int], random: "object") -> None:
    images = [Path(f"in/tile_{number}_rgb.tif") for number in numbers]
    labels = [Path(f"gt/tile_{number}_gt.tif") for number in numbers]
    random.shuffle(labels)  # type: ignore[attr-defined]
    assert all(image.stem.split("_")[1] == label.stem.split("_")[1] for image, label in pair(images, labels))


def test_one_polygon_file_serves_all() -> None:
    images = paths("a.tif", "b.tif")
    assert pair(images, paths("a.geojson")) == [(image, Path("a.geojson")) for image in images]
    assert pair(images, paths("mosaic.tif")) == [(image, Path("mosaic.tif")) for image in images]


def test_unmatched_images_are_named() -> None:
    with pytest.raises(DataError, match=r"1 of 3 images have no label .*: c\.tif"):
        pair(paths("a.tif", "b.tif", "c.tif"), paths("gt/a.tif", "gt/b.tif"))
    with pytest.raises(DataError, match=r"1 of 2 images have no label .*: b\.tif"):
        pair(paths("a.tif", "b.tif"), paths("gt/a.tif"))
    with pytest.raises(DataError, match="and 3 more"):
        pair([Path(f"i{n}x.tif") for n in range(8)], paths("m.tif", "n.tif"))


def test_written_out_lists_pair_in_order_only_where_names_say_nothing() -> None:
    images, labels = paths("oslo.tif", "rome.tif"), paths("one.tif", "two.tif")
    assert pair(images, labels, ordered=True) == list(zip(images, labels, strict=True))
    with pytest.raises(DataError):
        pair(images, labels)
    with pytest.raises(DataError, match=r"rome\.tif"):
        pair(images, paths("oslo.png", "two.tif"), ordered=True)


def test_unique_names() -> None:
    assert unique_names(paths("a/x.tif", "b/y.tif")) == ["x", "y"]
    assert unique_names(paths("a/x.tif", "b/x.tif")) == ["a/x", "b/x"]
    assert unique_names(paths("a/x.tif", "a/x.png")) == ["x.tif", "x.png"]
    with pytest.raises(DataError, match="more than once"):
        unique_names(paths("a/x.tif", "a/x.tif"))
