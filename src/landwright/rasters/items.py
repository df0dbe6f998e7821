"""The images that STAC Items name."""

from __future__ import annotations

import json
import random
import time
import warnings
from http.client import HTTPException, responses
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from landwright.errors import DataError, UsageError
from landwright.rasters import remote
from landwright.rasters.names import is_network, shown

_ROLES: Final = frozenset({"data", "visual"})
_SECONDS: Final = 30.0
_BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


def image_assets(source: str, *, asset: str | None = None) -> list[str]:
    """List the images that a STAC Item or ItemCollection names.

    Of every Item the asset named ``asset`` is taken; without one the only asset with the role "data" or "visual", or
    an asset that stands alone. Relative addresses start from the Item.

    Args:
        source: GeoJSON file, or its http(s) address.
        asset: Key of the asset.

    Returns:
        One name for each Item, in the order of the Items.

    Raises:
        DataError: The file cannot be read, is no STAC Item or ItemCollection, is empty, or an Item has no such asset.
        UsageError: The reader is not installed, or the address is not one that Items are read from.
    """
    return _images(_fetched(source) if is_network(source) else _read(source), source, asset)


def images_behind(url: str, *, asset: str | None = None) -> list[str] | None:
    """List the images that an http(s) address of unknown kind names where it answers JSON; else None."""
    text = _fetched(url, only_json=True)
    return None if text is None else _images(text, url, asset)


def _images(text: str | bytes | None, source: str, asset: str | None) -> list[str]:
    try:
        found = json.loads(text or "")
    except ValueError as error:
        raise _no_stac(source, f"is not valid JSON: {error}") from error
    return [_image(item, source, asset) for item in _items(found, source)]


def _items(found: Any, source: str) -> list[Any]:
    try:
        import pystac
    except ImportError as error:
        raise UsageError(
            "pystac is not installed, which reads STAC Items", path=shown(source), remedy="Install landwright[stac]"
        ) from error
    kind = found.get("type") if isinstance(found, dict) else None
    if kind in ("Catalog", "Collection") and "stac_version" in found:
        raise _no_stac(source, f"is a STAC {kind}, not Items")
    if kind not in ("Feature", "FeatureCollection"):
        raise _no_stac(source, "is not a STAC Item or ItemCollection")
    if any(link.get("rel") == "next" for link in found.get("links") or () if kind == "FeatureCollection"):
        raise DataError(
            "is one page of several", path=shown(source), remedy="Raise its limit, or save all Items in one file"
        )
    features = [found] if kind == "Feature" else found.get("features", [])
    if not features:
        raise DataError("holds no STAC Item", path=shown(source), remedy="Check the search that it is the result of")
    items = []
    for feature in features:
        try:
            own = next((link["href"] for link in feature.get("links", ()) if link.get("rel") == "self"), None)
            # A file that holds one Item is that Item, wherever its self link says that it was once.
            href = source if kind == "Feature" or own is None else own
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", pystac.errors.DeprecatedWarning)
                items.append(pystac.Item.from_dict(feature, href=href, preserve_dict=False))
        except (pystac.STACError, pystac.STACTypeError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise _no_stac(source, f"feature {len(items) + 1} is not a STAC Item: {error}") from error
    return items


def _image(item: Any, source: str, wanted: str | None) -> str:
    assets = item.assets
    if wanted is not None:
        keys = [wanted] if wanted in assets else []
        problem = f"Item {item.id!r} has no asset {wanted!r}"
    else:
        keys = [key for key, one in assets.items() if _ROLES & set(one.roles or ())] or list(assets)
        problem = f"which asset of Item {item.id!r} is the image is not clear"
    if len(keys) != 1:
        listed = ", ".join(f"{key} ({', '.join(one.roles or ['no role'])})" for key, one in assets.items())
        remedy = f"Name one with --asset: {listed}" if assets else "It has no assets at all: use other Items"
        raise DataError(problem, path=shown(source), remedy=remedy)
    image = assets[keys[0]]
    name: str | None = image.href if image.href.startswith("/vsi") else image.get_absolute_href()
    if name is None:
        raise DataError(
            f"where asset {keys[0]!r} of Item {item.id!r} lies is not known",
            path=shown(source),
            remedy="Use its own file",
        )
    return name.removeprefix("file://")


def _read(source: str) -> bytes:
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", path=source, remedy="Check the file") from error


def _fetched(url: str, *, only_json: bool = False) -> bytes | None:
    """Return what an address answers; None where only JSON is wanted and it is something else."""
    if not url.startswith(("https://", "http://")):
        raise UsageError(
            "STAC Items are read from files and http(s) addresses only",
            path=shown(url),
            remedy="Copy it to this machine",
        )
    request = Request(
        url, headers={"User-Agent": "landwright", "Accept": "application/geo+json, application/json, */*"}
    )
    waits = iter(remote.WAITS)
    while True:
        try:
            with urlopen(request, timeout=_SECONDS) as answer:
                if only_json and "json" not in answer.headers.get_content_type():
                    return None
                text: bytes = answer.read()
                return text
        except (OSError, HTTPException) as error:
            status = error.code if isinstance(error, HTTPError) else None
            wait = next(waits, None) if status is None or status in _BUSY else None
            if wait is None:
                problem = (
                    f"cannot be read: {error}"
                    if status is None
                    else f"the server answers {status} ({responses.get(status, 'unknown')})"
                )
                raise DataError(problem, path=shown(url), remedy="Check the address and the connection") from error
        time.sleep(wait * random.uniform(0.75, 1.25))


def _no_stac(source: str, problem: str) -> DataError:
    return DataError(problem, path=shown(source), remedy="Name a STAC Item or ItemCollection, or the images themselves")
