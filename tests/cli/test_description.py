from __future__ import annotations

import io

from rich.console import Console

from landwright.cli.description import tables
from landwright.rasters.description import BandStatistics, ClassShare, Description, LabelDescription

BARE = Description(
    path="a.png", width=30, height=20, crs=None, bounds=None, gsd=None, dtype="uint8", nodata=None, driver="PNG",
    compression=None, block=(1, 30), overviews=(), sampled=600, nodata_share=1.0, bands=(BandStatistics(number=1),),
    notes=("no georeference",),
)  # fmt: skip


def shown(item: Description) -> str:
    console = Console(file=io.StringIO(), width=140)
    for table in tables(item):
        console.print(table)
    return console.file.getvalue()


def test_what_is_not_known_is_said() -> None:
    text = shown(BARE)
    for part in (
        "30 x 20 px, uint8, 1 band ",
        "CRS      none",
        "not declared; 100.00% of 600",
        "not compressed",
        "overviews: none",
        "note: no georeference",
    ):
        assert part in text
    assert "on the ground" not in text


def test_labels() -> None:
    road = ClassShare(name="road", code=3, colour=(9, 9, 9), pixels=300, share=0.5)
    labels = LabelDescription(
        path="l.tif",
        aligned="warped",
        overlap=0.5,
        crs="EPSG:3857",
        gsd=10,
        legend="x",
        classes=(road,),
        ignored=0.25,
        unknown={"7": 4},
        notes=("palette",),
    )
    text = shown(BARE.model_copy(update={"labels": labels}))
    for part in (
        "warped to the image's (nearest)",
        "EPSG:3857",
        "10 m on the ground",
        "50.0% of the image",
        "25.00% of the sample",
        "class of x",
        "road",
        "█" * 12,
        "not in the legend",
        "note on the labels",
    ):
        assert part in text


def test_bare_codes_and_polygons() -> None:
    labels = LabelDescription(path="l.tif", aligned="exact", unknown={"7": 30, "8": 10})
    assert "75.0%" in shown(BARE.model_copy(update={"labels": labels}))
    polygons = LabelDescription(path="l.geojson", aligned="burnt", polygons=5)
    text = shown(BARE.model_copy(update={"labels": polygons}))
    assert "5 polygons, burnt" in text
    assert "pixels" not in text
