from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path

import pytest
import rasterio

from landwright.errors import DataError, UsageError
from landwright.maps import HEIGHT
from landwright.maps.merging import MODEL, merge_maps, write_catalog

pystac = pytest.importorskip("pystac", reason="pystac comes with the extra stac")
validation = pytest.importorskip("pystac.validation", reason="pystac[validation] comes with the extra dev")
pytest.importorskip("jsonschema", reason="jsonschema comes with the extra dev")


@pytest.fixture(autouse=True)
def core_schemas_only():
    """Validate by the core schemas, which pystac carries; those of extensions would be fetched."""

    class Core(validation.JsonSchemaSTACValidator):
        def validate_extension(self, *args, **options):
            return None

    old = validation.RegisteredValidator.get_validator()
    validation.set_validator(Core())
    yield
    validation.set_validator(old)


def valid(path: Path):
    collection = pystac.Collection.from_file(str(path))
    count = collection.validate_all()
    return collection, list(collection.get_items()), count


def test_the_blocks_of_a_run(tmp_path, made):
    run = made.make_run(tmp_path / "map.run", empty=["r00000-c00001"], inputs=["s3://bucket/a.tif", "b.jp2"])
    seen: list[tuple[int, int]] = []
    path = write_catalog(run, run.folder, progress=lambda *done: seen.append(done))
    assert path == run.folder / "collection.json"
    assert seen[-1] == (12, 12)
    shutil.move(tmp_path / "map.run", tmp_path / "moved.run")
    path = tmp_path / "moved.run" / "collection.json"
    collection, items, _ = valid(path)
    assert len(items) == 11
    assert collection.id == "map" and collection.license == "other"
    assert collection.get_links("derived_from")[0].target == "s3://bucket/a.tif"
    for item in items:
        assert item.collection_id == "map"
        assert item.get_collection().id == item.get_parent().id == item.get_root().id == "map"
        for key, asset in item.assets.items():
            file = Path(asset.get_absolute_href())
            assert file.parent.name == item.id and file.is_file()
            content = file.read_bytes()
            assert asset.ext.file.checksum == f"1220{hashlib.sha256(content).hexdigest()}"
            assert asset.ext.file.size == len(content)
            with rasterio.open(file) as raster:
                assert item.ext.proj.shape == list(raster.shape)
                assert item.ext.proj.transform == list(raster.transform)[:6]
                assert item.ext.proj.code == raster.crs.to_string()
                (band,) = asset.extra_fields["bands"]
                assert (band["data_type"], band["nodata"]) == (raster.dtypes[0], raster.nodata)
                assert band.get("unit") == raster.units[0]
                assert band["raster:spatial_resolution"] == pytest.approx(0.2)
            assert key == file.stem
        (west, south, east, north), extent = item.bbox, collection.extent.spatial.bboxes[0]
        assert extent[0] <= west < east <= extent[2] and extent[1] <= south < north <= extent[3]
        assert item.properties["processing:level"] == "L4"
        assert "2 rasters, mapped by the model streets" in item.properties["processing:lineage"]
        assert item.common_metadata.gsd == pytest.approx(0.2)
    classes = items[0].assets["classes"].ext.classification.classes
    assert [(entry.value, entry.name, entry.title, entry.color_hint) for entry in classes[:2]] == [
        (1, "bare_ground", "bare ground", "010203"),
        (2, "building", "building", "040506"),
    ]
    assert classes[2].nodata and classes[2].value == 255
    renders = items[0].ext.render.renders
    assert renders["classes"].colormap["2"] == [4, 5, 6, 255]
    assert renders["confidence"].rescale == [[0, 100]]


def test_all_extensions_are_named(tmp_path, made):
    run = made.make_run(tmp_path / "map.run")
    write_catalog(run, run.folder)
    item = json.loads((run.folder / "items" / "r00000-c00000.json").read_text())
    names = {uri.split("/")[3]: uri.split("/")[4] for uri in item["stac_extensions"]}
    assert names == {
        "raster": "v2.0.0",
        "processing": "v1.2.0",
        "projection": "v2.0.0",
        "file": "v2.1.0",
        "classification": "v2.0.0",
        "render": "v2.0.0",
    }
    assert {link["rel"] for link in item["links"]} == {"root", "parent", "collection"}


def test_bands_scales_and_the_colours_of_heights(tmp_path, made):
    many = made.CONFIDENCE.model_copy(
        update={"stem": "probabilities", "kind": "probabilities", "bands": 2, "scale": 1 / 250}
        | {"descriptions": ("bare ground", "building"), "unit": None}
    )
    tall = made.HEIGHTS.model_copy(update={"tags": {"RENDERS": json.dumps(HEIGHT.stac())}})
    run = made.make_run(tmp_path / "map.run", 30, 40, specs=(tall, many))
    write_catalog(run, run.folder)
    _, (item, _), _ = valid(run.folder / "collection.json")
    bands = item.assets["probabilities"].extra_fields["bands"]
    assert [band["description"] for band in bands] == ["bare ground", "building"]
    assert [band["raster:scale"] for band in bands] == [1 / 250, 1 / 250]
    assert item.ext.render.renders["probabilities"].rescale == [[0, 250]]
    shown = item.ext.render.renders["height"]
    assert (shown.assets, shown.colormap_name) == (["height"], "viridis")


@pytest.mark.slow
def test_a_merged_map_is_one_item(tmp_path, made):
    run = made.make_run(tmp_path / "map.run", inputs=["image.tif"])
    cogs = {spec.stem: tmp_path / "out" / f"town{spec.suffix}.tif" for spec in made.ALL}
    merge_maps(run, cogs, {})
    (run.folder / MODEL).write_text("{}")
    path = write_catalog(run, tmp_path / "out", cogs=cogs)
    assert path == tmp_path / "out" / "town.collection.json"
    collection, (item,), _ = valid(path)
    assert (collection.id, item.id, item.collection_id) == ("town", "town", "town")
    assert item.ext.proj.shape == [70, 100]
    assert Path(item.assets["height"].href).name == "town_height.tif"
    model, source = item.get_links("derived_from")
    assert model.extra_fields["mlm:name"] == "streets"
    assert model.target.endswith("map.run/model.json")
    assert Path(source.target).name == "image.tif"


def test_a_system_without_a_code(tmp_path, made):
    laea = "+proj=laea +lat_0=12.3 +lon_0=179.9999 +datum=WGS84 +units=m"
    run = made.make_run(tmp_path / "map.run", crs=laea, transform=(1.0, 0.0, -20.0, 0.0, -1.0, 50.0))
    collection, items, _ = valid(write_catalog(run, run.folder))
    assert items[0].ext.proj.code is None
    assert items[0].ext.proj.wkt2.startswith("PROJCRS[")
    west, south, east, north = collection.extent.spatial.bboxes[0]
    assert west > 179.9 and east < -179.9 and south < north


def test_what_has_no_place(tmp_path, made, monkeypatch):
    run = made.make_run(tmp_path / "a.run", crs=None, transform=None, specs=(made.CLASSES,))
    with pytest.raises(UsageError, match="without a reference system"):
        write_catalog(run, run.folder)
    local = 'LOCAL_CS["site",UNIT["metre",1]]'
    run = made.make_run(tmp_path / "b.run", 20, 20, crs=local, specs=(made.CLASSES,))
    with pytest.raises(DataError, match="a place on the globe"):
        write_catalog(run, run.folder)
    assert not (run.folder / "collection.json").exists()
    run = made.make_run(tmp_path / "c.run", 20, 20, specs=(made.CLASSES,))
    monkeypatch.setitem(sys.modules, "pystac", None)  # as if it were not installed
    with pytest.raises(UsageError, match="pystac is not installed") as caught:
        write_catalog(run, run.folder)
    assert "landwright[stac]" in caught.value.remedy
