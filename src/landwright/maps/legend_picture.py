"""The legend as a picture: scalable, so that text stays text."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from landwright.legends import Legend

_ROW = 24
_SWATCH = 16
_CHARACTER = 8.5
_FONT = "system-ui, sans-serif"


def legend_svg(legend: Legend, *, columns: int = 1) -> str:
    """Draw the classes of a legend as coloured squares with their names.

    Args:
        legend: The classes.
        columns: Number of columns, filled from top to bottom.

    Returns:
        An SVG document, to be written as a file or put into HTML.
    """
    rows = -(-len(legend) // columns)
    cell = 2 * _SWATCH + _CHARACTER * max(len(name) for name in legend.names)
    width, height = f"{columns * cell:g}", str(rows * _ROW)
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "width": width, "height": height, "role": "img"})
    ET.SubElement(svg, "title").text = legend.title or legend.name
    for place, entry in enumerate(legend.classes):
        left, top = place // rows * cell, place % rows * _ROW
        ET.SubElement(
            svg,
            "rect",
            {
                "x": f"{left + 1:g}",
                "y": f"{top + (_ROW - _SWATCH) / 2:g}",
                "width": str(_SWATCH),
                "height": str(_SWATCH),
                "fill": "#{:02x}{:02x}{:02x}".format(*entry.colour),
                "stroke": "#888888",
            },
        )
        text = ET.SubElement(
            svg,
            "text",
            {
                "x": f"{left + 1.5 * _SWATCH:g}",
                "y": f"{top + _ROW / 2:g}",
                "dominant-baseline": "central",
                "font-family": _FONT,
                "font-size": "14",
            },
        )
        text.text = entry.name
    return ET.tostring(svg, encoding="unicode")
