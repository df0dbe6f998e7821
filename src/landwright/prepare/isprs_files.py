"""Which files of the ISPRS sets belong together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal, get_args

from landwright.errors import DataError, UsageError

if TYPE_CHECKING:
    from landwright.data.layouts import Layout

IsprsSet = Literal["potsdam", "vaihingen"]

# The surface models' names differ from the images': Potsdam's have numbers of two digits.
_SURFACES: dict[str, tuple[str, ...]] = {
    "potsdam": ("1_DSM/dsm_potsdam_{id}.tif", "dsm/dsm_potsdam_{id}.tif"),
    "vaihingen": ("dsm/dsm_09cm_matching_area{id:d}.tif",),
}
_SHOWN = 5

Part = Literal["train", "test"]


@dataclass(frozen=True)
class IsprsTile:
    """A tile of an ISPRS set.

    Attributes:
        id: As the images' names write it, such as "2_10" or "1".
        top: The image.
        dsm: Its surface model.
        label: Its mask of colours.
        part: "test" for the tiles of the contest's test.
    """

    id: str
    top: Path
    dsm: Path
    label: Path
    part: Part


def isprs_layout(name: str) -> Layout:
    """Return the layout of a set.

    Raises:
        UsageError: If there is no such set.
    """
    if name not in get_args(IsprsSet):
        raise UsageError(f"there is no ISPRS set {name!r}", remedy=f"Choose {' or '.join(get_args(IsprsSet))}")
    from landwright.data.layouts import load_layout  # brings torch, which no other preparation needs

    return load_layout(f"isprs-{name}")


def find_tiles(root: Path, name: IsprsSet) -> tuple[list[IsprsTile], list[str]]:
    """Match images, surface models and masks by the names that the publisher gave them.

    Images and masks lie where the set's layout expects them, or in the folders ``top`` and ``label``; surface models
    lie in ``1_DSM`` (Potsdam) or ``dsm``. Masks of the test part may be missing: those tiles are left out.

    Args:
        root: Folder of the set.
        name: "potsdam" or "vaihingen".

    Returns:
        The tiles in the order of their numbers, and remarks.

    Raises:
        DataError: If there is no image, or an image lacks its surface model or, in the training part, its mask.
    """
    layout = isprs_layout(name)
    folders = [root / folder for folder in layout.folders]
    tops = _by_id(folders, (*layout.images, f"top/{_file(layout.images[0])}"))
    surfaces = _by_id(folders, _SURFACES[name])
    labels = _by_id(folders, (*layout.masks, f"label/{_file(layout.masks[0])}"))
    expected = (
        f"Expected are {layout.images[0]} or top/{_file(layout.images[0])}, {' or '.join(_SURFACES[name])}, and masks "
        f"{' or '.join(layout.masks)}"
    )
    if not tops:
        raise DataError(f"holds no image of {layout.title}", path=root, remedy=expected)
    test = {value for rule in layout.parts if rule.part == "test" for value in rule.where.get("id", ())}
    without_surface = [top for number, top in tops.items() if number not in surfaces]
    bare = {number: top for number, top in tops.items() if number not in labels}
    for what, files in (
        ("surface model", without_surface),
        ("mask", [top for number, top in bare.items() if number not in test or len(bare) == len(tops)]),
    ):
        if files:
            plural = "s have" if len(files) > 1 else " has"
            raise DataError(f"{len(files)} image{plural} no {what}: {_shown(files)}", path=root, remedy=expected)
    tiles = [
        IsprsTile(number, top, surfaces[number], labels[number], "test" if number in test else "train")
        for number, top in sorted(tops.items(), key=lambda item: [int(part) for part in item[0].split("_")])
        if number in labels
    ]
    notes = [f"{len(bare)} tiles of the test part have no mask and are left out: {_shown(bare.values())}"]
    return tiles, notes if bare else []


def _by_id(folders: Iterable[Path], names: Iterable[str]) -> dict[str, Path]:
    """Files by the number of their tile; of several the first that the names list."""
    from landwright.data.templates import find  # as above

    found: dict[str, Path] = {}
    for name in names:
        for folder in folders:
            for path, fields in find(folder, name):
                parts = fields["id"].split("_")
                if all(part.isdecimal() for part in parts):
                    found.setdefault("_".join(str(int(part)) for part in parts), path)
    return found


def _file(template: str) -> str:
    return PurePosixPath(template).name


def _shown(paths: Iterable[Path]) -> str:
    names = [path.name for path in paths]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
