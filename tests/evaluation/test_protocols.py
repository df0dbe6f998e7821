from __future__ import annotations

import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from landwright.errors import DataError, UsageError
from landwright.evaluation.protocols import create_protocol, list_protocols, protocol_description
from landwright.legends import list_legends, load_legend

NAMES = ("background", "building")


def image(seed, classes=2, shape=(12, 16), ignore=True):
    generator = np.random.default_rng(seed)
    reference = generator.integers(0, classes, shape).astype(np.uint8)
    prediction = np.where(generator.random(shape) < 0.7, reference, generator.integers(0, classes, shape))
    if ignore:
        reference[generator.random(shape) < 0.1] = 255
    return reference, prediction.astype(np.uint8)


def classes_for(protocol):
    return load_legend(protocol).names if protocol in list_legends() else NAMES


def run(protocol, images, names=None):
    counter = create_protocol(protocol, names or classes_for(protocol))
    for name, (reference, prediction) in images:
        counter.update(reference, prediction, name=name)
    return counter.compute()


def test_the_default_comes_first_and_all_describe_themselves():
    names = list_protocols()
    assert names[0] == "pixel-pooled"
    assert {"clcformer-per-image", "clcformer-multiclass", "chesapeake-4", "poland-4"} < set(names)
    assert all(len(protocol_description(name)) > 40 for name in names)


def test_unknown_protocol_names_the_known_ones():
    with pytest.raises(UsageError, match="pixel-pooled"):
        create_protocol("nonsense", NAMES)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=5, unique=True), st.sampled_from(list_protocols()))
def test_order_of_images_does_not_matter(seeds, protocol):
    images = [(str(seed), image(seed)) for seed in seeds]
    shuffled = random.Random(0).sample(images, len(images))
    one, other = run(protocol, images), run(protocol, shuffled)
    assert one.matrix == other.matrix
    assert one.values == pytest.approx(other.values)


@settings(max_examples=20, deadline=None)
@given(st.lists(arrays(np.uint8, (2, 5, 6), elements=st.sampled_from([0, 1, 2, 255])), min_size=1, max_size=4))
def test_pooling_is_concatenation(pairs):
    joined = np.concatenate(pairs, axis=1)
    if not ((joined[0] != 255) & (joined[1] != 255)).any():
        return
    names = ("a", "b", "c")
    many = run("pixel-pooled", [(str(n), pair) for n, pair in enumerate(pairs)], names)
    one = run("pixel-pooled", [("all", joined)], names)
    assert (many.values, many.matrix, many.unmapped) == (one.values, one.matrix, one.unmapped)
    assert (many.images, one.images) == (len(pairs), 1)


@pytest.mark.parametrize("protocol", list_protocols())
def test_windows_of_one_image_are_one_image(protocol):
    first, second = image(1), image(2)
    whole = run(protocol, [("1", first), ("2", second)])
    parts = [("1", (first[0][:5], first[1][:5])), ("2", second), ("1", (first[0][5:], first[1][5:]))]
    assert run(protocol, parts) == whole


@pytest.mark.parametrize("protocol", list_protocols())
def test_states_of_two_processes_add_up(protocol):
    images = [(str(seed), image(seed)) for seed in range(5)]
    ranks = [create_protocol(protocol, classes_for(protocol)) for _ in range(2)]
    for number, (name, (reference, prediction)) in enumerate(images):
        ranks[number % 2].update(reference, prediction, name=name)
    total = ranks[0].state() + ranks[1].state()
    ranks[0].load_state(total)
    merged, whole = ranks[0].compute(), run(protocol, images)
    assert merged.values == pytest.approx(whole.values)
    assert (merged.matrix, merged.images, merged.notes) == (whole.matrix, whole.images, whole.notes)


def test_unmapped_pixels_are_counted_apart():
    reference = np.array([[0, 0, 1, 1, 255]], np.uint8)
    prediction = np.array([[0, 255, 1, 255, 255]], np.uint8)
    result = run("pixel-pooled", [("x", (reference, prediction))])
    assert result.values["oa"] == 1
    assert result.unmapped == (1, 1)
    assert result.unmapped_share == pytest.approx(0.5)
    assert result.pixels == 2


@pytest.mark.parametrize("protocol", list_protocols())
def test_nothing_to_score_is_an_error(protocol):
    ignored = np.full((3, 3), 255, np.uint8)
    counter = create_protocol(protocol, classes_for(protocol))
    with pytest.raises(DataError, match="nothing to score"):
        counter.compute()
    counter.update(ignored, np.zeros_like(ignored), name="x")
    with pytest.raises(DataError, match="nothing to score"):
        counter.compute()


def test_absent_and_invented_classes_are_named():
    reference = np.array([[0, 0, 1, 1]], np.uint8)
    prediction = np.array([[0, 0, 1, 2]], np.uint8)
    result = run("pixel-pooled", [("x", (reference, prediction))], ("a", "b", "c", "d"))
    assert result.in_mean == ("a", "b", "c")
    assert result.left_out == {"d": "absent from reference and prediction"}
    assert result.values["miou"] == pytest.approx((1 + 0.5 + 0) / 3)
    assert "c" in result.notes[0]
    assert "Not in the means: d" in result.sentence
    json.loads(result.model_dump_json())


def test_figures_by_name():
    result = run("pixel-pooled", [("x", image(3))])
    assert result.figure("miou") == result.values["miou"]
    assert result.figure("recall.building") == result.per_class[1].recall
    for wrong in ("nonsense", "iou.nonsense", "name.building"):
        with pytest.raises(UsageError, match=r"iou\.CLASS"):
            result.figure(wrong)


def test_card_keeps_defined_figures_only():
    reference = np.zeros((1, 4), np.uint8)
    card = run("pixel-pooled", [("x", (reference, reference))]).card("test part")
    assert card.values == {"miou": 1.0, "mf1": 1.0, "oa": 1.0}
    assert (card.protocol, card.data, card.classes) == ("pixel-pooled", "test part", ("background",))
