from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landwright.evaluation.report.charts import HEIGHT, WIDTH, Series, line_chart, ticks
from landwright.evaluation.report.curves import draw_curves, read_curves

numbers = st.floats(-1e9, 1e9, allow_nan=False)


@given(numbers, numbers)
def test_ticks_enclose_the_range(one, other):
    low, high = sorted((one, other))
    found = ticks(low, high)
    step = found[1] - found[0]
    assert found[0] <= low + 1e-6 * step
    assert found[-1] >= high - 1e-6 * step
    assert 2 <= len(found) <= 8


def test_ticks_are_round():
    assert ticks(0.13, 0.78) == [0, 0.2, 0.4, 0.6, 0.8]
    assert ticks(5, 5) == [2, 3, 4, 5, 6, 7, 8] or ticks(5, 5)[0] < 5 < ticks(5, 5)[-1]


def test_chart_is_well_formed_and_stays_inside():
    chart = line_chart("Loss & more", [Series("a", (0, 5, 10), (3, 1, 2)), Series("b", (5,), (2,))])
    root = ET.fromstring(chart)
    for line in root.iter("polyline"):
        for point in line.get("points").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT
    assert len(list(root.iter("circle"))) == 1  # a single point is no line
    assert root.find("figcaption").text == "Loss & more"


def test_curves_of_a_run(tmp_path):
    logs = tmp_path / "logs" / "version_0"
    logs.mkdir(parents=True)
    (logs / "metrics.csv").write_text(
        "epoch,step,lr,train/loss,val/miou,note\n0,5,0.1,1.0,,x\n0,0,0.1,2.0,,\n0,9,,nan,0.4,\nbroken\n"
    )
    curves = read_curves(tmp_path)
    assert curves == [Series("train/loss", (0, 5), (2, 1)), Series("val/miou", (9,), (0.4,))]
    charts = draw_curves(curves)
    assert ["Training loss" in chart for chart in charts] == [True, False]
    assert draw_curves(read_curves(tmp_path / "elsewhere")) == []


@pytest.mark.parametrize("values", [(0.5,), (1e-9, 2e-9), (-3, 1e6)])
def test_any_scale_can_be_drawn(values):
    ET.fromstring(line_chart("x", [Series("a", tuple(range(len(values))), values)]))
