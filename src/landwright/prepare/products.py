"""What is fused: a label product and the crosswalk from its classes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landwright.errors import UsageError
from landwright.legends import Crosswalk, Legend, list_crosswalks, load_crosswalk


@dataclass(frozen=True)
class Product:
    """A label product.

    Attributes:
        path: Label raster of any grid.
        crosswalk: From its legend to the classes wanted; None where it has these classes already.
    """

    path: str
    crosswalk: Crosswalk | None = None

    def own_legend(self, legend: Legend) -> Legend:
        """The legend of its codes, where `legend` holds the classes wanted."""
        return legend if self.crosswalk is None else self.crosswalk.source_legend

    def allowed(self, legend: Legend) -> NDArray[np.bool_]:
        """(S, K) table: which of the classes wanted each of its classes may be."""
        return np.eye(len(legend), dtype=np.bool_) if self.crosswalk is None else self.crosswalk.allowed()


def parse_product(text: str, legend: Legend) -> Product:
    """Read ``FILE=CROSSWALK``, or ``FILE`` for a product that has the classes wanted already.

    Args:
        text: What the user wrote; a file whose name holds an equals sign is taken as it is where it exists.
        legend: The classes wanted.

    Raises:
        UsageError: If there is no such crosswalk, or it leads to other classes.
        DataError: If the crosswalk is a file that is missing or not valid.
    """
    path, equals, name = text.rpartition("=")
    if not equals or Path(text).exists():
        return Product(text)
    if not path or not name:
        raise UsageError(
            f"product {text!r} is not of the form FILE=CROSSWALK", remedy=f"For example {_example(text, legend)}"
        )
    try:
        crosswalk = load_crosswalk(name)
    except UsageError as error:
        raise UsageError(f"{error.problem} for {path}", remedy=_choices(legend)) from error
    target = crosswalk.target_legend
    if (target.codes, target.names) != (legend.codes, legend.names):
        raise UsageError(
            f"crosswalk {crosswalk.name} of {path} leads to legend {target.name}, not to {legend.name}",
            remedy=_choices(legend),
        )
    return Product(path, crosswalk)


def _choices(legend: Legend) -> str:
    names = [name for name in list_crosswalks() if load_crosswalk(name).target == legend.name]
    if not names:
        return f"Write a crosswalk to {legend.name} and name its .yaml file"
    return f"To {legend.name} lead {', '.join(names)}; or name a .yaml file of your own"


def _example(text: str, legend: Legend) -> str:
    file = text.strip("=") or "product.tif"
    names = [name for name in list_crosswalks() if load_crosswalk(name).target == legend.name]
    return f"{file}={names[0] if names else 'own-crosswalk.yaml'}"
