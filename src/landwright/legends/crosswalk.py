"""The Crosswalk: from the classes of one product to those of another, many to one."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

from landwright.legends.legend import IGNORE, Code, Legend, Name
from landwright.legends.shipped import find_table, load_legend, read_table, shipped


class Crosswalk(BaseModel):
    """Rules from each class of a source legend to a class of a target legend.

    Attributes:
        name: Short name, as in `load_crosswalk(name)`.
        source: Name or file of the source legend.
        target: Name or file of the target legend.
        variant: Which of several published tables this is, where the literature disagrees.
        reference: Where the rules come from.
        rules: {source code: target code or "ignore"}, one rule for each source class and no other.

    Raises:
        pydantic.ValidationError: If a source class has no rule, or a rule names a code that a legend does not have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    source: Name
    target: Name
    variant: Name = "default"
    reference: str = ""
    rules: dict[Code, Code | Literal["ignore"]]

    @model_validator(mode="after")
    def _rules_cover_the_source(self) -> Crosswalk:
        source, target = self.source_legend, self.target_legend
        if missing := sorted(set(source.codes) - set(self.rules)):
            raise ValueError(f"no rule for codes {missing} of {source.name}")
        if strange := sorted(set(self.rules) - set(source.codes)):
            raise ValueError(f"rules for codes {strange} that {source.name} does not have")
        if strange := sorted({code for code in self.rules.values() if code != "ignore"} - set(target.codes)):
            raise ValueError(f"rules lead to codes {strange} that {target.name} does not have")
        return self

    @property
    def source_legend(self) -> Legend:
        """The legend of the codes that come in."""
        return load_legend(self.source)

    @property
    def target_legend(self) -> Legend:
        """The legend of the codes that go out."""
        return load_legend(self.target)

    def lut(self) -> NDArray[np.uint8]:
        """(256,) table of target codes by source code; the target's nodata for ignored and undefined codes."""
        source, target = self.source_legend, self.target_legend
        table = np.full(256, target.nodata, np.uint8)
        for entry in source.classes:
            rule = self.rules[entry.code]
            table[[entry.code, *entry.aliases]] = target.nodata if rule == "ignore" else rule
        return table

    def index_lut(self) -> NDArray[np.uint8]:
        """(256,) table of target indices by source index; 255 for ignored ones."""
        source, target = self.source_legend, self.target_legend
        table = np.full(256, IGNORE, np.uint8)
        for index, code in enumerate(source.codes):
            rule = self.rules[code]
            table[index] = IGNORE if rule == "ignore" else target.index(rule)
        return table

    def apply(self, codes: NDArray[Any], *, path: str | PathLike[str] | None = None) -> NDArray[np.uint8]:
        """Translate codes.

        Args:
            codes: (H, W) codes of the source legend.
            path: The file they come from, for messages.

        Returns:
            (H, W) uint8 codes of the target legend, its nodata where the rule or the source legend ignores the code.

        Raises:
            DataError: If a code is not in the source legend.
        """
        indices = self.source_legend.encode(codes, path=path)
        return self.target_legend.decode(np.take(self.index_lut(), indices))


def list_crosswalks() -> list[str]:
    """Names of the shipped crosswalks."""
    return shipped("crosswalks")


def load_crosswalk(name_or_path: str | PathLike[str]) -> Crosswalk:
    """Load a crosswalk.

    Args:
        name_or_path: Name of a shipped crosswalk, or a YAML file with the fields of `Crosswalk`.

    Raises:
        UsageError: If there is no shipped crosswalk, or it names no known legend.
        DataError: If the file is missing or is not a valid crosswalk.
    """
    path: Path = find_table(name_or_path, "crosswalks", "crosswalk")
    return read_table(path, Crosswalk, "crosswalk")
