"""Published data sets as descriptions: where their files lie, what they mean, which split they come with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from landwright.data.pairing import unique_names
from landwright.data.scenes import PARTS, Part, Scene
from landwright.errors import DataError, UsageError

_FIELD = re.compile(r"\{(\w+)(:d)?\}")
_FIELDS = re.compile(r"(?:\{\w+(?::d)?\})+")
_SHOWN = 5


class _Description(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PartRule(_Description):
    """The part of the scenes whose name has certain fields; the first rule that fits counts.

    Attributes:
        part: Part; None leaves it to the recipe's split, ``unused`` leaves the scene out.
        where: Values per field of the file name; all scenes without it.
        group: Scenes of one group share ground.
    """

    part: Part | Literal["unused"] | None = None
    where: dict[str, tuple[str, ...]] = {}
    group: str | None = None


class Layout(_Description):
    """A published data set.

    Templates such as ``train/images/{city}{number:d}.tif`` name the files below the set's folder: ``{field}`` stands
    for any text without a slash, ``{field:d}`` for digits. Only names below that folder are looked at, so the folder's
    own path never decides on anything.

    Attributes:
        name: Name in recipes.
        title: Full name.
        url: The publisher's page.
        citation: DOI or reference.
        licence: Terms as the publisher states them.
        legend: Legend of the masks.
        bands: Bands of the images in order.
        gsd: Ground sampling distance in metres, where published.
        labels: Masks hold class codes or colours.
        folders: Folders below the root where the set may lie, tried in order.
        images: Image templates, tried in order.
        masks: Mask templates with the fields of the image's, tried in order for every image.
        parts: The published split.
        expected: Number of labelled images in the complete set, per part (``all`` where no part is published).
        obtain: How to get it.
        torchgeo: Class of torchgeo that downloads it, where one does.
    """

    name: str
    title: str
    url: str
    citation: str
    licence: str
    legend: str
    bands: tuple[str, ...]
    gsd: float | None
    labels: Literal["codes", "colours"]
    folders: tuple[str, ...] = (".",)
    images: Annotated[tuple[str, ...], Field(min_length=1)]
    masks: Annotated[tuple[str, ...], Field(min_length=1)]
    parts: tuple[PartRule, ...] = ()
    expected: Annotated[dict[Part | Literal["all"], int], Field(min_length=1)]
    obtain: str
    torchgeo: str | None = None

    @field_validator("folders", "images", "masks")
    @classmethod
    def _stay_inside(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for path in paths:
            if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
                raise ValueError(f"{path!r} lies outside the set's folder")
        return paths

    def scenes(self, root: Path) -> list[Scene]:
        """Find the labelled scenes below a folder.

        Args:
            root: Folder of the set.

        Raises:
            DataError: No image is found, or images lack their mask.
        """
        found = self.look(root)
        if not found.scenes:
            raise DataError(f"holds no image of {self.title}", path=root, remedy=f"Expected are {self.expectation()}")
        if found.unlabelled:
            raise DataError(
                f"{len(found.unlabelled)} images have no mask: {_shown(found.unlabelled)}",
                path=root,
                remedy=f"Expected are {self.expectation()}",
            )
        return list(found.scenes)

    def look(self, root: Path) -> Found:
        """Look for scenes below a folder without insisting on any."""
        for folder in self.folders:
            for template in self.images:
                images = _matches(root / folder, template)
                if images:
                    return self._found(root / folder, images)
        return Found((), ())

    def shortfall(self, found: Found) -> list[str]:
        """Return what is missing of a complete set, one phrase per part."""
        counts = found.counts()
        return [
            f"{counts.get(part, 0)} of {number} labelled images{'' if part == 'all' else f' of the {part} part'}"
            for part, number in self.expected.items()
            if counts.get(part, 0) < number
        ]

    def expectation(self) -> str:
        """Return where images and masks are expected, for messages."""
        places = f"images {' or '.join(self.images)} with masks {' or '.join(self.masks)}"
        below = [folder for folder in self.folders if folder != "."]
        return f"{places}, below the folder itself{''.join(f' or its {folder}' for folder in below)}"

    def _found(self, folder: Path, images: Sequence[tuple[Path, dict[str, str]]]) -> Found:
        labelled, unlabelled = [], []
        for image, fields in images:
            rule = self._rule(fields)
            if rule.part == "unused":
                continue
            masks = [folder / _FIELD.sub(lambda match: fields[match[1]], mask) for mask in self.masks]  # noqa: B023
            label = next((mask for mask in masks if mask.is_file()), None)
            if label is not None:
                labelled.append((image, label, rule))
            elif rule.part != "test":  # masks of a published test part are often withheld
                unlabelled.append(image)
        names = unique_names([image for image, *_ in labelled]) if labelled else []
        scenes = tuple(
            Scene(name, image, label, rule.group, rule.part if rule.part != "unused" else None)
            for name, (image, label, rule) in zip(names, labelled, strict=True)
        )
        return Found(scenes, tuple(unlabelled))

    def _rule(self, fields: dict[str, str]) -> PartRule:
        for rule in self.parts:
            if all(fields.get(field) in values for field, values in rule.where.items()):
                return rule
        return PartRule()


@dataclass(frozen=True)
class Found:
    """What lies in a folder.

    Attributes:
        scenes: Images with masks.
        unlabelled: Images without.
    """

    scenes: tuple[Scene, ...]
    unlabelled: tuple[Path, ...]

    def counts(self) -> dict[str, int]:
        """Return the number of scenes per part, and of ``all``."""
        parts = Counter(scene.part for scene in self.scenes if scene.part)
        return {part: parts[part] for part in PARTS if part in parts} | {"all": len(self.scenes)}


def list_layouts() -> list[str]:
    """Return the names of the published layouts."""
    return sorted(_shipped())


def load_layout(name: str) -> Layout:
    """Return a published layout.

    Raises:
        UsageError: There is none of that name.
    """
    layouts = _shipped()
    if name not in layouts:
        raise UsageError(f"there is no layout named {name!r}", remedy=f"Known are {', '.join(sorted(layouts))}")
    return layouts[name]


def check_layout(layout: Layout, root: Path) -> Found:
    """Check that a folder holds a complete set.

    Raises:
        DataError: Something is missing; the message says what.
    """
    found = layout.look(root)
    if shortfall := layout.shortfall(found):
        lacking = f"; without mask: {_shown(found.unlabelled)}" if found.unlabelled else ""
        raise DataError(
            f"holds {'; '.join(shortfall)} of {layout.title}{lacking}",
            path=root,
            remedy=f"Expected are {layout.expectation()}. To get it: {layout.obtain} ({layout.url})",
        )
    return found


@cache
def _shipped() -> dict[str, Layout]:
    folder = files("landwright.data") / "layouts"
    texts = [entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".yaml")]
    layouts = [Layout.model_validate(yaml.safe_load(text)) for text in texts]
    return {layout.name: layout for layout in layouts}


def _matches(folder: Path, template: str) -> list[tuple[Path, dict[str, str]]]:
    """Return the files that a template fits, with its fields, in order of their path."""
    if not folder.is_dir():
        return []
    # re.split gives text, field, kind, text, field, kind, ..., text.
    pieces = _FIELD.split(template)
    groups = [
        f"(?P<{name}>{'[0-9]+' if kind else '[^/]+?'})" for name, kind in zip(pieces[1::3], pieces[2::3], strict=True)
    ]
    texts = [re.escape(text) for text in pieces[0::3]]
    expression = texts[0] + "".join(group + text for group, text in zip(groups, texts[1:], strict=True))
    pattern = re.compile(expression)
    paths = sorted(folder.glob(_FIELDS.sub("*", template)))
    matches = [(path, pattern.fullmatch(path.relative_to(folder).as_posix())) for path in paths]
    return [(path, match.groupdict()) for path, match in matches if match]


def _shown(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(path.name for path in paths[:_SHOWN]) + more
