"""What a suite is: its data sets, the figure that it is read by, and the published tables beside it."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from landwright.errors import UsageError

Figure = Literal["miou", "foreground"]
"""The figure of a data set: mean IoU over all classes, or over all but the background class."""

FIGURES: dict[Figure, str] = {
    "miou": "mIoU over all classes, the background class among them",
    "foreground": "IoU without the background class",
}


class Suite(BaseModel):
    """Data sets that are scored together.

    Attributes:
        name: Name on the command line.
        title: Heading of the table.
        figure: The figure that the suite is read by.
        preset: Preset that the published figures were made with; the default.
        datasets: Names of the data sets, in the order of the table.
        published: Names of the tables of published figures.
        notes: What a reader of a data set's figures must know.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    title: str
    figure: Figure
    preset: str
    datasets: Annotated[tuple[str, ...], Field(min_length=1)]
    published: tuple[str, ...] = ()
    notes: dict[str, str] = {}

    def choose(self, names: list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
        """Return the data sets to run, in the order of the table.

        Args:
            names: Data sets wanted; None for all.

        Raises:
            UsageError: One of them is not in the suite, or none is named.
        """
        if names is None:
            return self.datasets
        for name in names:
            if name not in self.datasets:
                raise UsageError(
                    f"the suite {self.name} has no data set {name!r}", remedy=near(name, self.datasets, "It has")
                )
        if not names:
            raise UsageError("no data set is named", remedy=f"Name some of {', '.join(self.datasets)}")
        return tuple(name for name in self.datasets if name in names)


def list_suites() -> list[str]:
    """Names of the suites, sorted."""
    return sorted(path.stem for path in _folder("suites").glob("*.yaml"))


def load_suite(name: str) -> Suite:
    """Load a suite.

    Raises:
        UsageError: There is no suite of that name.
    """
    if name not in (names := list_suites()):
        raise UsageError(f"there is no suite {name!r}", remedy=near(name, names, "There are"))
    return _read(name)


@cache
def _read(name: str) -> Suite:
    return Suite.model_validate(read_shipped("suites", name))


def near(name: str, names: list[str] | tuple[str, ...], otherwise: str) -> str:
    """Return the remedy for a name that does not exist: the nearest one, or all."""
    found = get_close_matches(name, names, n=1)
    return f"Did you mean {found[0]}?" if found else f"{otherwise} {', '.join(names)}"


def read_shipped(folder: str, name: str) -> object:
    """Return the content of a YAML file that comes with landwright."""
    return yaml.safe_load((_folder(folder) / f"{name}.yaml").read_text(encoding="utf-8"))


def _folder(name: str) -> Path:
    return Path(str(files("landwright.evaluation.suite"))) / name
