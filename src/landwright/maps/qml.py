"""QGIS style files: beside a map and with its name, QGIS opens the map in the legend's colours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from landwright.legends import Legend

Colour = tuple[int, int, int]

CONFIDENCE_RAMP: Sequence[tuple[float, Colour]] = (
    (0, (165, 0, 38)),
    (50, (253, 174, 97)),
    (75, (255, 255, 191)),
    (100, (26, 150, 65)),
)
"""Colours of confidence in percent, red to green through light yellow."""

PROBABILITY_RAMP: Sequence[tuple[float, Colour]] = (
    (0, (255, 255, 255)),
    (0.25, (199, 233, 192)),
    (0.5, (116, 196, 118)),
    (0.75, (35, 139, 69)),
    (1, (0, 68, 27)),
)
"""Colours of the probability of one class in 0..1, white to green."""

DISAGREEMENT_RAMP: Sequence[tuple[float, Colour]] = (
    (0, (255, 255, 255)),
    (10, (203, 201, 226)),
    (30, (117, 107, 177)),
    (70, (63, 0, 125)),
)
"""Colours of disagreement in percent, white to violet; two windows that are sure of two classes make 71."""

_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_VERSION = "3.28.0"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def class_style(legend: Legend) -> str:
    """Return a QML document that paints codes in the legend's colours and names; nodata is not drawn."""
    qgis, pipe = _document()
    renderer = _renderer(pipe, "paletted")
    palette = ET.SubElement(renderer, "colorPalette")
    for entry in legend.classes:
        ET.SubElement(
            palette,
            "paletteEntry",
            {"value": str(entry.code), "label": _clean(entry.name), "color": _hex(entry.colour), "alpha": "255"},
        )
    return _text(qgis, pipe)


def ramp_style(ramp: Sequence[tuple[float, Colour]], unit: str) -> str:
    """Return a QML document that paints numbers in colours interpolated between the stops of ``ramp``.

    Args:
        ramp: Values in increasing order with their colours.
        unit: Written behind each value in the legend; empty for plain numbers.
    """
    low, high = f"{ramp[0][0]:g}", f"{ramp[-1][0]:g}"
    qgis, pipe = _document()
    renderer = _renderer(pipe, "singlebandpseudocolor", classificationMin=low, classificationMax=high)
    shader = ET.SubElement(
        ET.SubElement(renderer, "rastershader"),
        "colorrampshader",
        {
            "colorRampType": "INTERPOLATED",
            "classificationMode": "1",
            "clip": "0",
            "minimumValue": low,
            "maximumValue": high,
        },
    )
    for value, colour in ramp:
        item = {
            "value": f"{value:g}",
            "label": _clean(f"{value:g} {unit}".rstrip()),
            "color": _hex(colour),
            "alpha": "255",
        }
        ET.SubElement(shader, "item", item)
    return _text(qgis, pipe)


def _document() -> tuple[ET.Element, ET.Element]:
    qgis = ET.Element("qgis", {"version": _VERSION, "styleCategories": "Symbology"})
    return qgis, ET.SubElement(qgis, "pipe")


def _renderer(pipe: ET.Element, kind: str, **attributes: str) -> ET.Element:
    common = {"type": kind, "band": "1", "opacity": "1", "alphaBand": "-1", "nodataColor": ""}
    renderer = ET.SubElement(pipe, "rasterrenderer", common | attributes)
    ET.SubElement(renderer, "rasterTransparency")
    return renderer


def _text(qgis: ET.Element, pipe: ET.Element) -> str:
    ET.SubElement(pipe, "brightnesscontrast", {"brightness": "0", "contrast": "0"})
    ET.SubElement(pipe, "huesaturation", {"saturation": "0", "grayscaleMode": "0", "colorizeOn": "0"})
    ET.SubElement(pipe, "rasterresampler", {"maxOversampling": "2"})
    ET.SubElement(qgis, "blendMode").text = "0"
    ET.indent(qgis)
    return _DOCTYPE + ET.tostring(qgis, encoding="unicode") + "\n"


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
