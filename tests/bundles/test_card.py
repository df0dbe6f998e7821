import numpy as np
import pytest
from pydantic import ValidationError

from landwright.bundles import Normalization


def test_coefficients_normalise():
    scaling = Normalization(divide=100, mean=(0.5, 0.25), std=(0.1, 0.2))
    scale, shift = scaling.coefficients()
    assert scale.shape == shift.shape == (2, 1, 1)
    assert scale.dtype == shift.dtype == np.float32
    image = np.array([50.0, 80.0])[:, None, None]
    np.testing.assert_allclose((image * scale + shift).ravel(), [(0.5 - 0.5) / 0.1, (0.8 - 0.25) / 0.2], atol=1e-6)


@pytest.mark.parametrize("wrong", [{"std": (1.0,)}, {"std": (0.0, 1.0)}, {"divide": 0}])
def test_scaling_that_makes_no_sense(wrong):
    with pytest.raises(ValidationError):
        Normalization(**{"mean": (0.0, 0.0), "std": (1.0, 1.0), **wrong})


def test_logits_and_legend_must_agree(card):
    with pytest.raises(ValidationError, match="2 logits, the legend 6 classes"):
        card.model_validate(card.model_dump() | {"network": {"name": "tiny-bundle", "classes": 2}})


@pytest.mark.parametrize("outputs", [["classes"], ["height"], ["classes", "height"]])
def test_outputs_are_classes_and_heights(card, outputs):
    assert card.model_validate(card.model_dump() | {"outputs": outputs}).outputs == tuple(outputs)


@pytest.mark.parametrize("outputs", [[], ["height", "classes"], ["height", "height"], ["depth"]])
def test_other_outputs_are_refused(card, outputs):
    with pytest.raises(ValidationError, match="outputs"):
        card.model_validate(card.model_dump() | {"outputs": outputs})


def test_two_dates_have_an_even_number_of_bands(card):
    with pytest.raises(ValidationError, match="3 bands are not those of 2 dates"):
        card.model_validate(card.model_dump() | {"dates": 2})
