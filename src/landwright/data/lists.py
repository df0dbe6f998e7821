"""Published lists of images: which image is in which part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from landwright.data.scene import Part
from landwright.data.templates import fields, places
from landwright.errors import DataError
from landwright.rasters import RASTER_SUFFIXES


class PartLists:
    """Text files beside a set's images that name, one a line, the images of each part.

    A part may lack its list, and is empty then; there must be one list at least.

    Args:
        folder: Folder of the set.
        lists: Templates of the files of each part, tried in order for every image; those with a field that the image's
            name lacks are not.
    """

    def __init__(self, folder: Path, lists: Mapping[Part, Sequence[str]]) -> None:
        """Read nothing yet."""
        self._folder = folder
        self._lists = lists
        self._fields = tuple({field for names in lists.values() for name in names for field in fields(name)})
        self._found: dict[tuple[str | None, ...], dict[Part, Path]] = {}
        self._names: dict[Path, frozenset[str]] = {}

    def parts(self, values: Mapping[str, str]) -> tuple[Part, ...]:
        """Return the parts that have a list for images whose fields have these values.

        Raises:
            DataError: There is none.
        """
        return tuple(self._files(values))

    def part(self, image: Path, values: Mapping[str, str]) -> Part | None:
        """Return the part whose list names an image, with or without its suffix; None where no list does.

        Raises:
            DataError: There is no list, or two lists name the image.
        """
        files = self._files(values)
        found = [part for part, file in files.items() if image.stem in self._read(file)]
        if len(found) > 1:
            raise DataError(
                f"names {image.stem}, and so does {files[found[1]].name}",
                path=files[found[0]],
                remedy="An image belongs in one part: take it out of one of the lists",
            )
        return found[0] if found else None

    def _files(self, values: Mapping[str, str]) -> dict[Part, Path]:
        key = tuple(values.get(name) for name in self._fields)
        if key not in self._found:
            wanted = {part: list(places(self._folder, names, values)) for part, names in self._lists.items()}
            there = {part: next((file for file in files if file.is_file()), None) for part, files in wanted.items()}
            self._found[key] = {part: file for part, file in there.items() if file is not None}
            if not self._found[key]:
                every = [file for files in wanted.values() for file in files]
                raise DataError(
                    f"has no {' or '.join(dict.fromkeys(file.name for file in every))}, the list of its images",
                    path=every[0].parent,
                    remedy="Copy the set's lists too, or write one: a line per image, without folder",
                )
        return self._found[key]

    def _read(self, file: Path) -> frozenset[str]:
        if file not in self._names:
            try:
                lines = file.read_text(encoding="utf-8").split()
            except (OSError, UnicodeDecodeError) as error:
                raise DataError(f"cannot be read: {error}", path=file, remedy="Copy it again") from error
            self._names[file] = frozenset(_stem(line) for line in lines)
        return self._names[file]


def _stem(line: str) -> str:
    path = Path(line)
    return path.stem if path.suffix.lower() in RASTER_SUFFIXES else path.name
