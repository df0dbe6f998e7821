import numpy as np
import pytest
from pydantic import ValidationError

from landwright.data.benchmarks import Benchmark, benchmark, list_benchmarks
from landwright.errors import DataError


@pytest.fixture(scope="module")
def root(miniatures, tmp_path_factory):
    return miniatures.make_all_prepared(tmp_path_factory.mktemp("sets"))


@pytest.mark.parametrize("name", list_benchmarks())
def test_pairs_are_read(miniatures, root, name):
    chosen = benchmark(name)
    pairs = chosen.pairs(root)
    assert len(pairs) == miniatures.PAIRS[name]
    for image, label in pairs:
        pixels, indices = chosen.read_image(image), chosen.read_label(label)
        assert pixels.shape == (*indices.shape, 3) and pixels.dtype == indices.dtype == np.uint8
        assert set(np.unique(indices)) <= {*range(chosen.classes), 255}
    found = chosen.check(root)
    assert found.problems == () and all(found.pixels)


def test_values_become_indices():
    potsdam = benchmark("potsdam").indices(np.array([0, 1, 6, 7, 255], np.uint8))
    assert potsdam.tolist() == [255, 0, 5, 254, 255]
    assert benchmark("openearthmap").indices(np.array([0, 8, 9], np.uint8)).tolist() == [0, 8, 254]
    # An unconverted mask of 0 and 255 is no label of zeros with ignored pixels.
    assert benchmark("inria").indices(np.array([0, 1, 255], np.uint8)).tolist() == [0, 1, 254]
    assert [benchmark(name).ignored_value for name in ("potsdam", "isaid", "inria")] == [0, 255, 255]


def test_labels_with_other_values_are_refused(miniatures, tmp_path):
    chosen = benchmark("wbs-si")
    miniatures.write(tmp_path / "mask.png", np.array([[0, 255], [1, 255]], np.uint8))
    with pytest.raises(
        DataError, match=r"mask\.png: holds values .* wbs-si do not have: 255 \(2 px\).*data prepare wbs"
    ):
        chosen.read_label(tmp_path / "mask.png")
    miniatures.write(tmp_path / "colours.png", np.zeros((3, 4, 4), np.uint8))
    with pytest.raises(DataError, match="a label with 3 bands"):
        chosen.read_label(tmp_path / "colours.png")
    assert chosen.describe_strange(np.arange(100, 110, dtype=np.uint8)).endswith("104 (1 px) and 5 more")


def test_grey_images_of_isaid_are_usual(miniatures, tmp_path):
    miniatures.write(tmp_path / "pan.png", np.full((4, 4), 9, np.uint8))
    assert benchmark("isaid").read_image(tmp_path / "pan.png").shape == (4, 4, 3)
    with pytest.raises(DataError, match="is grey"):
        benchmark("vdd").read_image(tmp_path / "pan.png")


def test_folders_that_others_prepared(miniatures, tmp_path):
    image, numbers = miniatures.scene(0, 32, 32, 5)
    miniatures.write(tmp_path / "UDD/UDD/UDD5/val/src/7.JPG", image)
    miniatures.write(tmp_path / "UDD/UDD/UDD5/val/gt/7.png", numbers)
    assert [label.name for _, label in benchmark("udd5").pairs(tmp_path)] == ["7.png"]
    # Of water bodies, all images lie in the folder; the list tells which are scored, and labels may be JPEG.
    folder = tmp_path / benchmark("wbs-si").folders[0]
    for name in ("water_body_8", "water_body_9"):
        miniatures.write(folder / f"Images/{name}.jpg", image)
        miniatures.write(folder / f"Masks_cvt/{name}.jpg", np.ones((32, 32), np.uint8))
    assert [image.stem for image, _ in benchmark("wbs-si").pairs(tmp_path)] == ["water_body_8"]


def test_missing_files_are_named(miniatures, tmp_path):
    with pytest.raises(DataError) as caught:
        benchmark("potsdam").pairs(tmp_path)
    for words in ("img_dir/val/{name}.png in potsdam", "data prepare potsdam", "5_Labels_all_noBoundary.zip"):
        assert words in str(caught.value)
    image, numbers = miniatures.scene(0, 32, 32, 7)
    for number in range(7):
        miniatures.write(tmp_path / f"loveDA/img_dir/val/{number}.png", image)
    miniatures.write(tmp_path / "loveDA/ann_dir/val/0.png", numbers + 1)
    (tmp_path / "loveDA/img_dir/val/.9.abcd.png").touch()
    with pytest.raises(DataError, match=r"6 of 7 images have no label: 1\.png, .*5\.png and 1 more"):
        benchmark("loveda").pairs(tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"values": {0: 0, 1: 2}}, "do not count from 0"),
        ({"shares": {16: (0, 1)}}, "there is no class 16"),
        ({"values": {0: 0, 1: 1}, "shares": {}}, "need a value that is ignored"),
    ],
)
def test_descriptions_are_checked(change, words):
    content = benchmark("isaid").model_dump() | change
    with pytest.raises(ValidationError, match=words):
        Benchmark.model_validate(content)
