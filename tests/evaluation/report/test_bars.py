from xml.etree import ElementTree as ET

from landwright.evaluation.report.bars import bar_chart
from landwright.evaluation.report.charts import HEIGHT, WIDTH


def test_bars_start_at_zero_and_stay_inside():
    chart = bar_chart("Errors & more", ["up to 1", "1 to 3"], {"MAE": [1.0, 2.0], "bias": [0.5, -1.5]}, unit="metres")
    root = ET.fromstring(chart)
    bars = [rect for rect in root.iter("rect") if float(rect.get("y")) < HEIGHT - 20]
    assert len(bars) == 4
    for rect in bars:
        x, y, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
        assert x >= 0
        assert x + width <= WIDTH
        assert y >= 0
        assert y + height <= HEIGHT
    first, second, above, below = bars
    assert float(second.get("height")) / float(first.get("height")) < 0.6
    assert float(above.get("y")) + float(above.get("height")) <= float(below.get("y")) + 0.2
    assert [text.text for text in root.iter("text")][-1] == "metres"
    assert root.find("figcaption").text == "Errors & more"


def test_no_error_at_all_can_be_drawn():
    ET.fromstring(bar_chart("x", ["one"], {"MAE": [0.0]}, unit="m"))
