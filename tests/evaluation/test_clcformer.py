from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

from landwright.errors import UsageError
from landwright.evaluation.protocols import create_protocol

CLASSES = ("ground", "building")


@pytest.fixture(scope="module")
def fill(shared):
    spec = importlib.util.spec_from_file_location("fill", shared / "parity" / "fill.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def published(shared):
    entries = json.loads((shared / "parity" / "clcformer" / "losses.json").read_text())["metrics"]
    return {entry["name"]: entry for entry in entries}


def noise(fill, seed, shape):
    return np.asarray(fill.image(seed, (1, 1, *shape)), dtype=np.float64)[0, 0]


def label(fill, entry, shape):
    rule = entry["inputs"]["label"]["rule"]
    if rule == "all zero":
        return np.zeros(shape, np.uint8)
    threshold = float(rule.rstrip(")").split(">")[1])
    return (noise(fill, entry["inputs"]["label"]["seed"], shape) > threshold).astype(np.uint8)


@pytest.mark.parametrize(
    "name",
    [
        "binary_accuracy_a",
        "binary_accuracy_correlated",
        "binary_accuracy_false_positives_only_scored_perfect",
        "binary_accuracy_missed_building_scored_perfect",
    ],
)
def test_per_image_equals_the_published_script(fill, published, name):
    entry = published[name]
    given = entry["inputs"]["prob"]
    threshold = float(given["rule"].split("->")[0].split(">")[1])
    probability = 1 / (1 + np.exp(-3 * noise(fill, given["seed"], given["shape"])))
    counter = create_protocol("clcformer-per-image", CLASSES)
    counter.update(label(fill, entry, given["shape"]), (probability > threshold).astype(np.uint8), name="one")
    values = counter.compute().values
    expected = {figure: entry[figure] for figure in ("acc", "precision", "recall", "f1", "iou")}
    assert values == pytest.approx(expected, abs=1e-9)


def test_multiclass_equals_the_published_script(fill, published):
    entry = published["evaluator_6"]
    height, width = entry["inputs"]["P"]["shape"]

    def classes(seed):
        return np.asarray(fill.image(seed, (1, 6, height, width))).argmax(1)[0].astype(np.uint8)

    prediction, reference = classes(61), classes(62)
    reference[np.asarray(fill.image(5062, (1, height, width)))[0] > 1] = 255
    counter = create_protocol("clcformer-multiclass", tuple("abcdef"))
    counter.update(reference, prediction, name="1")
    counter.update(prediction, prediction, name="2")
    result = counter.compute()
    assert [list(row) for row in result.matrix] == entry["confusion_rows_gt_cols_pred"]
    for column in ("iou", "f1", "precision", "recall"):
        assert [getattr(row, column) for row in result.per_class] == pytest.approx(entry[column], abs=1e-9)
    assert result.values == pytest.approx(
        {
            "miou": entry["reported_mIoU_without_last_class"],
            "mf1": entry["reported_mF1_without_last_class"],
            "oa": entry["oa"],
            "fwiou": entry["fwiou"],
        },
        abs=1e-9,
    )
    assert result.left_out == {"f": "last class of the legend"}


def test_forgiven_images_are_noted():
    empty = np.zeros((20, 20), np.uint8)
    missed = empty.copy()
    missed[0, 0] = 1
    half = empty.copy()
    half[:10] = 1
    counter = create_protocol("clcformer-per-image", CLASSES)
    for name, (reference, prediction) in {
        "empty": (empty, empty),
        "missed": (missed, empty),
        "false": (empty, missed),
        "wrong": (half, 1 - half),
        "ignored": (np.full_like(empty, 255), empty),
    }.items():
        counter.update(reference, prediction, name=name)
    result = counter.compute()
    assert result.values["iou"] == pytest.approx(3 / 4)
    assert "Of 4 images, 1 without any object" in result.notes[0]
    assert "and 2 more" in result.notes[0]
    assert result.in_mean == ("building",)


def test_other_than_two_classes_are_refused():
    with pytest.raises(UsageError, match="two classes"):
        create_protocol("clcformer-per-image", ("a", "b", "c"))
