from __future__ import annotations

import re

import numpy as np

from landwright.evaluation.findings import Evaluation
from landwright.evaluation.protocols import create_protocol
from landwright.evaluation.report.tags import tag_sections
from landwright.evaluation.tags.findings import TagFindings, TagPrecision
from landwright.legends import load_legend

LEGEND = load_legend("building")


def result(right):
    reference = np.array([0, 0, 1, 1], np.uint8)
    counter = create_protocol("pixel-pooled", LEGEND.names)
    counter.update(reference, np.where(np.arange(4) < right, reference, 1 - reference), name="a")
    return counter.compute()


def sections(names):
    found = TagFindings(
        cam=(result(2),),
        pseudo=(result(3),),
        precision=tuple(TagPrecision(name=name, images=5, ap=0.875) for name in names),
        tag_ap=0.875 if names else None,
        images=9,
        tags="tags.csv",
        background_score=0.5,
        rules=("How it is <made>.",),
        notes=("Mind the tiles.",),
    )
    return tag_sections(Evaluation(results=(result(4),), tags=found), found, LEGEND)


def test_three_rows_and_a_table_by_class():
    (section,) = sections(["building"])
    assert re.findall(r'<th scope="row">(CAM|Pseudo label|Map)</th><td class="num">([\d.]+)', section) == [
        ("CAM", "0.250"),
        ("Pseudo label", "0.583"),
        ("Map", "1.000"),
    ]
    for text in ("How it is &lt;made&gt;.", "Mind the tiles.", "9 images", "classes that occur 0.875", "IoU, CAM"):
        assert text in section
    assert section.count("0.875") == 2  # the mean, and that of building; background has no tag


def test_tags_that_are_not_scored_classes_have_their_own_table():
    first, second = sections(["roof"])
    assert "AP of the tag" not in first
    assert "roof" in second
    assert "mean average precision over the classes that occur undefined" in sections([])[0]
