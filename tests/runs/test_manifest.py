"""The manifest is written once; another one is refused, key by key."""

import json

import pytest

from landwright.errors import DataError, UsageError
from landwright.runs import FileStore, Grid, Input, Manifest
from landwright.runs.manifest import load_manifest, settle


@pytest.fixture
def store(tmp_path):
    return FileStore(tmp_path)


def test_a_manifest_is_written_once_and_read_back(store, manifest):
    wanted = manifest(only=("r00001-c00000",), grid=Grid(height=30, width=30, crs="EPSG:32633", transform=(1,) * 6))
    assert settle(store, wanted, "run") == wanted
    before = store.read("manifest.json")
    assert settle(store, wanted, "run") == load_manifest(store, "run") == wanted
    assert store.read("manifest.json") == before
    assert json.loads(before)["settings_hash"] == wanted.settings_hash


def test_the_hash_follows_the_settings_and_not_their_order(manifest):
    first = manifest(settings={"a": 1, "b": 2})
    assert first.settings_hash == manifest(settings={"b": 2, "a": 1}).settings_hash
    assert first.settings_hash != manifest(settings={"a": 1, "b": 3}).settings_hash


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"settings": {"tile": 256, "blend": "cosine", "tta": {"flip": True}}}, "settings.tile: 512 -> 256"),
        ({"settings": {"tile": 512, "blend": "crop", "tta": {"flip": True}}}, "settings.blend: cosine -> crop"),
        ({"settings": {"tile": 512, "blend": "cosine", "tta": {}}}, "settings.tta.flip: true -> not set"),
        ({"block": 20}, "block: 10 -> 20"),
        ({"bundle": "1" * 64}, f"bundle: {'0' * 64} -> {'1' * 64}"),
        ({"grid": Grid(height=30, width=40)}, "grid.width: 30 -> 40"),
        ({"grid": Grid(height=30, width=30, crs="EPSG:4326")}, "grid.crs: null -> EPSG:4326"),
        ({"only": ("r00000-c00000",)}, "blocks: all -> 1 of them"),
        (
            {"inputs": (Input(name="a.tif", size=6, modified="2026-01-01T00:00:00Z"),)},
            "input a.tif: size 5, modified 2026-01-01T00:00:00Z -> size 6, modified 2026-01-01T00:00:00Z",
        ),
        ({"inputs": (Input(name="b.tif", etag="x"),)}, "input b.tif: not set -> etag x"),
    ],
)
def test_a_run_of_other_settings_is_refused_with_the_difference(store, manifest, changes, difference):
    settle(store, manifest(), "map.run")
    with pytest.raises(UsageError, match="run with other settings") as refused:
        settle(store, manifest(**changes), "map.run")
    assert difference in refused.value.problem
    assert refused.value.path == "map.run"
    assert "--run" in refused.value.remedy


def test_the_order_of_inputs_counts(store, manifest):
    names = (Input(name="a.tif"), Input(name="b.tif"))
    settle(store, manifest(inputs=names), "run")
    with pytest.raises(UsageError, match=r"order of inputs: a\.tif b\.tif -> b\.tif a\.tif"):
        settle(store, manifest(inputs=names[::-1]), "run")


def test_many_differences_are_cut_short(store, manifest):
    settle(store, manifest(settings={f"k{n}": 0 for n in range(20)}), "run")
    with pytest.raises(UsageError, match="and 8 more"):
        settle(store, manifest(settings={f"k{n}": 1 for n in range(20)}), "run")


@pytest.mark.parametrize("damage", ["half", "empty", "settings", "list", "key"])
def test_a_damaged_manifest(store, manifest, damage):
    settle(store, manifest(), "run")
    path = store.folder / "manifest.json"
    text = path.read_text()
    path.write_text(
        {
            "half": text[:50],
            "empty": "",
            "settings": text.replace("512", "513"),
            "list": "[]",
            "key": text.replace('"block"', '"blok"'),
        }[damage]
    )
    with pytest.raises(DataError, match=r"damaged manifest\.json") as refused:
        settle(store, manifest(), "run")
    assert "start anew" in refused.value.remedy


def test_a_folder_without_a_manifest(store):
    with pytest.raises(DataError, match="no run directory"):
        load_manifest(store, "run")


def test_blocks_wanted(manifest):
    assert len(manifest(3).blocks()) == 9
    some = manifest(3, only=("r00002-c00001", "r00000-c00000", "r00002-c00001"))
    assert [block.name for block in some.blocks()] == ["r00000-c00000", "r00002-c00001"]
    with pytest.raises(UsageError, match="no block r00009-c00000"):
        manifest(3, only=("r00009-c00000",)).blocks()


def test_a_manifest_cannot_be_changed(manifest):
    with pytest.raises(ValueError, match="frozen"):
        manifest().block = 3
    assert isinstance(manifest(), Manifest)
