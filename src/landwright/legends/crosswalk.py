"""The Crosswalk: from the classes of one product to those of another."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from landwright.legends.legend import IGNORE, Code, Legend, Name
from landwright.legends.rules import check_rules, is_code
from landwright.legends.shipped import find_table, load_legend, read_table, shipped


def _a_rule(value: object) -> object:
    """Say what a rule is, instead of what each of its forms lacks."""
    codes = value if isinstance(value, list | tuple) and len(value) > 1 else [value]
    if value != "ignore" and not all(is_code(code) for code in codes):
        raise ValueError(f"{value!r} is no code 0..255, no list of two or more codes and not ignore")
    if len(set(codes)) < len(codes):
        raise ValueError(f"{value!r} names a target twice")
    return value


Rule = Annotated[Code | tuple[Code, ...] | Literal["ignore"], BeforeValidator(_a_rule)]


class Crosswalk(BaseModel):
    """Rules from each class of a source legend to a class of a target legend.

    A class that may be any of several target classes (Esri's rangeland: shrubland or grassland) has a list of them. As
    a label it is ignored, because nobody knows which it is; where products are fused, each of them has its vote.

    Attributes:
        name: Short name, as in `load_crosswalk(name)`.
        source: Name or file of the source legend.
        target: Name or file of the target legend.
        variant: Which of several published tables this is, where the literature disagrees.
        reference: Where the rules come from.
        rules: {source code: target code, list of at least two of them, or "ignore"}, one rule for each source class
            and no other.

    Raises:
        pydantic.ValidationError: If a source class has no rule, or a rule names a code that a legend does not have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    source: Name
    target: Name
    variant: Name = "default"
    reference: str = ""
    rules: dict[Code, Rule]

    @model_validator(mode="after")
    def _rules_cover_the_source(self) -> Crosswalk:
        reached = [target for code in self.rules for target in self.targets(code)]
        check_rules(self.rules, reached, self.source_legend, self.target_legend)
        return self

    @property
    def source_legend(self) -> Legend:
        """The legend of the codes that come in."""
        return load_legend(self.source)

    @property
    def target_legend(self) -> Legend:
        """The legend of the codes that go out."""
        return load_legend(self.target)

    def targets(self, code: int) -> tuple[int, ...]:
        """Target codes that the class with this source code may be: none where the rule ignores it."""
        rule = self.rules[code]
        if rule == "ignore":
            return ()
        return rule if isinstance(rule, tuple) else (rule,)

    def allowed(self) -> NDArray[np.bool_]:
        """(S, K) table by source and target index: whether the source class may be that target class."""
        source, target = self.source_legend, self.target_legend
        table = np.zeros((len(source), len(target)), np.bool_)
        for index, code in enumerate(source.codes):
            table[index, [target.index(to) for to in self.targets(code)]] = True
        return table

    def lut(self) -> NDArray[np.uint8]:
        """(256,) table of target codes by source code; nodata for ignored, ambiguous and undefined codes."""
        source, target = self.source_legend, self.target_legend
        table = np.full(256, target.nodata, np.uint8)
        for entry in source.classes:
            targets = self.targets(entry.code)
            table[[entry.code, *entry.aliases]] = targets[0] if len(targets) == 1 else target.nodata
        return table

    def index_lut(self) -> NDArray[np.uint8]:
        """(256,) table of target indices by source index; 255 for ignored and ambiguous ones."""
        source, target = self.source_legend, self.target_legend
        table = np.full(256, IGNORE, np.uint8)
        for index, code in enumerate(source.codes):
            targets = self.targets(code)
            table[index] = target.index(targets[0]) if len(targets) == 1 else IGNORE
        return table

    def apply(self, codes: NDArray[Any], *, path: str | PathLike[str] | None = None) -> NDArray[np.uint8]:
        """Translate codes.

        Args:
            codes: (H, W) codes of the source legend.
            path: The file they come from, for messages.

        Returns:
            (H, W) uint8 codes of the target legend, its nodata where the rule or the source legend ignores the code
            and where the rule names several classes.

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
