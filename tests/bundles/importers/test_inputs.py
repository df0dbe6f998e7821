import json

import numpy as np
import pytest

from landwright.bundles.importers.inputs import imagenet_inputs, paraformer_inputs


def test_imagenet_in_turn():
    inputs = imagenet_inputs(5)
    assert inputs.bands == ("band-1", "band-2", "band-3", "band-4", "band-5")
    assert inputs.normalization.divide == 255
    assert inputs.normalization.mean == (0.485, 0.456, 0.406, 0.485, 0.456)
    assert imagenet_inputs(3).bands == ("red", "green", "blue")


@pytest.mark.parametrize(
    ("bands", "names", "first", "words"),
    [
        (4, ("red", "green", "blue", "near infrared"), (117.67, 39.25), "NAIP"),
        (3, ("red", "green", "blue"), (106.13, 45.93), "Poland"),
        (1, ("band-1",), (127.0, 127.0), "127"),
        (7, tuple(f"band-{number}" for number in range(1, 8)), (127.0, 127.0), "127"),
    ],
)
def test_paraformer(bands, names, first, words):
    inputs = paraformer_inputs(bands)
    assert inputs.bands == names
    assert words in inputs.words
    scale, shift = inputs.normalization.coefficients()
    assert scale.shape == (bands, 1, 1)
    np.testing.assert_allclose(100 * scale[0] + shift[0], (100 - first[0]) / first[1], rtol=1e-6)


def test_the_published_constants(shared):
    rules = json.loads((shared / "parity/paraformer/data_rules.json").read_text())
    scaling = paraformer_inputs(4).normalization
    assert list(scaling.mean) == rules["image_means"]
    assert list(scaling.std) == rules["image_stds"]
