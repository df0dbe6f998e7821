"""Published data sets as descriptions: where their files lie, what they mean, which split they come with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from landwright.data import templates
from landwright.data.lists import PartLists
from landwright.data.pairing import unique_names
from landwright.data.scene import PARTS, Part, Scene
from landwright.errors import DataError, UsageError

_SHOWN = 5
_SHOWN_VALUES = 20

Where = Mapping[str, str | Sequence[str]]
"""Values wanted per field of the file names."""

Image = tuple[Path, dict[str, str]]
"""An image file with the fields of its name."""


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
        masks: Mask templates, tried in order for every image; those with a field that the image's name lacks are not.
        heights: The same for rasters of height above ground in metres.
        before: The same for images of an earlier date.
        parts: The published split, by the fields of the names.
        lists: The published split, by lists of names: files per part, tried in order as masks are. Images in no list
            are left out. Where the val part has no list, the recipe's split draws it from the train part.
        groups: What scenes that share ground have in common, as a template of fields such as ``{city}_{site}``.
        leaks: The published split tears such groups apart. It is kept as it is; for adaptation, scenes of the train
            part that share ground with the test part are refused (see :func:`landwright.data.find_targets`).
        expected: Number of labelled images in the complete set, per part, or ``all`` together.
        partial: The set has masks for some of its images only; the others are left out.
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
    masks: tuple[str, ...] = ()
    heights: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    parts: tuple[PartRule, ...] = ()
    lists: dict[Part, tuple[str, ...]] = {}
    groups: str | None = None
    leaks: bool = False
    expected: Annotated[dict[Part | Literal["all"], int], Field(min_length=1)]
    partial: bool = False
    obtain: str
    torchgeo: str | None = None

    @field_validator("folders", "images", "masks", "heights", "before")
    @classmethod
    def _stay_inside(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for path in paths:
            if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
                raise ValueError(f"{path!r} lies outside the set's folder")
        return paths

    @model_validator(mode="after")
    def _says_what_is_learnt(self) -> Layout:
        if not (self.masks or self.heights):
            raise ValueError("neither `masks` nor `heights` are named")
        if self.parts and self.lists:
            raise ValueError("the split is published by `parts` or by `lists`, not by both")
        return self

    @property
    def beside(self) -> dict[str, tuple[str, ...]]:
        """Templates of the files that belong to every image, by what they are."""
        kinds = {"mask": self.masks, "height raster": self.heights, "earlier image": self.before}
        return {kind: templates for kind, templates in kinds.items() if templates}

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of the image names, by which scenes can be chosen."""
        return tuple(dict.fromkeys(field for template in self.images for field in templates.fields(template)))

    def scenes(self, root: Path, where: Where | None = None) -> list[Scene]:
        """Find the labelled scenes below a folder.

        Args:
            root: Folder of the set.
            where: Keep the scenes whose fields have these values, such as ``{"state": ["ny", "pa"]}``.

        Raises:
            UsageError: The file names have no such field.
            DataError: No image is found, none has a wanted value, a list is missing, or images lack their mask or what
                else belongs to them.
        """
        found = self._found(*self._chosen(root, where))
        if found.unlabelled and not self.partial:
            raise DataError(
                f"{len(found.unlabelled)} images have no {' or no '.join(self.beside)}: {_shown(found.unlabelled)}",
                path=root,
                remedy=f"Expected are {self.expectation()}",
            )
        if not found.scenes:
            raise DataError(
                f"holds no image of {self.title} with its {' and '.join(self.beside)}",
                path=root,
                remedy=f"Expected are {self.expectation()}",
            )
        return list(found.scenes)

    def images_of(self, root: Path, where: Where | None = None) -> list[Scene]:
        """Find all images of the set, those without labels too; only image, published part and group are given.

        Args:
            root: Folder of the set.
            where: As for :meth:`scenes`.

        Raises:
            UsageError: The file names have no such field.
            DataError: No image is found, none has a wanted value, or a list is missing.
        """
        folder, images = self._chosen(root, where)
        lists = PartLists(folder, self.lists)
        rules = [(image, fields, self._rule(lists, image, fields)) for image, fields in images]
        used = [(image, fields, rule) for image, fields, rule in rules if rule.part != "unused"]
        names = unique_names([image for image, *_ in used]) if used else []
        return [
            Scene(name, image, None, rule.group or self._group(fields), rule.part if rule.part != "unused" else None)
            for name, (image, fields, rule) in zip(names, used, strict=True)
        ]

    def look(self, root: Path) -> Found:
        """Look for scenes below a folder without insisting on any."""
        return self._found(*self._images(root))

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
        places = f"images {' or '.join(self.images)} with " + " and ".join(
            f"{kind}s {' or '.join(names)}" for kind, names in self.beside.items()
        )
        below = [folder for folder in self.folders if folder != "."]
        return f"{places}, below the folder itself{''.join(f' or its {folder}' for folder in below)}"

    def _chosen(self, root: Path, where: Where | None) -> tuple[Path, list[Image]]:
        """Return the folder where the set lies, and the wanted images with their fields, at least one."""
        if strange := [field for field in where or () if field not in self.fields]:
            raise UsageError(
                f"data.where names {', '.join(strange)}, which the file names of layout {self.name} do not tell",
                remedy=f"They tell {', '.join(self.fields)}",
            )
        folder, images = self._images(root)
        if not images:
            raise DataError(f"holds no image of {self.title}", path=root, remedy=f"Expected are {self.expectation()}")
        return folder, _choose(images, where or {}, root)

    def _images(self, root: Path) -> tuple[Path, list[Image]]:
        """Return the folder where the set lies, and its images with their fields."""
        for folder in self.folders:
            for template in self.images:
                if images := templates.find(root / folder, template):
                    return root / folder, images
        return root, []

    def _found(self, folder: Path, images: Sequence[Image]) -> Found:
        lists = PartLists(folder, self.lists)
        complete: list[Scene] = []
        unlabelled: list[Path] = []
        for image, fields in images:
            rule = self._rule(lists, image, fields)
            if rule.part == "unused":
                continue
            files = {kind: _first(folder, names, fields) for kind, names in self.beside.items()}
            if all(files.values()):
                # The val part comes from the train part where no list of it is published.
                drawn = self.lists and rule.part == "train" and "val" not in lists.parts(fields)
                part = None if drawn else rule.part
                group = rule.group or (None if self.leaks else self._group(fields))
                mask, height, before = (files.get(kind) for kind in ("mask", "height raster", "earlier image"))
                complete.append(Scene("", image, mask, group, part, height, before))
            elif rule.part != "test":  # masks of a published test part are often withheld
                unlabelled.append(image)
        names = unique_names([scene.image for scene in complete]) if complete else []
        scenes = tuple(replace(scene, name=name) for name, scene in zip(names, complete, strict=True))
        return Found(scenes, tuple(unlabelled))

    def _rule(self, lists: PartLists, image: Path, fields: dict[str, str]) -> PartRule:
        if self.lists:
            return PartRule(part=lists.part(image, fields) or "unused")
        for rule in self.parts:
            if all(fields.get(field) in values for field, values in rule.where.items()):
                return rule
        return PartRule()

    def _group(self, fields: dict[str, str]) -> str | None:
        return None if self.groups is None else templates.fill(self.groups, fields)


@dataclass(frozen=True)
class Found:
    """What lies in a folder.

    Attributes:
        scenes: Images with their masks and whatever else belongs to them.
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
        lacking = f"; without {' or '.join(layout.beside)}: {_shown(found.unlabelled)}" if found.unlabelled else ""
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


def _first(folder: Path, names: Sequence[str], fields: Mapping[str, str]) -> Path | None:
    """Return the first file that is there, of those whose template has no other fields."""
    return next((file for file in templates.places(folder, names, fields) if file.is_file()), None)


def _choose(images: Sequence[Image], where: Where, root: Path) -> list[Image]:
    """Keep the images whose fields have the wanted values; every value must occur."""
    wanted = {field: {values} if isinstance(values, str) else set(values) for field, values in where.items()}
    known = {field: sorted({fields[field] for _, fields in images}) for field in images[0][1]}
    for field, values in wanted.items():
        if strange := sorted(values - set(known.get(field, ()))):
            raise DataError(
                f"holds no image with {field} {' or '.join(strange)}",
                path=root,
                remedy=f"data.where chooses by {_listed(known)}",
            )
    chosen = [(path, fields) for path, fields in images if all(fields[field] in wanted[field] for field in wanted)]
    if not chosen:
        both = " and ".join(f"{field} {' or '.join(sorted(values))}" for field, values in wanted.items())
        raise DataError(
            f"holds no image with {both}",
            path=root,
            remedy=f"data.where chooses by {_listed(known)}",
        )
    return chosen


def _listed(known: Mapping[str, Sequence[str]]) -> str:
    """Write fields with their values, such as ``state (de, md)``; many values only as their number."""
    return "; ".join(
        f"{field} ({', '.join(values) if len(values) <= _SHOWN_VALUES else f'{len(values)} values'})"
        for field, values in known.items()
    )


def _shown(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(path.name for path in paths[:_SHOWN]) + more
