from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import pytest

from landwright.errors import DataError, UsageError
from landwright.rasters import expand_sources, remote
from landwright.rasters.items import image_assets


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "WAITS", (0.01, 0.02))


def an_item(name: str = "one", assets: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": name,
        "geometry": None,
        "properties": {"datetime": "2024-05-01T00:00:00Z"},
        "links": [],
        "assets": {"image": {"href": f"./{name}.tif", "roles": ["data"]}} if assets is None else assets,
    } | more


def collection(*items: Any, **more: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(items)} | more


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def test_item_beside_its_image(tmp_path: Path) -> None:
    path = write(tmp_path / "one.json", an_item())
    assert expand_sources(path) == [str(tmp_path / "one.tif")]


def test_self_link_of_a_copied_item_does_not_count(tmp_path: Path) -> None:
    link = {"rel": "self", "href": "https://x.org/stac/one.json"}
    path = write(tmp_path / "one.json", an_item(links=[link]))
    assert expand_sources(path) == [str(tmp_path / "one.tif")]


def test_collection_resolves_each_item_where_it_lies(tmp_path: Path) -> None:
    link = {"rel": "self", "href": "https://x.org/stac/two/two.json"}
    path = write(tmp_path / "all.geojson", collection(an_item(), an_item("two", links=[link])))
    assert expand_sources("all.geojson", base=tmp_path) == [
        str(tmp_path / "one.tif"),
        "https://x.org/stac/two/two.tif",
    ]
    (tmp_path / "list.txt").write_text("*.geojson\n")
    assert expand_sources(tmp_path / "list.txt") == expand_sources(path)


@pytest.mark.parametrize(
    ("href", "name"),
    [
        ("s3://bucket/a.tif", "s3://bucket/a.tif"),
        ("/vsis3/bucket/a.tif", "/vsis3/bucket/a.tif"),
        ("https://x.org/a.tif?sig=1", "https://x.org/a.tif?sig=1"),
        ("file:///data/a.tif", "/data/a.tif"),
        ("../a.tif", "{}/a.tif"),
    ],
)
def test_addresses(tmp_path: Path, href: str, name: str) -> None:
    (tmp_path / "deep").mkdir()
    path = write(tmp_path / "deep" / "one.json", an_item(assets={"a": {"href": href}}))
    assert image_assets(str(path)) == [name.format(tmp_path)]


def test_choice_of_asset(tmp_path: Path) -> None:
    assets = {
        "thumbnail": {"href": "t.png", "roles": ["thumbnail"]},
        "colour": {"href": "c.tif", "roles": ["visual", "overview"]},
        "meta": {"href": "m.xml"},
    }
    path = str(write(tmp_path / "one.json", an_item(assets=assets)))
    assert image_assets(path) == [str(tmp_path / "c.tif")]
    assert image_assets(path, asset="thumbnail") == [str(tmp_path / "t.png")]
    with pytest.raises(DataError, match=r"'one' has no asset 'nir'.*thumbnail \(thumbnail\).*meta \(no role\)"):
        image_assets(path, asset="nir")
    assets["red"] = {"href": "r.tif", "roles": ["data"]}
    write(Path(path), an_item(assets=assets))
    with pytest.raises(
        DataError, match=r"one\.json: which asset of Item 'one' .* --asset: .*colour \(visual, overview\)"
    ):
        image_assets(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (collection(), "holds no STAC Item"),
        (an_item(assets={}), "not clear.*no assets at all"),
        ({"type": "Feature", "geometry": None, "properties": {}}, "feature 1 is not a STAC Item"),
        (
            collection({"type": "Feature", "id": "f", "geometry": None, "properties": {}}),
            "feature 1 is not a STAC Item",
        ),
        (an_item(properties={"datetime": "yesterday"}), "feature 1 is not a STAC Item"),
        ({"type": "Collection", "stac_version": "1.0.0"}, "is a STAC Collection, not Items"),
        (collection(an_item(), 5), "feature 2 is not a STAC Item"),
        ([1, 2], "is not a STAC Item or ItemCollection"),
        (collection(an_item(), links=[{"rel": "next", "href": "https://x.org/2"}]), "one page of several"),
    ],
)
def test_what_is_not_fit(tmp_path: Path, content: Any, problem: str) -> None:
    path = write(tmp_path / "one.json", content)
    with pytest.raises(DataError, match=rf"one\.json: .*{problem}"):
        expand_sources(path)


def test_no_json(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text("{")
    with pytest.raises(DataError, match=r"one\.json: is not valid JSON"):
        expand_sources(tmp_path / "one.json")
    with pytest.raises(DataError, match=r"two\.json: cannot be read: No such file"):
        image_assets(str(tmp_path / "two.json"))


def test_items_of_a_server(host: Any) -> None:
    host.files["/search"] = json.dumps(collection(an_item("a"), an_item("b"))).encode()
    host.types["/search"] = "application/geo+json; charset=utf-8"
    host.files["/stac/c.json"] = json.dumps(an_item("c")).encode()
    names = [host.url("/search?bbox=1,2,3,4"), host.url("/stac/c.json?sig=1")]
    assert expand_sources(names) == [host.url("/a.tif"), host.url("/b.tif"), host.url("/stac/c.tif")]


def test_rasters_of_a_server_without_suffix(host: Any) -> None:
    host.files["/coverage"] = b"II"
    assert expand_sources(host.url("/coverage?id=1")) == [host.url("/coverage?id=1")]
    host.seen.clear()
    assert expand_sources(host.url("/none.tif?sig=1")) == [host.url("/none.tif?sig=1")]
    assert not host.seen


@pytest.mark.parametrize("bad", [503, "reset", "half"])
def test_server_that_fails_at_first(host: Any, bad: int | str) -> None:
    host.files["/c.json"] = json.dumps(an_item("c")).encode()
    host.bad, host.times = bad, 2
    assert expand_sources(host.url("/c.json")) == [host.url("/c.tif")]


@pytest.mark.parametrize(
    ("bad", "says", "asked"), [(403, "answers 403", 1), (500, "answers 500", 3), ("reset", "reset", 3)]
)
def test_server_that_fails(host: Any, bad: int | str, says: str, asked: int) -> None:
    host.bad = bad
    with pytest.raises(DataError, match=rf"/c\.json: .*{says}") as caught:
        expand_sources(host.url("/c.json?sig=secret"))
    assert len(host.seen) == asked
    assert "secret" not in str(caught.value)


def test_items_in_buckets() -> None:
    with pytest.raises(UsageError, match=r"s3://b/one\.json.*only"):
        expand_sources("s3://b/one.json")


def test_without_pystac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "pystac":
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match=r"landwright\[stac\]"):
        expand_sources(write(tmp_path / "one.json", an_item()))
