from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from landwright.maps import HEIGHT, HEIGHT_LOSS, HEIGHT_NODATA, SPREAD, Rendering

ALL = [HEIGHT, HEIGHT_LOSS, SPREAD]


@pytest.mark.parametrize("rendering", ALL, ids=lambda rendering: rendering.name)
def test_qgis_and_web_show_the_same_range(rendering: Rendering) -> None:
    (entry,) = rendering.stac().values()
    (renderer,) = ET.fromstring(rendering.style()).findall("./pipe/rasterrenderer")
    low, high = (float(renderer.get(f"classification{end}", "nan")) for end in ("Min", "Max"))
    assert entry["rescale"] == [[low, high]]
    assert entry["nodata"] == HEIGHT_NODATA
    assert entry["assets"] == [rendering.name]
    values = [value for value, _ in rendering.ramp]
    assert all(below < above for below, above in pairwise(values))
    assert {item.get("label", "")[-2:] for item in renderer.iter("item")} == {" m"}


def test_no_change_is_neutral() -> None:
    value, colour = HEIGHT_LOSS.ramp[len(HEIGHT_LOSS.ramp) // 2]
    assert value == 0
    assert len(set(colour)) == 1


def test_pystac_reads_it() -> None:
    render = pytest.importorskip("pystac.extensions.render", reason="pystac comes with the extra dev")
    read = render.Render(HEIGHT.stac()["height"])
    assert read.colormap_name == "viridis"
    assert read.rescale == [[0, 30]]
