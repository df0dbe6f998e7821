"""Rasters made on the fly."""

from __future__ import annotations

import socket
import struct
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

UTM = "EPSG:32631"
PLACE = Affine(2.0, 0.0, 500000.0, 0.0, -2.0, 5000000.0)

MakeRaster = Callable[..., Path]


@pytest.fixture
def make_raster(tmp_path: Path) -> MakeRaster:
    """Return `make(name, array, mask=None, alpha=False, ...)`, which writes a raster on a 2 m UTM grid."""

    def make(
        name: str,
        array: NDArray[Any],
        *,
        palette: dict[int, tuple[int, ...]] | None = None,
        mask: NDArray[np.uint8] | None = None,
        alpha: bool = False,
        descriptions: list[str] | None = None,
        bare: bool = False,
        **options: Any,
    ) -> Path:
        bands = array[None] if array.ndim == 2 else array
        driver = {".png": "PNG", ".jpg": "JPEG"}.get(Path(name).suffix, "GTiff")
        profile = {
            "driver": driver,
            "count": len(bands),
            "height": bands.shape[1],
            "width": bands.shape[2],
            "dtype": bands.dtype.name,
        }
        if driver == "GTiff":
            profile |= {"photometric": "RGB", "alpha": "YES"} if alpha else {"photometric": "MINISBLACK"}
            if not bare:
                profile |= {"crs": UTM, "transform": PLACE}
        path = tmp_path / name
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path, "w", **(profile | options)) as file:
                file.write(bands)
                if palette:
                    file.write_colormap(1, palette)
                if mask is not None:
                    file.write_mask(mask)
                for number, text in enumerate(descriptions or (), start=1):
                    file.set_band_description(number, text)
        return path

    return make


class Host(ThreadingHTTPServer):
    """Serves files from memory, and misbehaves as it is told.

    Attributes:
        files: Content by path, such as "/a.tif".
        types: Content types by path.
        seen: (method, path) of every request.
        bad: What is wrong: a status, "reset", "stall", "half" (of the bytes that were promised), or None.
        times: How often it is wrong; then all is well.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.files: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.seen: list[tuple[str, str]] = []
        self.bad: int | str | None = None
        self.times = 10**9

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that the other side or the test has cut."""


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Host

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *words: Any) -> None:
        pass

    def _answer(self, *, body: bool) -> None:
        host = self.server
        path = self.path.partition("?")[0]
        host.seen.append((self.command, path))
        bad = host.bad if host.times > 0 and (host.bad != "half" or body) else None
        host.times -= bad is not None
        if bad == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        if bad == "stall":
            time.sleep(3)
            self.close_connection = True
            return
        if isinstance(bad, int) or path not in host.files:
            self._head(bad if isinstance(bad, int) else 404, 0)
            return
        data = host.files[path]
        if asked := self.headers.get("Range"):
            first, last = (int(number or len(data) - 1) for number in asked.removeprefix("bytes=").split("-"))
            part = data[first : last + 1]
            self._head(206, len(part), {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(data)}"})
        else:
            part = data
            self._head(200, len(part), {"Content-Type": host.types.get(path, "image/tiff")})
        if body:
            self.wfile.write(part[: len(part) // 2] if bad == "half" else part)
            self.close_connection = bad == "half"

    def _head(self, status: int, length: int, fields: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(length), "Accept-Ranges": "bytes", **(fields or {})}.items():
            self.send_header(name, value)
        self.end_headers()


@pytest.fixture
def host() -> Iterator[Host]:
    """Return a server on this machine."""
    server = Host()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
