"""Names of rasters: files, URLs and what else GDAL opens."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

_NETWORK = re.compile(r"(?:https?|ftp|s3|gs|az|adls?|abfss?|oss)://|/vsi(?:curl|s3|gs|az|adls|oss|swift|webhdfs)\b")
_GDAL = re.compile(r"[A-Z][A-Z0-9_]+:(?!//)")
_UNNAMED = "raster"


def is_network(source: str) -> bool:
    """Whether reading the raster needs the network."""
    return _NETWORK.search(source) is not None


def is_gdal_name(source: str) -> bool:
    """Whether it is a name that GDAL's drivers take apart, such as NETCDF:file:variable."""
    return _GDAL.match(source) is not None


def shown(source: str) -> str:
    """The name for messages and tags of files: without a URL's query and user, which may be secrets."""
    if not is_network(source) or is_gdal_name(source):
        return source
    bare = source.partition("?")[0]
    if bare == "/vsicurl":  # /vsicurl?option=...&url=https%3A%2F%2F...
        return shown(_address(source))
    return re.sub(r"://[^/@]*@", "://", bare)


def stem_of(source: str) -> str:
    """What a file made of a raster is named after: the last part of its name, without suffix, query and escapes.

    >>> stem_of("https://example.org/tiles/a%20b.tif?sig=x/y")
    'a b'
    >>> stem_of('NETCDF:"dir/year.nc":cover')
    'year_cover'
    """
    if is_gdal_name(source) and not Path(source).exists():
        parts = [part.strip('"/') for part in source.split(":")[1:]]
        return "_".join(PurePosixPath(part).stem for part in parts if part) or _UNNAMED
    if is_network(source):
        return PurePosixPath(unquote(urlsplit(_address(source)).path)).stem or _UNNAMED
    return Path(source).stem


def _address(source: str) -> str:
    """The URL itself of /vsicurl/URL and of /vsicurl?url=URL."""
    if source.startswith("/vsicurl?"):
        return parse_qs(source.partition("?")[2]).get("url", [""])[0]
    return source.removeprefix("/vsicurl/")
