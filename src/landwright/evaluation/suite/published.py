"""Published figures: what they were made with, and which of ours they may stand beside."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from landwright.evaluation.suite.definition import Figure, Suite, read_shipped

OWN = "own"
"""Attention of models that bring their own last layer, whatever is asked for."""


class PublishedRow(BaseModel):
    """The figures of one method.

    Attributes:
        method: Name in the publication.
        backbone: Image tower.
        model: Our name of the model, whether or not it is in the registry.
        attention: Attention of the last layer; ``own`` where the model brings its own.
        preset: Our preset with the same settings; None where the publication does not state them all.
        activation: Activation that the published evaluation used, where known.
        figures: Percent per data set, in the order of the table's data sets; None where not published.
        mean: Published mean in percent, of all data sets.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    method: str
    backbone: str
    model: str
    attention: str
    preset: str | None = None
    activation: str | None = None
    figures: tuple[Annotated[float, Field(ge=0, le=100)] | None, ...]
    mean: Annotated[float, Field(ge=0, le=100)] | None = None

    def beside(self, model: str | None, attention: str, *, fixed: bool) -> bool:
        """Return whether the row may stand beside figures of ours: the same model with the same attention.

        Args:
            model: Name of our model in the registry; None for weights that are not those published.
            attention: The attention that it was run with.
            fixed: Whether the model brings its own last layer.
        """
        return self.model == model and (self.attention == attention or (fixed and self.attention == OWN))

    def sentence(self) -> str:
        """Return what the figures were made with, as far as is known."""
        parts = [
            f"preset {self.preset}" if self.preset else "settings not all stated",
            "its own attention" if self.attention == OWN else f"attention {self.attention}",
            f"activation {self.activation}" if self.activation else "activation not stated",
        ]
        return ", ".join(parts)


class PublishedTable(BaseModel):
    """One table of a publication.

    Attributes:
        name: Name of the table.
        title: Name of the publication.
        source: Where it was published.
        figure: What the figures are.
        settings: How they were made, as far as is known.
        digits: Decimals of the figures.
        datasets: Data sets in the order of the figures.
        rows: Methods.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    title: str
    source: str
    figure: Figure
    settings: str
    digits: int
    datasets: tuple[str, ...]
    rows: tuple[PublishedRow, ...]

    @model_validator(mode="after")
    def _one_figure_per_data_set(self) -> PublishedTable:
        for row in self.rows:
            if len(row.figures) != len(self.datasets):
                raise ValueError(f"{row.method}: {len(row.figures)} figures for {len(self.datasets)} data sets")
        return self

    def by_dataset(self, row: PublishedRow) -> dict[str, float | None]:
        """Return the figures of a row by data set, in percent."""
        return dict(zip(self.datasets, row.figures, strict=True))


def load_published(suite: Suite) -> tuple[PublishedTable, ...]:
    """Load the published tables of a suite."""
    return tuple(_read(name) for name in suite.published)


@cache
def _read(name: str) -> PublishedTable:
    return PublishedTable.model_validate(read_shipped("published", name))
