from __future__ import annotations

from dataclasses import replace

import pytest

from landwright.bundles import NetworkCard
from landwright.errors import DataError, UsageError
from landwright.evaluation.tags.source import tag_classes, tag_source


def test_tags_of_a_file(make_bundle, scenes, tmp_path):
    path = tmp_path / "tags.csv"
    path.write_text("image,tags\ns0,pool;roof\ns1,roof;tree\ns2,\n")
    found = tag_source(str(path), scenes, make_bundle())
    assert found.named == {"s0": {"pool", "roof"}, "s1": {"roof", "tree"}, "s2": frozenset()}
    assert (found.origin, found.from_masks) == (str(path), False)
    with pytest.raises(DataError, match="no tag"):
        tag_source(str(path), scenes, make_bundle(background=False))


def test_tags_of_masks(make_bundle, scenes):
    found = tag_source("from-masks", scenes, make_bundle())
    assert found.from_masks
    assert found.segments is None


def test_classes_that_can_be_tags(make_bundle):
    assert tag_classes(make_bundle()) == ("pool", "roof", "tree")
    assert tag_classes(make_bundle(background=False)) == ("background", "pool", "roof", "tree")


def test_a_model_that_did_not_learn_from_tags(make_bundle, scenes):
    bundle = make_bundle()
    network = NetworkCard(name="paraformer", classes=4)
    other = replace(bundle, card=bundle.card.model_copy(update={"network": network}))
    with pytest.raises(UsageError, match=r"paraformer.* has no class activation maps"):
        tag_source("from-masks", scenes, other)


def test_segments_have_to_be_there(make_bundle, scenes, tmp_path):
    with pytest.raises(DataError):
        tag_source("from-masks", scenes, make_bundle(), segments=tmp_path / "nowhere")
