"""What a folder of segments says of itself: how they were made, and of which images."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from landwright.errors import DataError
from landwright.rasters import atomic_output

RECORD: Final = "segments.json"
OBJECTS: Final = "_objects.png"
BOUNDARY: Final = "_boundary.png"

_FORMAT = 1


@dataclass(frozen=True)
class Entry:
    """The segments of one image.

    Attributes:
        source: The image, as it was named when they were made.
        sha256: What it is known by, see `image_hash`.
        height: Rows.
        width: Columns.
        objects: Number of objects.
        boundary: Share of pixels on a boundary, 0..1.
    """

    source: str
    sha256: str
    height: int
    width: int
    objects: int
    boundary: float


@dataclass
class Record:
    """All segments of a folder.

    Attributes:
        provider: Who made them.
        params: With which settings, complete.
        images: Entries by the beginning of their files' names.
    """

    provider: str
    params: Mapping[str, Any]
    images: dict[str, Entry]

    def by_content(self) -> dict[str, str]:
        """Names by the hash of the image."""
        return {entry.sha256: name for name, entry in self.images.items()}

    def save(self, folder: Path) -> None:
        """Write the record.

        Raises:
            DataError: If it cannot be written.
        """
        content = {
            "format": _FORMAT,
            "provider": self.provider,
            "params": dict(self.params),
            "images": {name: asdict(entry) for name, entry in sorted(self.images.items())},
        }
        with atomic_output(folder / RECORD) as temporary:
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def load_record(folder: Path) -> Record:
    """Read what a folder says of itself.

    Raises:
        DataError: If there is no folder of segments, or its record is damaged.
    """
    path = folder / RECORD
    if not path.is_file():
        raise DataError(
            f"is no folder of segments: it has no {RECORD}",
            path=folder,
            remedy="Make one: landwright prepare segments IMAGES -o FOLDER",
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            raise ValueError(f"format {content['format']}")
        images = {name: Entry(**entry) for name, entry in content["images"].items()}
        return Record(str(content["provider"]), dict(content["params"]), images)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"cannot be read ({error})", path=path, remedy="Remove the folder and make the segments again"
        ) from error


def files_of(folder: Path, name: str) -> tuple[Path, Path]:
    """Return the files of an image's objects and boundaries."""
    return folder / f"{name}{OBJECTS}", folder / f"{name}{BOUNDARY}"


def are_there(folder: Path, name: str) -> bool:
    """Return whether both files of an image exist."""
    return all(path.is_file() for path in files_of(folder, name))


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", path=path, remedy="Check the path") from error
