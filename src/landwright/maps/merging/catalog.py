"""A run as a STAC collection with its items."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final, cast

from affine import Affine

from landwright.errors import DataError, UsageError
from landwright.maps.merging.blocks import crs_of, load_products, transform_of
from landwright.maps.merging.footprint import Box, box_of
from landwright.maps.merging.items import About, address, make_item
from landwright.maps.outlines import Progress
from landwright.rasters import atomic_output
from landwright.rasters.gdal import is_remote
from landwright.runs import Run
from landwright.runs.cloud import is_address
from landwright.runs.store import explained

if TYPE_CHECKING:
    from pystac import Item, Link

COLLECTION: Final = "collection.json"
ITEMS: Final = "items"
MODEL: Final = "model.json"
"""STAC item of the model, which a run directory may hold."""

_TYPES: Final = {
    ".tif": "image/tiff; application=geotiff",
    ".tiff": "image/tiff; application=geotiff",
    ".json": "application/geo+json",
}


def refuse_no_catalog(run: Run) -> None:
    """Refuse a run of which no STAC catalogue can be written.

    Raises:
        UsageError: It has no reference system, or pystac is not installed.
    """
    if crs_of(run) is None or transform_of(run) in (None, Affine.identity()):
        raise UsageError(
            "a map without a reference system has no place in a STAC catalogue",
            path=run.where,
            remedy="Leave --stac out, or georeference the image first",
        )
    try:
        import pystac  # noqa: F401
    except ImportError as error:
        raise UsageError("the package pystac is not installed", remedy="Install landwright[stac]") from error


def write_catalog(
    run: Run, folder: Path, *, cogs: Mapping[str, Path] | None = None, progress: Progress | None = None
) -> Path:
    """Write a STAC collection (1.1) and its items: one for each block with data, or one for a merged map.

    Addresses of files are relative, so that the catalogue can be moved with them. Items are written one by one; the
    collection, which names them, comes last.

    Args:
        run: The run.
        folder: Where the catalogue goes: ``collection.json`` and ``items/NAME.json``; of a merged map
            ``MAP.collection.json`` and ``MAP.item.json``, named as the first of its files.
        cogs: Files of a merged map by the products' stems; None for the blocks.
        progress: Called with the items written and their number.

    Returns:
        The collection.

    Raises:
        UsageError: The map has no reference system, or pystac is not installed.
        DataError: No block has data or a place on the globe, a raster cannot be read, or a file cannot be written.
    """
    refuse_no_catalog(run)
    import pystac

    crs, transform = crs_of(run), transform_of(run)
    assert crs is not None and transform is not None
    about = About(run.manifest, load_products(run), crs, transform)
    path = folder / (COLLECTION if cogs is None else f"{_stem(cogs)}.collection.json")
    kept = _Kept(path, run, about.products.model.name)
    for done, (name, place, item) in enumerate(_items(run, about, folder, cogs), start=1):
        if item is not None:
            kept.add(name, place, item, derived=cogs is not None)
        if progress is not None:
            progress(done, len(run.blocks) if cogs is None else 1)
    if not kept.links:
        raise DataError(
            "holds no block with data and a place on the globe",
            path=run.where,
            remedy="Check the reference system of the input, or leave the catalogue out with --no-stac",
        )
    collection = pystac.Collection(
        _name(run) if cogs is None else _stem(cogs),
        description=f"{about.processing['processing:lineage']}, by landwright",
        extent=pystac.Extent(
            # The first box is that of all others.
            pystac.SpatialExtent([list(box_of(kept.boxes))]),
            pystac.TemporalExtent([[about.products.created, about.products.created]]),
        ),
        title=f"Map by {kept.model_name}",
        license="other",
        keywords=["land cover", "landwright"],
        catalog_type=pystac.CatalogType.SELF_CONTAINED,
    )
    content = collection.to_dict(include_self_link=False, transform_hrefs=False)
    links = [link for link in content["links"] if link["rel"] != "root"]
    root = {"rel": "root", "href": f"./{path.name}", "type": "application/json"}
    sources = [link.to_dict(transform_href=False) for link in kept.sources(folder)]
    content["links"] = [root, *links, *sources, *kept.links]
    _write(path, content)
    return path


@dataclass
class _Kept:
    """What the collection has to know of the items written."""

    path: Path
    run: Run
    model_name: str
    links: list[dict[str, Any]] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)

    def add(self, name: str, path: Path, item: Item, *, derived: bool) -> None:
        """Write an item."""
        import pystac

        home = address(self.path, path.parent)
        for relation in (pystac.RelType.ROOT, pystac.RelType.PARENT, pystac.RelType.COLLECTION):
            item.links.append(pystac.Link(relation, home, media_type=pystac.MediaType.JSON))
        item.links += self.sources(path.parent) if derived else self.model(path.parent)
        content = item.to_dict(include_self_link=False, transform_hrefs=False)
        content["collection"] = path.name.removesuffix(".item.json") if derived else _name(self.run)
        _write(path, content)
        self.links.append(
            {"rel": "item", "href": address(path, self.path.parent), "type": "application/geo+json", "title": name}
        )
        self.boxes.append(cast(Box, tuple(item.bbox or ())))

    def model(self, folder: Path) -> list[Link]:
        """Return the link to the model, where the run has its description."""
        import pystac

        place = Path(self.run.folder) / MODEL
        if not place.is_file():
            return []
        fields = {"mlm:name": self.model_name, "processing:level": "L4"}
        return [
            pystac.Link(
                "derived_from", address(place, folder), media_type=pystac.MediaType.GEOJSON, extra_fields=fields
            )
        ]

    def sources(self, folder: Path) -> list[Link]:
        """Return the links to what the map was made of."""
        import pystac

        found = self.model(folder)
        for entry in self.run.manifest.inputs:
            name, kind = entry.name, _TYPES.get(PurePath(entry.name).suffix.lower())
            target = name if is_remote(name) else address(Path(name), folder)
            found.append(pystac.Link("derived_from", target, media_type=kind, title=PurePath(name).name))
        return found


def _items(
    run: Run, about: About, folder: Path, cogs: Mapping[str, Path] | None
) -> Iterator[tuple[str, Path, Item | None]]:
    grid = run.manifest.grid
    if cogs is not None:
        with explained(folder, "read"):
            path = folder / f"{_stem(cogs)}.item.json"
            yield _stem(cogs), path, make_item(about, _stem(cogs), cogs, folder, (0, 0), (grid.height, grid.width))
        return
    finished = run.results.finished()
    for block in run.blocks:
        path = folder / ITEMS / f"{block.name}.json"
        item = None
        if block.name in finished:
            place = run.results.folder(block.name)
            names = {product.stem: place / f"{product.stem}.tif" for product in about.products.products}
            files = {stem: file for stem, file in names.items() if file.is_file()}
            corner, shape = (block.row0, block.col0), (block.height, block.width)
            with explained(place, "read"):
                item = make_item(about, block.name, files, path.parent, corner, shape) if files else None
        yield block.name, path, item


def _name(run: Run) -> str:
    return PurePath(run.where).stem if is_address(run.where) else run.folder.resolve().stem


def _stem(cogs: Mapping[str, Path]) -> str:
    return next(iter(cogs.values())).stem


def _write(path: Path, content: Mapping[str, Any]) -> None:
    with atomic_output(path) as temporary:
        temporary.write_text(json.dumps(content, ensure_ascii=False, indent=1) + os.linesep, encoding="utf-8")
