"""The Legend: ordered classes with codes, names and colours, and the nodata code of maps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from os import PathLike
from typing import Annotated, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from landwright.errors import DataError, UsageError
from landwright.legends import lookup

IGNORE: Final = lookup.IGNORE
"""Index of a pixel without a usable label, in every mask of landwright."""

_SHOWN = 8

Code = Annotated[int, Field(strict=True, ge=0, le=255)]
Colour = tuple[Code, Code, Code]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class LegendClass(BaseModel):
    """One class of a legend.

    Attributes:
        code: Value of the class in maps that landwright writes, 0..255.
        name: Name for people, unique in its legend without regard to case.
        colour: (red, green, blue), each 0..255; also the colour in RGB masks.
        description: What belongs to the class.
        aliases: Other codes that label files use for the class (255 for buildings in Inria's masks).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Code
    name: Name
    colour: Colour
    description: str = ""
    aliases: tuple[Code, ...] = ()


class Legend(BaseModel):
    """Ordered classes of a product: the position of a class is its index in masks and network outputs.

    Attributes:
        name: Short name, as in `load_legend(name)`.
        title: One line for people.
        source: Paper or organisation that defines the classes.
        nodata: Code written for nodata in maps; never the code of a class.
        classes: The classes in index order, 1..254 of them.
        ignore_codes: Further codes of label files that carry no usable label.
        ignore_colours: The same for RGB masks.

    Raises:
        pydantic.ValidationError: If two classes share a code, name or colour, or nodata or an ignored value is a class.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    title: str = ""
    source: str = ""
    nodata: Code = 255
    classes: Annotated[tuple[LegendClass, ...], Field(min_length=1, max_length=lookup.UNKNOWN)]
    ignore_codes: tuple[Code, ...] = ()
    ignore_colours: tuple[Colour, ...] = ()

    @model_validator(mode="after")
    def _values_mean_one_thing(self) -> Legend:
        every_code = [code for entry in self.classes for code in (entry.code, *entry.aliases)]
        _refuse_repeats("code", every_code)
        _refuse_repeats("name", [name.casefold() for name in self.names])
        _refuse_repeats("colour", self.colours)
        if self.nodata in every_code:
            raise ValueError(f"nodata {self.nodata} is also the code of a class")
        if clash := sorted(set(self.ignore_codes) & set(every_code)):
            raise ValueError(f"ignore_codes {clash} are also codes of classes")
        if clashing := sorted(set(self.ignore_colours) & set(self.colours)):
            raise ValueError(f"ignore_colours {clashing} are also colours of classes")
        return self

    def __len__(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def codes(self) -> tuple[int, ...]:
        """Codes of the classes in index order."""
        return tuple(entry.code for entry in self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes in index order."""
        return tuple(entry.name for entry in self.classes)

    @property
    def colours(self) -> tuple[tuple[int, int, int], ...]:
        """Colours of the classes in index order."""
        return tuple(entry.colour for entry in self.classes)

    def same_classes(self, other: Legend) -> bool:
        """Whether another legend has the same codes and names in the same order, whatever it is called."""
        return (self.codes, self.names) == (other.codes, other.names)

    def without(self, indices: Collection[int]) -> Legend:
        """The same legend with some classes, by index, among what is ignored.

        Raises:
            pydantic.ValidationError: If no class is left.
        """
        left = [entry for index, entry in enumerate(self.classes) if index in indices]
        return Legend(
            name=self.name,
            title=self.title,
            source=self.source,
            nodata=self.nodata,
            classes=tuple(entry for index, entry in enumerate(self.classes) if index not in indices),
            ignore_codes=(*self.ignore_codes, *(code for entry in left for code in (entry.code, *entry.aliases))),
            ignore_colours=(*self.ignore_colours, *(entry.colour for entry in left)),
        )

    def index(self, name_or_code: str | int) -> int:
        """Index of a class.

        Args:
            name_or_code: The class's name (case does not matter), or its code or one of its aliases.

        Raises:
            UsageError: If the legend has no such class.
        """
        for index, entry in enumerate(self.classes):
            same_name = isinstance(name_or_code, str) and entry.name.casefold() == name_or_code.strip().casefold()
            if same_name or name_or_code in (entry.code, *entry.aliases):
                return index
        known = ", ".join(f"{entry.name} ({entry.code})" for entry in self.classes)
        raise UsageError(f"legend {self.name} has no class {name_or_code!r}", remedy=f"It has {known}.")

    def encode(self, codes: NDArray[Any], *, path: str | PathLike[str] | None = None) -> NDArray[np.uint8]:
        """Turn codes of a label file into class indices.

        Args:
            codes: (H, W) codes of any integer type, or of a float type holding whole numbers (NaN is ignored).
            path: The file they come from, for messages.

        Returns:
            (H, W) uint8 indices 0..K-1, 255 where the pixel is ignored.

        Raises:
            DataError: If a code is not in the legend, with the codes and their counts.
        """
        indices = self.look_up(codes)
        if (indices == lookup.UNKNOWN).any():
            raise self.unknown_error(self.unknown_codes(codes, indices), path=path)
        return indices

    def encode_rgb(self, rgb: NDArray[np.uint8], *, path: str | PathLike[str] | None = None) -> NDArray[np.uint8]:
        """Turn colours of an RGB mask into class indices.

        Args:
            rgb: (3, H, W) uint8 colours.
            path: The file they come from, for messages.

        Returns:
            (H, W) uint8 indices 0..K-1, 255 where the pixel is ignored.

        Raises:
            DataError: If a colour is not in the legend, with the colours and their counts.
        """
        indices = self.look_up_rgb(rgb)
        if (indices == lookup.UNKNOWN).any():
            raise self.unknown_error(self.unknown_colours(rgb, indices), colours=True, path=path)
        return indices

    def decode(self, indices: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Turn class indices into the codes of this legend; 255 and anything above K-1 becomes nodata."""
        table = np.full(256, self.nodata, np.uint8)
        table[: len(self)] = self.codes
        return np.take(table, indices)

    def colour_table(self) -> dict[int, tuple[int, int, int, int]]:
        """Colours by code with alpha, nodata transparent: what `write_cog(colormap=...)` takes."""
        table = {entry.code: (*entry.colour, 255) for entry in self.classes}
        return {**table, self.nodata: (0, 0, 0, 0)}

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and strings for YAML and JSON; `Legend.model_validate` reads them back."""
        return self.model_dump(mode="json", exclude_defaults=True) | {"nodata": self.nodata}

    def look_up(self, codes: NDArray[Any]) -> NDArray[np.uint8]:
        """Like `encode`, with index 254 where a code is not in the legend (for histograms of unchecked files)."""
        pairs = [(code, index) for index, entry in enumerate(self.classes) for code in (entry.code, *entry.aliases)]
        pairs += [(code, IGNORE) for code in (*self.ignore_codes, self.nodata)]
        return lookup.by_code(codes, pairs)

    def look_up_rgb(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Like `encode_rgb`, with index 254 where a colour is not in the legend."""
        pairs = [(colour, index) for index, colour in enumerate(self.colours)]
        pairs += [(colour, IGNORE) for colour in self.ignore_colours]
        return lookup.by_colour(rgb, pairs)

    @staticmethod
    def unknown_codes(codes: NDArray[Any], indices: NDArray[np.uint8]) -> Counter[str]:
        """Pixel counts of the codes that `look_up` did not find."""
        return lookup.tally(codes[indices == lookup.UNKNOWN])

    @staticmethod
    def unknown_colours(rgb: NDArray[np.uint8], indices: NDArray[np.uint8]) -> Counter[str]:
        """Pixel counts of the colours that `look_up_rgb` did not find, as 'r,g,b'."""
        return lookup.tally_colours(rgb[:, indices == lookup.UNKNOWN])

    def unknown_error(
        self, counts: Counter[str], *, colours: bool = False, path: str | PathLike[str] | None = None
    ) -> DataError:
        """The error that names codes or colours outside the legend, the most frequent first."""
        what = "colour" if colours else "code"
        shown = ", ".join(f"{value} ({count} px)" for value, count in counts.most_common(_SHOWN))
        more = f" and {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else ""
        return DataError(
            f"the labels hold {what}s that legend {self.name} does not have: {shown}{more}",
            path=path,
            remedy=f"Choose the legend of this product, or add the {what}s to the legend as classes or as ignored",
        )


def _refuse_repeats(what: str, values: Sequence[Any]) -> None:
    repeated = [value for value, count in Counter(values).items() if count > 1]
    if repeated:
        raise ValueError(f"{what} {', '.join(map(str, repeated))} stands for more than one class")
