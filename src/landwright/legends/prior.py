"""The Prior: what share of each fine class the ground of a coarse class holds."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from landwright.legends.legend import Code, Legend, Name
from landwright.legends.rules import check_rules, is_code
from landwright.legends.shipped import find_table, load_legend, read_table, shipped

_ROUNDING = 1e-6


def _a_row(value: object) -> object:
    """Say what the shares of a class are, instead of what each of their forms lacks."""
    row = value if isinstance(value, dict) else {}
    whole = all(is_code(code) and _is_share(share) for code, share in row.items())
    if value != "ignore" and not (row and whole):
        raise ValueError(f"{value!r} is no mapping of target codes to shares 0..1 and not ignore")
    return value


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


Row = Annotated[dict[Code, float] | Literal["ignore"], BeforeValidator(_a_row)]


class Prior(BaseModel):
    """Soft labels: the shares of the target classes in the cells of each source class.

    A cell of 30 m is seldom of one kind: "developed, open space" is mostly lawn. Where a crosswalk gives a cell one
    class, a prior gives it a probability of each.

    Attributes:
        name: Short name, as in `load_prior(name)`.
        source: Name or file of the legend of the coarse product.
        target: Name or file of the legend of the map.
        reference: Where the shares come from.
        shares: {source code: {target code: share} or "ignore"}, for each source class and no other; the shares of a
            class are 0..1 and sum to 1; target classes that are not named have none.

    Raises:
        pydantic.ValidationError: If a source class has no shares, shares do not sum to 1, or a code is in neither
            legend.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    source: Name
    target: Name
    reference: str = ""
    shares: dict[Code, Row]

    @model_validator(mode="after")
    def _shares_are_whole(self) -> Prior:
        rows = {code: row for code, row in self.shares.items() if row != "ignore"}
        check_rules(self.shares, [to for row in rows.values() for to in row], self.source_legend, self.target_legend)
        sums = {code: sum(row.values()) for code, row in rows.items()}
        if wrong := [f"{total:g} (code {code})" for code, total in sums.items() if abs(total - 1) > _ROUNDING]:
            raise ValueError(f"shares sum to {', '.join(wrong)} and not to 1")
        return self

    @property
    def source_legend(self) -> Legend:
        """The legend of the coarse product."""
        return load_legend(self.source)

    @property
    def target_legend(self) -> Legend:
        """The legend of the map."""
        return load_legend(self.target)

    def matrix(self) -> NDArray[np.float32]:
        """(S, K) shares by source and target index; a row sums to 1, that of an ignored class to 0."""
        source, target = self.source_legend, self.target_legend
        table = np.zeros((len(source), len(target)), np.float32)
        for index, code in enumerate(source.codes):
            row = self.shares[code]
            if row != "ignore":
                table[index, [target.index(to) for to in row]] = list(row.values())
        return table


def list_priors() -> list[str]:
    """Names of the shipped priors."""
    return shipped("priors")


def load_prior(name_or_path: str | PathLike[str]) -> Prior:
    """Load a prior.

    Args:
        name_or_path: Name of a shipped prior, or a YAML file with the fields of `Prior`.

    Raises:
        UsageError: If there is no shipped prior, or it names no known legend.
        DataError: If the file is missing or is not a valid prior.
    """
    path: Path = find_table(name_or_path, "priors", "prior")
    return read_table(path, Prior, "prior")
