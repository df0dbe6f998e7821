from __future__ import annotations

import numpy as np
import pytest

from landwright.errors import DataError, UsageError
from landwright.evaluation.heights import HeightPair
from landwright.evaluation.heights.compare import HeightComparison
from landwright.evaluation.trained import TrainedOn
from landwright.legends import load_legend
from landwright.rasters import Window


def slope(rows, cols):
    return np.add.outer(np.arange(rows), np.arange(cols)) / 4


def test_a_map_and_its_reference(save):
    wanted = slope(40, 60)
    found = wanted + 1
    wanted[0, 0], found[0, 1] = np.nan, -9999
    wanted[1, 1] = 5000
    pair = HeightPair("s", save("map.tif", found, nodata=-9999), save("ndsm.tif", wanted))
    comparison = HeightComparison(previews=1)
    done = []
    scene = comparison.add(pair, advance=done.append)
    assert sum(done) == 2400
    assert (scene.aligned, scene.pixels, scene.mae, scene.bias) == ("exact", 2397, 1, 1)
    findings = comparison.finish(TrainedOn(kind="inductive", images=1, seen=0))
    pooled, published = findings.results
    assert (pooled.protocol, published.protocol) == ("pooled-height", "synrs3d-height")
    assert (pooled.values["mae"], pooled.unmapped) == (1, 1)
    assert published.values["mae_whole"] > 1.0001, "what is unknown counts as ground there"
    assert published.notes[0] == "2 pixels without a usable reference height count as ground."
    assert all("Inductive" in result.notes[-1] for result in findings.results)
    (seen,) = comparison.seen
    assert (seen.shape, seen.gsd) == ((40, 60), pytest.approx(0.5, rel=0.01))
    assert np.isnan(seen.prediction[0, 1])
    assert seen.image is None


def test_a_reference_on_another_grid_is_warped(save):
    pair = HeightPair("s", save("map.tif", slope(40, 40)), save("ndsm.tif", slope(20, 20) * 2 + 0.25, pixel=1.0))
    comparison = HeightComparison()
    scene = comparison.add(pair)
    assert scene.aligned == "warped"
    assert scene.mae < 0.1
    assert comparison.finish().results[0].pixels > 1500


def test_only_regions_count_and_their_centre_is_none(save):
    wanted = np.full((512, 512), 5.0)
    wanted[:4] = 100
    files = save("map.tif", np.full((512, 512), 5.0)), save("ndsm.tif", wanted)
    whole, part = HeightComparison(("synrs3d-height",)), HeightComparison(("synrs3d-height",))
    whole.add(HeightPair("s", *files))
    part.add(HeightPair("s", *files, regions=(Window(0, 0, 8, 512),)))
    assert whole.finish().results[0].values["mae_whole"] == 0
    assert whole.finish().results[0].pixels == 504 * 504
    assert part.finish().results[0].values["mae_whole"] == 47.5


def test_errors_by_class(save):
    legend = load_legend("openearthmap-8")
    codes = np.where(slope(20, 20) > 5, 8, 1)
    label = save("lc.tif", codes, dtype=np.uint8)
    comparison = HeightComparison(("pooled-height",), legend)
    comparison.add(HeightPair("s", save("m.tif", slope(20, 20)), save("r.tif", np.zeros((20, 20))), label=label))
    comparison.add(HeightPair("t", save("m2.tif", slope(20, 20)), save("r2.tif", np.zeros((20, 20)))))
    rows = [row for row in comparison.finish().results[0].rows if row.kind == "class"]
    assert [(row.name, row.pixels) for row in rows] == [
        (legend.names[0], int((codes == 1).sum())),
        (legend.names[7], int((codes == 8).sum())),
    ]
    assert rows[1].mae > 5 > rows[0].mae


def test_classes_are_no_heights(save):
    heights = save("h.tif", slope(20, 20))
    coloured = save("c.tif", np.ones((20, 20)), dtype=np.uint8, colormap={1: (255, 0, 0, 255)})
    tagged = save("t.tif", np.ones((20, 20)), tags={"CLASSES": "[]"})
    rgb = save("rgb.tif", np.ones((3, 20, 20)), dtype=np.uint8)
    for path in (coloured, tagged):
        for pair in (HeightPair("s", path, heights), HeightPair("s", heights, path)):
            with pytest.raises(UsageError, match="classes, not heights"):
                HeightComparison().add(pair)
    with pytest.raises(DataError, match="has 3 bands"):
        HeightComparison().add(HeightPair("s", rgb, heights))


def test_other_ground_is_refused(save, tmp_path):
    far = save("far.tif", slope(20, 20), pixel=0.7)
    with pytest.raises(DataError, match="no such file"):
        HeightComparison().add(HeightPair("s", far, tmp_path / "none.tif"))


def test_imagery_is_shown(save):
    image = save("rgb.tif", np.random.default_rng(0).integers(0, 255, (3, 20, 20)), dtype=np.uint8)
    comparison = HeightComparison(previews=1)
    comparison.add(HeightPair("s", save("m.tif", slope(20, 20)), save("r.tif", slope(20, 20)), image))
    assert comparison.seen[0].image.shape == (3, 20, 20)
