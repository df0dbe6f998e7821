from __future__ import annotations

import numpy as np

from landwright.evaluation.heights import HeightFindings, create_height_protocol
from landwright.evaluation.report.heights import height_figures, height_sections, how_scored
from landwright.evaluation.report.markup import DASH


def result(name, prediction, reference, group=None):
    counter = create_height_protocol(name)
    for of in group or (None,):
        counter.update(np.asarray(prediction, float), np.asarray(reference, float), name="a", group=of)
    return counter.compute()


def test_missing_pixels_and_undefined_figures_are_told():
    found = result("pooled-height", [1, 1, np.nan, 1], [1, 2, 3, 1])
    assert "25.0% of the reference pixels are not mapped" in "".join(filter(None, how_scored(found)))
    figures = height_figures(found)
    assert "<b>0.333 m</b><span>mean absolute error</span>" in figures
    assert f"<b>{DASH}</b><span>MAE above 3 m</span>" in figures


def test_sets_have_a_table_only_where_there_are_some():
    pixels = np.linspace(0, 9, 100), np.linspace(0, 10, 100)
    for groups, titles in ((None, 0), (("a", "b"), 1)):
        sections = "".join(
            height_sections(HeightFindings(results=(result("pooled-height", *pixels, groups),), scenes=()))
        )
        assert sections.count("Heights by set: protocol pooled-height") == titles
        assert sections.count("Error by reference height</figcaption>") == 1
    published = height_sections(HeightFindings(results=(result("synrs3d-height", *pixels, ("a", "b")),), scenes=()))
    text = "".join(published)
    for category in ("whole", "low", "mid", "high"):
        assert text.count(f"<td>{category} (&gt; ") == 3
    assert text.count("1.953") == 3
    assert "all sets" in text
    assert "That is why its deltas are low" in text
