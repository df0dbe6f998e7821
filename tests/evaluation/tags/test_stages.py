from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from landwright.errors import UsageError
from landwright.evaluation.tags import stages
from landwright.evaluation.tags.picture import picture
from landwright.evaluation.tags.stages import Stager, StageRules, rules_of

CPU, DEFAULT = torch.device("cpu"), StageRules()


def looked(bundle, pixels, tags, valid=None, rules=DEFAULT):
    valid = np.ones(pixels.shape[1:], bool) if valid is None else valid
    return Stager(bundle, CPU, rules)(pixels, valid, np.array(tags, bool))


@pytest.fixture
def pixels():
    """A quarter each of background, pool, roof and tree."""
    return np.kron(np.array([[0, 1], [2, 3]]), np.ones((16, 16)))[None].astype(np.float32)


def test_only_tags_are_chosen(make_bundle, pixels):
    found = looked(make_bundle(), pixels, [1, 0, 1])
    for label in (found.cam, found.pseudo):
        assert set(np.unique(label)) == {0, 1, 3}
        assert label[4, 28] == 1
        assert label[28, 28] == 3
        assert label[4, 4] == 0
    assert found.logits.shape == (3,)
    assert found.strength[4, 28] > 250
    assert found.strongest[4, 28] == 1
    assert found.strength.dtype == np.uint8


def test_every_pixel_gets_a_class_without_a_background(make_bundle, pixels):
    found = looked(make_bundle(background=False), pixels, [1, 1, 1, 1])
    for label in (found.cam, found.pseudo):
        assert [label[4, 4], label[4, 28], label[28, 4], label[28, 28]] == [0, 1, 2, 3]
    nothing = looked(make_bundle(background=False), pixels, [0, 0, 0, 0])
    assert set(np.unique(nothing.cam)) == set(np.unique(nothing.pseudo)) == {255}
    assert set(np.unique(nothing.strongest)) == {255}


def test_no_tag_is_background_alone(make_bundle, pixels):
    found = looked(make_bundle(), pixels, [0, 0, 0])
    assert not found.cam.any()
    assert not found.pseudo.any()


def test_pixels_without_a_value_have_no_label(make_bundle, pixels):
    valid = np.ones((32, 32), bool)
    valid[:, 20:] = False
    pixels[:, :, 20:] = np.nan
    found = looked(make_bundle(), pixels, [1, 1, 1], valid)
    for label in (found.cam, found.pseudo, found.strongest):
        assert (label[:, 20:] == 255).all()
    assert not found.strength[:, 20:].any()
    assert set(np.unique(found.cam[:, :20])) <= {0, 1, 2, 3}


def test_nodata_does_not_stretch_the_maps(make_bundle, pixels):
    # Only roof (2.3) is left, and no value is farther from pool (1) than it is.
    pixels[:, :, 16:], pixels[:, 20:, :16] = 7, 2.3
    valid = np.zeros((32, 32), bool)
    valid[16:, :16] = True
    bundle = make_bundle()
    mended = looked(bundle, pixels, [0, 1, 0], valid)
    official = looked(bundle, pixels, [0, 1, 0], valid, StageRules(official=True))
    assert mended.strength[~valid].max() == 0
    assert mended.strength[valid].min() == 0
    assert official.strength[valid].min() > 0


@pytest.mark.parametrize("official", [True, False])
def test_colours_are_those_of_the_training(make_bundle, pixels, monkeypatch, official):
    seen = {}

    def refined(colours, cam, tags, **settings):
        seen.update(settings, colours=colours)
        return torch.zeros(1, 4, *cam.shape[2:])

    monkeypatch.setattr(stages, "refined_scores", refined)
    looked(make_bundle(), pixels, [1, 1, 1], rules=StageRules(official=official))
    assert torch.equal(seen["colours"], picture(torch.from_numpy(pixels)[None]))
    assert (seen["official"], seen["bkg"]) == (official, 0.5)


def test_rules_of_a_run(make_bundle, tmp_path, monkeypatch):
    bundle = make_bundle()
    assert rules_of(bundle, None) == rules_of(bundle, tmp_path) == StageRules(0.5, (1.0, 0.5, 1.5), 1, official=False)
    (tmp_path / "recipe.yaml").write_text("")
    tags = SimpleNamespace(background_score=0.6, cam_scales=(1.0,), min_pixels=9)
    recipe = SimpleNamespace(tags=tags, loss=SimpleNamespace(paper=True))
    monkeypatch.setattr(stages, "load_recipe", lambda path, saved: recipe)
    assert rules_of(bundle, tmp_path) == StageRules(0.6, (1.0,), 9, official=True)
    assert rules_of(bundle, tmp_path, 0.7) == StageRules(0.7, (1.0,), 9, official=True)
    recipe.tags = None
    assert rules_of(bundle, tmp_path) == StageRules()
    assert rules_of(bundle, None, 0.6) == StageRules(0.6)


def test_a_model_without_a_background_has_no_score_of_it(make_bundle):
    with pytest.raises(UsageError, match="there is no background"):
        rules_of(make_bundle(background=False), None, 0.6)
