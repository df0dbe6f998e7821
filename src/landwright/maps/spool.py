"""Bring rows that come in any order into one order, on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import shapely
from numpy.typing import NDArray

_CACHE_KIB = 32 * 1024


class Spool:
    """Polygons with attributes, put in as they come and given back by their place in the map.

    They lie in an SQLite file, so that memory does not grow with their number.

    Attributes:
        box: Left, bottom, right, top of all polygons; NaN without any.
        kinds: Type of each attribute.
    """

    def __init__(self, file: Path) -> None:
        """Make the file, which the caller removes."""
        self.box = np.array([np.inf, np.inf, -np.inf, -np.inf])
        self.kinds: dict[str, np.dtype[Any]] = {}
        self._base = sqlite3.connect(file)
        for setting in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE_KIB}"):
            self._base.execute(f"PRAGMA {setting}")

    def add(self, bounds: NDArray[np.int64], shapes: NDArray[Any], columns: Mapping[str, NDArray[Any]]) -> None:
        """Put polygons in.

        Args:
            bounds: (n, 4) left, top, right, bottom of their pixels, which no other polygon has all alike.
            shapes: (n,) polygons.
            columns: Attributes, the same in every call.

        Raises:
            OSError: The disk is full.
        """
        if not self.kinds:
            self.kinds = {name: values.dtype for name, values in columns.items()}
            names = "".join(f", c{place}" for place in range(len(columns)))
            self._run(
                f"CREATE TABLE found (top, left, bottom, right, shape{names}, PRIMARY KEY (top, left, bottom, right))"
                " WITHOUT ROWID"
            )
        if not len(shapes):
            return
        edges = shapely.bounds(shapes)
        self.box[:2] = np.minimum(self.box[:2], edges[:, :2].min(axis=0))
        self.box[2:] = np.maximum(self.box[2:], edges[:, 2:].max(axis=0))
        rows = zip(
            *bounds[:, [1, 0, 3, 2]].T.tolist(),
            shapely.to_wkb(shapes).tolist(),
            *(values.tolist() for values in columns.values()),
            strict=True,
        )
        self._run(f"INSERT INTO found VALUES ({', '.join('?' * (5 + len(columns)))})", rows)

    def batches(self, size: int) -> Iterator[tuple[NDArray[Any], dict[str, NDArray[Any]]]]:
        """Yield polygons and attributes by the upper, then the left edge; one empty batch if there are none."""
        rows = self._base.execute("SELECT * FROM found ORDER BY top, left, bottom, right")
        first = True
        while (found := rows.fetchmany(size)) or first:
            first = False
            fields = list(zip(*found, strict=True))[4:] if found else [()] * (1 + len(self.kinds))
            shapes = np.asarray(shapely.from_wkb(np.array(fields[0], object)), object)
            # SQLite has no NaN: it comes back as None.
            columns = {
                name: np.array(values, dtype=kind)
                for (name, kind), values in zip(self.kinds.items(), fields[1:], strict=True)
            }
            yield shapes, columns

    def __enter__(self) -> Self:
        """Return the spool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._base.close()

    def _run(self, statement: str, rows: Any = None) -> None:
        try:
            with self._base:
                if rows is None:
                    self._base.execute(statement)
                else:
                    self._base.executemany(statement, rows)
        except sqlite3.OperationalError as error:
            raise OSError(f"the polygons found so far cannot be kept: {error}") from error
