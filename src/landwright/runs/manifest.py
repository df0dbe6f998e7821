"""What a run is about: inputs, grid, bundle and settings, written down once."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError, computed_field

from landwright.errors import DataError, UsageError
from landwright.runs.blocks import Block, cut
from landwright.runs.store import Store

MANIFEST: Final = "manifest.json"
"""Name of the file in the run directory."""

_SHOWN = 12


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Input(_Frozen):
    """A file that is read, and what it is known by.

    Attributes:
        name: Path or address, as it was given.
        size: Bytes, None where unknown.
        modified: Time of change of a local file, ISO 8601.
        etag: What a server calls this version of the file.
    """

    name: str
    size: int | None = None
    modified: str | None = None
    etag: str | None = None


class Grid(_Frozen):
    """The pixel grid of the map.

    Attributes:
        height: Rows.
        width: Columns.
        crs: Coordinate reference system, as WKT or authority code; None for a raster without one.
        transform: The six numbers of the affine transform, as rasterio orders them; None without one.
    """

    height: int
    width: int
    crs: str | None = None
    transform: tuple[float, float, float, float, float, float] | None = None


class Manifest(_Frozen):
    """What a run is about.

    Attributes:
        inputs: The files that are read.
        grid: The pixel grid of the map.
        bundle: SHA-256 of the bundle's weights.
        settings: All that changes the result, of plain JSON values.
        block: Side of a block in pixels.
        only: Names of the blocks wanted, None for all.
    """

    inputs: tuple[Input, ...]
    grid: Grid
    bundle: str
    settings: dict[str, JsonValue]
    block: int = 8192
    only: tuple[str, ...] | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def settings_hash(self) -> str:
        """SHA-256 of the settings."""
        text = json.dumps(self.settings, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def blocks(self) -> list[Block]:
        """Return the blocks wanted, in their order.

        Raises:
            UsageError: The grid cannot be cut, or has no such block.
        """
        found = cut(self.grid.height, self.grid.width, self.block)
        if self.only is None:
            return found
        by_name = {block.name: block for block in found}
        if strangers := [name for name in self.only if name not in by_name]:
            raise UsageError(f"the grid has no block {strangers[0]}", remedy="Name blocks of this grid")
        return [by_name[name] for name in sorted(set(self.only))]

    def differences(self, old: Manifest) -> list[str]:
        """Return what differs from an older manifest, key by key, as ``key: old -> new``."""
        before, after = _flat(old), _flat(self)
        keys = dict.fromkeys([*before, *after])
        return [
            f"{key}: {before.get(key, 'not set')} -> {after.get(key, 'not set')}"
            for key in keys
            if before.get(key) != after.get(key)
        ]


def settle(store: Store, wanted: Manifest, where: str) -> Manifest:
    """Write the manifest of a new run, or check that of one that goes on.

    Args:
        store: The run directory.
        wanted: What the run is to be about.
        where: What to call the directory in messages.

    Returns:
        The manifest.

    Raises:
        UsageError: The directory is that of a run of other settings.
        DataError: Its manifest is damaged, or it cannot be written.
    """
    if store.create(MANIFEST, (wanted.model_dump_json(indent=1) + "\n").encode()):
        return wanted
    differences = wanted.differences(load_manifest(store, where))
    if differences:
        more = f"; and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
        raise UsageError(
            f"is the directory of a run with other settings ({'; '.join(differences[:_SHOWN])}{more})",
            path=where,
            remedy="Give the old settings to go on with it, or name another directory with --run",
        )
    return wanted


def load_manifest(store: Store, where: str) -> Manifest:
    """Read the manifest of a run.

    Args:
        store: The run directory.
        where: What to call the directory in messages.

    Raises:
        DataError: There is none, or it is damaged.
    """
    content = store.read(MANIFEST)
    if content is None:
        raise DataError(f"is no run directory: it has no {MANIFEST}", path=where, remedy="Check the path")
    try:
        fields: dict[str, Any] = json.loads(content)
        written = fields.pop("settings_hash")
        manifest = Manifest.model_validate(fields)
        if written != manifest.settings_hash:
            raise ValueError("the settings do not fit their hash")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise DataError(
            f"has a damaged {MANIFEST} ({reason})",
            path=where,
            remedy="If a worker has only just started it, try again; else remove the directory and start anew",
        ) from error
    return manifest


def _flat(manifest: Manifest) -> dict[str, str]:
    content = manifest.model_dump(mode="json", exclude={"inputs", "only", "settings_hash"})
    found = _leaves(content)
    for entry in manifest.inputs:
        about = entry.model_dump(mode="json", exclude={"name"}, exclude_none=True)
        found[f"input {entry.name}"] = ", ".join(f"{key} {value}" for key, value in about.items()) or "given"
    # The order decides which of overlapping inputs is seen.
    found["order of inputs"] = " ".join(entry.name for entry in manifest.inputs)
    only = manifest.only
    found["blocks"] = "all" if only is None else f"{len(only)} of them, SHA-256 {_short_hash(only)}"
    return found


def _leaves(value: Any, prefix: str = "") -> dict[str, str]:
    if isinstance(value, dict) and value:
        found: dict[str, str] = {}
        for key, inner in value.items():
            found |= _leaves(inner, f"{prefix}.{key}" if prefix else str(key))
        return found
    return {prefix: value if isinstance(value, str) else json.dumps(value)}


def _short_hash(names: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(sorted(set(names))).encode()).hexdigest()[:12]
