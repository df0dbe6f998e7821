from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from landwright.evaluation.tags import stages
from landwright.evaluation.tags.stages import Stager, StageRules, rules_of

CPU = torch.device("cpu")


def looked(bundle, pixels, tags, valid=None):
    valid = np.ones(pixels.shape[1:], bool) if valid is None else valid
    return Stager(bundle, CPU, StageRules())(pixels, valid, np.array(tags, bool))


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


def test_rules_of_a_run(tmp_path, monkeypatch):
    assert rules_of(None) == rules_of(tmp_path) == StageRules(0.5, (1.0, 0.5, 1.5))
    (tmp_path / "recipe.yaml").write_text("")
    tags = SimpleNamespace(background_score=0.6, cam_scales=(1.0,))
    monkeypatch.setattr(stages, "load_recipe", lambda path, saved: SimpleNamespace(tags=tags))
    assert rules_of(tmp_path) == StageRules(0.6, (1.0,))
    monkeypatch.setattr(stages, "load_recipe", lambda path, saved: SimpleNamespace(tags=None))
    assert rules_of(tmp_path) == StageRules()
