from __future__ import annotations

from dataclasses import replace

import pytest

from landwright.data import Region, Split
from landwright.errors import DataError
from landwright.evaluation import trained_on
from landwright.rasters import Window


@pytest.fixture
def blocks(run, scenes):
    """A run that was trained on the first scene and on the middle of the second."""
    inside = Region(scenes[1], "train", Window(10, 0, 10, 50))
    rest = (Region(scenes[1], "val", Window(0, 0, 10, 50)), Region(scenes[2], "test"))
    Split((Region(scenes[0], "train"), inside, *rest)).save(run / "split.csv")
    return run


def test_images_of_the_training_part_are_told_apart(blocks, scenes):
    inside, outside = (Window(15, 5, 2, 2),), (Window(0, 0, 10, 50),)
    for scored, seen in (
        (dict.fromkeys(scenes, ()), 2),
        ({scenes[0]: outside, scenes[1]: outside}, 1),
        ({scenes[1]: inside}, 1),
        ({scenes[1]: outside, scenes[2]: ()}, 0),
    ):
        found = trained_on(blocks, scored, "masks")
        assert (found.kind, found.images, found.seen) == ("seen" if seen else "inductive", len(scored), seen)
    assert "none of the images" in found.sentence


def test_coarse_labels_leave_the_reference_unseen(blocks, scenes):
    finer = {replace(scene, label=scene.image): () for scene in scenes}
    found = trained_on(blocks, finer, "coarse")
    assert found.kind == "transductive"
    assert found.sentence.startswith("Transductive: 2 of 3 images were trained on (with other labels)")
    # Scored against the very product that it was trained with, there is nothing transductive about it.
    assert trained_on(blocks, dict.fromkeys(scenes, ()), "coarse").kind == "seen"
    assert trained_on(blocks, finer, "masks").kind == "seen"
    assert "too good" in trained_on(blocks, {scenes[0]: ()}, "masks").sentence


def test_what_cannot_be_known_is_said(run, scenes):
    scored = dict.fromkeys(scenes, ())
    without = trained_on(None, scored, "coarse")
    assert (without.kind, without.seen) == ("unknown", None)
    assert "not known: the model has no run folder" in without.sentence
    assert "has no split.csv" in trained_on(run, scored, "coarse").sentence
    (run / "split.csv").write_text("nonsense")
    with pytest.raises(DataError, match=r"split\.csv"):
        trained_on(run, scored, "coarse")
