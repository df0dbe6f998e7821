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
    assert counts.notes("sea")[0] == "every one of the 2 images with tree has road too"
    assert counts.notes("sea")[2] == "1 of 4 images have no tag: sea alone"
    assert "leave them out" in counts.notes(None)[2]
    assert tag_counts({"b": tags["b"]}, ["tree", "road"]).everywhere == ("road",)
    assert json.loads(json.dumps(counts.to_dict()))["counts"] == {"tree": 2, "road": 3, "water": 0}


def test_no_images() -> None:
    counts = tag_counts({}, ["tree"])
    assert (counts.mean, counts.everywhere, counts.together.tolist()) == (0.0, (), [[0]])


def test_classes_that_come_together() -> None:
    rows = ["house road land car", "house road land", "land tree", "land tree water", "field", "field marsh water"]
    tags = {f"{number}": frozenset(row.split()) for number, row in enumerate(rows)}
    names = ["car", "house", "road", "tree", "land", "field", "marsh", "water"]
    assert tag_counts(tags, names).notes(None) == (
        "house and road always come together, in 2 images: tags alone cannot tell them apart",
        "every one of the 2 images with house and road has land too",
        "every one of the 2 images with tree has land too",
    )
    # A class of every image is no news beside another, and a class of one image says nothing.
    everywhere = {name: said | {"sky"} for name, said in tags.items() if "house" in said} | {"x": frozenset({"sky"})}
    assert tag_counts(everywhere, ["sky", "house", "car", "land"]).notes(None) == (
        "sky is in every image: tags alone cannot tell where it is; smaller images would help",
        "house and land always come together, in 2 images: tags alone cannot tell them apart",
    )


def test_only_a_few_remarks_on_them() -> None:
    names = [f"class {number}" for number in range(9)]
    tags = {f"{image}": frozenset(names[: 1 + image // 2]) for image in range(18)} | {"none": frozenset[str]()}
    notes = [note for note in tag_counts(tags, names).notes("ground") if "every one" in note]
    assert notes == [
        "every one of the 16 images with class 1 has class 0 too",
        "every one of the 14 images with class 2 has class 0 and class 1 too",
        "every one of the 12 images with class 3 has class 0, class 1 and class 2 too",
    ]
