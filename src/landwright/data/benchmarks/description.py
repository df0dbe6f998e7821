"""The description of a benchmark set: one YAML file beside this module for each."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from landwright.data import templates
from landwright.data.benchmarks.picture import read_picture
from landwright.errors import DataError
from landwright.legends.lookup import IGNORE, UNKNOWN, by_code, tally

if TYPE_CHECKING:
    from landwright.data.benchmarks.findings import Findings

Suite = Literal["ovss8", "ovss-single"]
Value = Annotated[int, Field(ge=0, le=255)]
Share = Annotated[float, Field(ge=0, le=1)]
Templates = Annotated[tuple[str, ...], Field(min_length=1)]
_SHOWN = 5


class _Description(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Crop(_Description):
    """How whole scenes are cut.

    Windows start at multiples of the step; those that reach beyond the scene are shifted back into it.

    Attributes:
        height: Rows of a crop.
        width: Columns of a crop.
        overlap: Pixels that neighbours share.
        pad: Smaller scenes are filled up at the right and at the bottom: the image with 0, the label with what is
            ignored. Without it they are refused.
    """

    height: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1)]
    overlap: Annotated[int, Field(ge=0)] = 0
    pad: bool = False


class ColourValue(_Description):
    """A colour of a mask and the value that is written for it."""

    colour: tuple[Value, Value, Value]
    value: Value


class Raw(_Description):
    """The set as its publisher hands it out, and how it becomes the folders of the benchmark.

    Attributes:
        folders: Folders below the given one where it may lie, tried in order.
        images: Templates of the images, tried in order.
        labels: Templates of the labels, tried in order for every image.
        name: Template of a prepared pair's name, from the fields of the image and x0, y0, x1, y1 of a crop.
        where: Values of the fields that belong to the benchmark; all without it.
        listed: File with the names of the images that belong to the benchmark, one a line.
        holds: What the labels hold: the benchmark's `values`, `colours`, or levels of `grey`.
        colours: Colour masks: a table, or a legend whose indices count from 1, what it ignores being 0.
        threshold: Grey masks: from this level on a pixel is foreground.
        crop: How scenes are cut; None copies whole images.
        files: The publisher's files that are needed.
        obtain: How to get them.
    """

    folders: tuple[str, ...] = (".",)
    images: Templates
    labels: Templates
    name: str
    where: dict[str, tuple[str, ...]] = {}
    listed: str | None = None
    holds: Literal["values", "colours", "grey"]
    colours: str | tuple[ColourValue, ...] = ()
    threshold: Annotated[int, Field(ge=1, le=255)] = 128
    crop: Crop | None = None
    files: tuple[str, ...]
    obtain: str


class Benchmark(_Description):
    """A benchmark set on disk, as the published evaluations expect it.

    Attributes:
        name: Name in commands; also that of the published vocabulary.
        title: What it is, with the part that is scored.
        suite: "ovss8", or "ovss-single" for the sets with one class and background.
        url: The publisher's page.
        licence: Terms as the publisher states them, or where they are.
        bands: What the three channels of the images are.
        note: What a user may not expect.
        vocabulary: Name of its class list; the class indices of labels count in it.
        folders: Folders below the root where it may lie, tried in order; new ones are made in the first.
        images: Templates of the images, tried in order; ``{name}`` is the pair's name.
        labels: Templates of the labels, tried in order for every image.
        only: Names of the pairs that are scored, where a folder holds others too.
        values: Class index of every value of the labels, or "ignore".
        expected: Number of pairs of the complete set, where published.
        occur: Indices of the classes that the complete set holds; all of `values` without it.
        shares: Wide bounds of a class's share of the labelled pixels.
        ignored: Wide bounds of the share of ignored pixels.
        constant: The largest share of labels with one class only that raises no doubt.
        grey: Images without colour are refused, worth a note, or usual.
        raw: What the publisher hands out.
    """

    name: str
    title: str
    suite: Suite
    url: str
    licence: str
    bands: tuple[str, str, str] = ("red", "green", "blue")
    note: str = ""
    vocabulary: str
    folders: Templates
    images: Templates
    labels: Templates
    only: frozenset[str] = frozenset()
    values: Annotated[dict[Value, Value | Literal["ignore"]], Field(min_length=2)]
    expected: int | None = None
    occur: tuple[int, ...] = ()
    shares: dict[int, tuple[Share, Share]] = {}
    ignored: tuple[Share, Share] = (0.0, 0.05)
    constant: Share = 0.5
    grey: Literal["refuse", "note", "usual"]
    raw: Raw

    @model_validator(mode="after")
    def _classes_are_counted(self) -> Benchmark:
        indices = {index for index in self.values.values() if index != "ignore"}
        if indices != set(range(len(indices))):
            raise ValueError(f"values lead to the classes {sorted(indices)}, which do not count from 0")
        if strange := {*self.occur, *self.shares} - indices:
            raise ValueError(f"there is no class {min(strange)}")
        may_ignore = self.raw.holds == "colours" or (self.raw.crop is not None and self.raw.crop.pad)
        if may_ignore and self.ignored_value not in self.values:
            raise ValueError("colour masks and crops that are filled up need a value that is ignored")
        return self

    @property
    def classes(self) -> int:
        """Number of classes K."""
        return len({index for index in self.values.values() if index != "ignore"})

    @property
    def must_occur(self) -> tuple[int, ...]:
        """Indices of the classes that the complete set holds."""
        return self.occur or tuple(range(self.classes))

    @property
    def ignored_value(self) -> int:
        """The value that labels have where they are ignored; 255 where the set knows no such pixel."""
        return next((value for value, index in self.values.items() if index == "ignore"), IGNORE)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the classes in index order."""
        from landwright.legends.vocabulary import load_vocabulary

        return load_vocabulary(self.vocabulary).names

    def pairs(self, root: str | PathLike[str]) -> list[tuple[Path, Path]]:
        """Find the images with their labels.

        Args:
            root: Folder that holds the benchmark's folder.

        Returns:
            (image, label) files in order of the images' paths.

        Raises:
            DataError: If there is no image, or an image has no label.
        """
        folder, images = self._images(Path(root))
        if not images:
            below = " or ".join(self.folders)
            raise DataError(
                f"holds no image of {self.title}: expected is {self.images[0]} in {below}",
                path=root,
                remedy=f"Make it with `landwright data prepare {self.name} --from FOLDER -o {root}`. "
                f"To get the data: {self.raw.obtain} ({self.url})",
            )
        found = [(image, self.label_of(folder, name)) for image, name in images]
        if bare := [image.name for image, label in found if label is None]:
            more = f" and {len(bare) - _SHOWN} more" if len(bare) > _SHOWN else ""
            raise DataError(
                f"{len(bare)} of {len(images)} images have no label: {', '.join(bare[:_SHOWN])}{more}",
                path=folder,
                remedy=f"Expected is {' or '.join(self.labels)}",
            )
        return [(image, label) for image, label in found if label is not None]

    def label_of(self, folder: Path, name: str) -> Path | None:
        """The label of a pair in the benchmark's folder, or None."""
        return next((path for path in templates.places(folder, self.labels, {"name": name}) if path.is_file()), None)

    def read_image(self, path: str | PathLike[str]) -> NDArray[np.uint8]:
        """Read an image as (H, W, 3) uint8, in the order of `bands`.

        Raises:
            DataError: If the file is damaged or not of three bands of 8 bits.
        """
        return read_picture(path).rgb(grey=self.grey == "usual")

    def read_label(self, path: str | PathLike[str]) -> NDArray[np.uint8]:
        """Read a label as (H, W) uint8 class indices, 255 where ignored.

        Raises:
            DataError: If the file is damaged, has several bands, or holds a value that the set does not know.
        """
        codes = read_picture(path).codes()
        indices = self.indices(codes)
        if (strange := indices == UNKNOWN).any():
            raise DataError(self.describe_strange(codes[strange]), path=path, remedy=self.remedy_for_labels)
        return indices

    def indices(self, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Class indices of label values: 255 where ignored, 254 for values that the set does not know."""
        return by_code(codes, ((value, IGNORE if index == "ignore" else index) for value, index in self.values.items()))

    def describe_strange(self, codes: NDArray[np.uint8]) -> str:
        """Say which values are not the set's."""
        found = tally(codes).most_common()
        shown = ", ".join(f"{value} ({count} px)" for value, count in found[:_SHOWN])
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        return f"holds values that labels of {self.name} do not have: {shown}{more}"

    @property
    def remedy_for_labels(self) -> str:
        """What to do about labels with other values."""
        known = ", ".join(map(str, sorted(self.values)))
        return (
            f"Their values are {known}. Colour masks, masks of 0 and 255 and labels that were saved as JPEG or with a "
            f"palette are not: make them anew with `landwright data prepare {self.name}`"
        )

    def check(self, root: str | PathLike[str], *, progress: Callable[[int, int], None] | None = None) -> Findings:
        """Look through all images and labels for what corrupts a score.

        Args:
            root: Folder that holds the benchmark's folder.
            progress: Called with the numbers of finished and of all pairs.

        Returns:
            What was found: a class histogram, problems and warnings.

        Raises:
            DataError: If there is no image, or an image has no label.
        """
        from landwright.data.benchmarks.findings import check_benchmark

        return check_benchmark(self, Path(root), progress=progress)

    def _images(self, root: Path) -> tuple[Path, list[tuple[Path, str]]]:
        """The folder where the set lies, and its images with their names."""
        for folder in self.folders:
            for template in self.images:
                found = [(path, fields["name"]) for path, fields in templates.find(root / folder, template)]
                # A process that was killed leaves hidden files behind.
                images = [
                    (path, name)
                    for path, name in found
                    if not name.startswith(".") and (not self.only or name in self.only)
                ]
                if images:
                    return root / folder, images
        return root, []
