"""Counts of tags."""

from __future__ import annotations

import json

from landwright.data.tag_counts import tag_counts


def test_counts() -> None:
    tags = {
        "a": frozenset({"road", "tree"}),
        "b": frozenset({"road"}),
        "c": frozenset({"tree", "road"}),
        "d": frozenset[str](),
    }
    counts = tag_counts(tags, ["tree", "road", "water"])
    assert (counts.images, counts.mean) == (4, 1.25)
    assert counts.counts.tolist() == [2, 3, 0]
    assert counts.together.tolist() == [[2, 2, 0], [2, 3, 0], [0, 0, 0]]
    assert counts.combinations == ((("tree", "road"), 2), ((), 1), (("road",), 1))
    assert counts.without == ("d",)
    assert (counts.everywhere, counts.nowhere) == ((), ("water",))
    assert counts.notes("sea")[1] == "1 of 4 images have no tag: sea alone"
    assert "leave them out" in counts.notes(None)[1]
    assert tag_counts({"b": tags["b"]}, ["tree", "road"]).everywhere == ("road",)
    assert json.loads(json.dumps(counts.to_dict()))["counts"] == {"tree": 2, "road": 3, "water": 0}


def test_no_images() -> None:
    counts = tag_counts({}, ["tree"])
    assert (counts.mean, counts.everywhere, counts.together.tolist()) == (0.0, (), [[0]])
