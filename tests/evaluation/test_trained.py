from __future__ import annotations

from dataclasses import replace
from pathlib import Path

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


def test_tags_leave_the_masks_unseen(blocks, scenes):
    found = trained_on(blocks, dict.fromkeys(scenes, ()), "tags")
    assert (found.kind, found.seen, found.agreement) == ("transductive", 2, None)
    assert trained_on(blocks, {scenes[2]: ()}, "tags").kind == "inductive"


def test_scores_against_the_coarse_product_are_counted(blocks, scenes, monkeypatch):
    """On images of any part and on others, however the files are named; the kind stays what it is."""
    finer = replace(scenes[0], label=scenes[0].image)
    other = replace(scenes[0], image=scenes[0].label)  # an image that the run does not know
    monkeypatch.chdir(blocks.parent)
    roundabout = replace(scenes[2], label=Path("images/../labels/s2.tif"))
    for scored, kind, agreement in (
        ([finer], "transductive", 0),
        ([finer, scenes[2]], "transductive", 1),
        ([roundabout], "inductive", 1),
        ([other, scenes[2]], "inductive", 2),
        (scenes, "seen", 3),
    ):
        found = trained_on(blocks, dict.fromkeys(scored, ()), "coarse")
        assert (found.kind, found.agreement) == (kind, agreement)
        assert ("agreement with them, not accuracy" in found.sentence) == (agreement > 0)
        assert found.sentence.startswith(kind.title())
        masks = trained_on(blocks, dict.fromkeys(scored, ()), "masks")
        assert (masks.agreement, masks.caution) == (None, "")
    assert found.sentence.endswith(
        " 3 of 3 images were scored against the coarse labels that the model learned from: agreement with them, not "
        "accuracy."
    )


def test_a_product_in_one_file_counts_for_every_image(run, scenes):
    product = run / "nlcd.tif"
    Split((Region(replace(scenes[0], label=product), "train"),)).save(run / "split.csv")
    scored = {replace(scene, label=product): () for scene in scenes[1:]}
    assert trained_on(run, scored, "coarse").caution.startswith("2 of 2 images were scored against the coarse labels")


def test_what_cannot_be_known_is_said(run, scenes):
    scored = dict.fromkeys(scenes, ())
    without = trained_on(None, scored, "coarse")
    assert (without.kind, without.seen, without.agreement) == ("unknown", None, None)
    assert "not known: the model has no run folder" in without.sentence
    assert "has no split.csv" in trained_on(run, scored, "coarse").sentence
    (run / "split.csv").write_text("nonsense")
    with pytest.raises(DataError, match=r"split\.csv"):
        trained_on(run, scored, "coarse")


def test_adaptation_without_labels_is_told(run, scenes):
    bare = [replace(scene, label=None) for scene in scenes]
    Split((Region(scenes[0], "train"),)).with_targets([bare[0], bare[1]]).save(run / "split.csv")
    every = "Transductive: the model was adapted to these images without their labels."
    some = "Transductive: the model was adapted to 1 of these 2 images without their labels."
    for scored, kind, adapted, said in (
        ([scenes[1]], "adapted", 1, every),
        (scenes[1:], "adapted", 1, some),
        ([bare[1]], "adapted", 1, every),
        ([scenes[2]], "inductive", 0, "Inductive: none of the images was trained on."),
        ([scenes[0]], "seen", 0, "Seen in training: 1 of 1 image was trained on"),
        (scenes[:2], "seen", 1, "Besides, the model was adapted to 1 of these 2 images without their labels."),
    ):
        found = trained_on(run, dict.fromkeys(scored, ()), "synthetic")
        assert (found.kind, found.adapted) == (kind, adapted)
        assert said in found.sentence
    assert "Transductive" not in found.sentence


def test_scenes_without_labels_are_no_agreement(blocks, scenes):
    bare = {replace(scenes[0], label=None): ()}
    found = trained_on(blocks, bare, "coarse")
    assert (found.kind, found.agreement) == ("transductive", 0)
