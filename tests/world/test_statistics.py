import numpy as np
import pytest

from landwright.legends import load_legend
from landwright.world import make_scene
from landwright.world.published import HEIGHTS, SHARES
from landwright.world.statistics import height_facts, is_typical, summarise, table


def test_published_shares_name_the_classes_and_add_up():
    for shares in SHARES.values():
        assert tuple(shares) == load_legend("openearthmap-8").names
        assert sum(shares.values()) == pytest.approx(1, abs=0.02)
    assert all(0 < mean < deviation for mean, deviation in HEIGHTS.values())


def test_pooled_figures_are_those_of_all_pixels():
    scenes = [make_scene(seed, size=96) for seed in range(3)]
    legend = load_legend("openearthmap-8")
    records = [
        {"shares": {e.name: (s.classes == e.code).mean() for e in legend.classes}, "changed": (s.change > 0).mean()}
        | height_facts(s.height)
        for s in scenes
    ]
    summary = summarise(records)
    heights = np.stack([s.height for s in scenes]).astype(float)
    assert summary["height"] == pytest.approx(heights.mean(), abs=0.002)
    assert summary["height_std"] == pytest.approx(heights.std(), abs=0.005)
    assert summary["raised"] == pytest.approx((heights > 1).mean(), abs=0.001)
    assert summary["outliers"] == sum(not is_typical(s.height) for s in scenes)
    assert sum(summary["shares"].values()) == pytest.approx(1, abs=0.001)
    text = table(summary)
    assert "36.8" in text
    assert "Vaihingen" in text
    assert f"{summary['height']:.2f}" in text


@pytest.mark.parametrize(("share", "typical"), [(0.05, False), (0.4, True), (0.95, False)])
def test_outliers(share, typical):
    height = np.zeros(100, np.float32)
    height[: round(share * 100)] = 5
    assert is_typical(height.reshape(10, 10)) is typical
