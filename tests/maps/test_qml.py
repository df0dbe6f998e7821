from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest

from landwright.legends import Legend, LegendClass, list_legends, load_legend
from landwright.maps.qml import (
    CONFIDENCE_RAMP,
    DISAGREEMENT_RAMP,
    PROBABILITY_RAMP,
    Colour,
    class_style,
    ramp_style,
)


@pytest.mark.parametrize("name", list_legends())
def test_class_styles_are_the_legend(name: str) -> None:
    legend = load_legend(name)
    text = class_style(legend)
    assert text.startswith("<!DOCTYPE qgis ")
    root = ET.fromstring(text)
    assert root.tag == "qgis"
    (renderer,) = root.findall("./pipe/rasterrenderer")
    assert (renderer.get("type"), renderer.get("band")) == ("paletted", "1")
    entries = renderer.findall("./colorPalette/paletteEntry")
    found = [(e.get("value"), e.get("label"), e.get("color"), e.get("alpha")) for e in entries]
    assert found == [
        (str(c.code), c.name, f"#{c.colour[0]:02x}{c.colour[1]:02x}{c.colour[2]:02x}", "255") for c in legend.classes
    ]


def test_names_are_escaped() -> None:
    names = ['<grass> & "trees"', "b\x00ll", "Straße 道路"]
    classes = tuple(LegendClass(code=i, name=name, colour=(i, 0, 0)) for i, name in enumerate(names))
    root = ET.fromstring(class_style(Legend(name="odd", classes=classes)))
    assert [e.get("label") for e in root.iter("paletteEntry")] == [names[0], "b\ufffdll", names[2]]


def test_ramps_are_interpolated_between_their_stops() -> None:
    (renderer,) = ET.fromstring(ramp_style(CONFIDENCE_RAMP, "%")).findall("./pipe/rasterrenderer")
    assert renderer.get("type") == "singlebandpseudocolor"
    assert (renderer.get("classificationMin"), renderer.get("classificationMax")) == ("0", "100")
    (shader,) = renderer.findall("./rastershader/colorrampshader")
    assert shader.get("colorRampType") == "INTERPOLATED"
    items = [(item.get("value"), item.get("label"), item.get("color")) for item in shader]
    assert items[0] == ("0", "0 %", "#a50026")
    assert items[-1] == ("100", "100 %", "#1a9641")


@pytest.mark.parametrize("ramp", [CONFIDENCE_RAMP, PROBABILITY_RAMP, DISAGREEMENT_RAMP])
def test_ramps_rise(ramp: Sequence[tuple[float, Colour]]) -> None:
    values = [value for value, _ in ramp]
    assert values == sorted(set(values))
    assert all(0 <= part <= 255 for _, colour in ramp for part in colour)


def test_plain_numbers_have_no_unit() -> None:
    items = ET.fromstring(ramp_style(PROBABILITY_RAMP, "")).findall(".//item")
    assert [item.get("label") for item in items] == ["0", "0.25", "0.5", "0.75", "1"]
