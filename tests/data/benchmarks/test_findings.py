import shutil

import numpy as np
import pytest

from landwright.data.benchmarks import benchmark


@pytest.fixture
def loveda(miniatures, tmp_path):
    """Write `loveda(labels, image=...)`: a set with these labels; return its findings."""

    def write(labels, images=None, options=None):
        shutil.rmtree(tmp_path / "loveDA", ignore_errors=True)
        for number, label in enumerate(labels):
            image = images[number] if images else miniatures.scene(number, 64, 64, 7)[0]
            miniatures.write(tmp_path / f"loveDA/img_dir/val/{number}.png", image)
            miniatures.write(tmp_path / f"loveDA/ann_dir/val/{number}.png", label, **(options or {}))
        return benchmark("loveda").check(tmp_path)

    return write


@pytest.fixture
def good(miniatures):
    return [miniatures.scene(number, 64, 64, 7)[1] + 1 for number in range(2)]


def test_a_good_set(loveda, good):
    found = loveda(good)
    assert found.ok and sum(found.shares) == pytest.approx(1) and found.ignored_share == 0
    assert found.shares[0] == pytest.approx(np.mean([label == 1 for label in good]))
    assert found.warnings == ("there are 2 pairs, 1669 are published: scores are not comparable",)
    told = found.to_dict()
    assert told["ok"] and told["shares"]["background"] == found.shares[0] and told["pairs"] == 2


def test_labels_that_a_palette_corrupted(loveda, good):
    zeros = [np.ones_like(label) for label in good]
    found = loveda(zeros, options={"palette": {1: (255, 0, 0, 255)}})
    assert found.problems == ("every label holds one class only",)
    assert any("labels have a palette" in warning and "2 of 2" in warning for warning in found.warnings)
    assert any("no pixel is labelled building, road" in warning for warning in found.warnings)


def test_one_label_in_a_palette(loveda, good):
    found = loveda(good, options={"palette": {value: (value, 0, 0, 255) for value in range(8)}})
    assert found.ok and "palette" in found.warnings[0]


def test_values_out_of_range_and_colour_masks(loveda, good):
    found = loveda([np.where(good[0] == 7, 9, good[0]).astype(np.uint8), good[1]])
    assert "labels hold values that the set does not have (1 of 2: 0.png 9 (" in found.problems[0]
    found = loveda([np.repeat(label[None], 3, 0) for label in good])
    assert found.problems == ("labels have several bands, as colour masks do (2 of 2: 0.png; 1.png)",)
    assert sum(found.pixels) == 0 and found.ignored_share == 0


def test_sizes_and_damage(loveda, good, tmp_path):
    found = loveda([good[0][:32], good[1]])
    assert found.problems == ("labels have another size than their image (1 of 2: 0.png)",)
    (tmp_path / "loveDA/img_dir/val/1.png").write_bytes(b"")
    found = benchmark("loveda").check(tmp_path)
    assert any("is not a readable image" in problem and "1.png" in problem for problem in found.problems)


def test_images_without_colour(loveda, good, miniatures):
    images = [miniatures.scene(number, 64, 64, 7)[0] for number in range(2)]
    found = loveda(good, images=[image[:1] for image in images])
    assert "images are not of three bands, the first is grey: it has one band (2 of 2" in found.problems[0]
    found = loveda(good, images=[np.repeat(image[:1], 3, 0) for image in images])
    assert found.ok and "images are grey: their three bands are equal (2 of 2" in found.warnings[0]


def test_grey_images_of_potsdam_are_a_problem(miniatures, tmp_path):
    image, numbers = miniatures.scene(0, 64, 64, 6)
    numbers[0] = 0
    for stem in ("2_13_0_0_512_512", "2_13_512_0_1024_512"):
        miniatures.write(tmp_path / f"potsdam/img_dir/val/{stem}.png", np.repeat(image[:1], 3, 0))
        miniatures.write(tmp_path / f"potsdam/ann_dir/val/{stem}.png", numbers + 1)
    found = benchmark("potsdam").check(tmp_path)
    assert "images are grey" in found.problems[0]
    # Labels with boundaries ignore nothing; of two pairs that is worth a warning.
    assert any("0.0% of all pixels are ignored; 0.1% to 40.0%" in warning for warning in found.warnings)


def test_jpeg_labels(miniatures, tmp_path):
    folder = tmp_path / benchmark("wbs-si").folders[0]
    image, numbers = miniatures.scene(0, 80, 80, 2)
    noise = np.random.default_rng(0).integers(0, 4, numbers.shape, np.uint8)
    for name, mask in (("water_body_8", numbers), ("water_body_14", noise)):
        miniatures.write(folder / f"Images/{name}.jpg", image)
        miniatures.write(folder / f"Masks_cvt/{name}.jpg", mask, quality=100)
    found = benchmark("wbs-si").check(tmp_path)
    assert "the set does not have and are JPEG files" in found.problems[0]
    assert any("labels are JPEG files" in warning for warning in found.warnings)


def test_a_complete_set_must_have_a_plausible_histogram(miniatures, tmp_path, monkeypatch):
    chosen = benchmark("massachusetts-roads").model_copy(update={"expected": 3})
    folder = tmp_path / chosen.folders[0]
    image, numbers = miniatures.scene(0, 64, 64, 2)
    for number in range(3):
        miniatures.write(folder / f"img/{number}.jpg", image)
        miniatures.write(folder / f"label_cvt/{number}.png", np.zeros_like(numbers))
    calls = []
    found = chosen.check(tmp_path, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 3), (2, 3), (3, 3)]
    assert found.problems == (
        "road has 0.0% of the labelled pixels; 0.5% to 50.0% is plausible",
        "no pixel is labelled road, which the complete set holds",
        "every label holds one class only",
    )
    for number in range(1, 3):
        miniatures.write(folder / f"label_cvt/{number}.png", numbers)
    found = chosen.check(tmp_path)
    assert found.ok and found.constant == 1


def test_many_labels_of_one_class_and_all_ignored(loveda, good):
    found = loveda([good[0], *(np.ones_like(good[0]) for _ in range(4))])
    assert found.ok and "4 of 5 labels hold one class only" in found.warnings
    found = loveda([np.zeros_like(good[0])])
    assert "no pixel has a label" in found.warnings
