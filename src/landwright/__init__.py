"""landwright: land maps from whatever labels you have.

Names are resolved when they are first used, so that ``import landwright`` loads neither torch nor GDAL.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from landwright._version import __version__
from landwright.errors import DataError, LandwrightError, UsageError

if TYPE_CHECKING:
    from landwright.api import Mapper, evaluate, export, load, predict, vectorize
    from landwright.bundles import Bundle, Card, save_bundle
    from landwright.bundles.importers import import_checkpoint
    from landwright.engine import PredictOptions
    from landwright.evaluation import evaluate_map
    from landwright.legends import Crosswalk, Legend, list_legends, load_crosswalk, load_legend
    from landwright.networks import Outputs, create_network, list_networks, network_info
    from landwright.recipe import Recipe, load_recipe
    from landwright.regimes import train

__all__ = [
    "Bundle",
    "Card",
    "Crosswalk",
    "DataError",
    "LandwrightError",
    "Legend",
    "Mapper",
    "Outputs",
    "PredictOptions",
    "Recipe",
    "UsageError",
    "__version__",
    "create_network",
    "evaluate",
    "evaluate_map",
    "export",
    "import_checkpoint",
    "list_legends",
    "list_networks",
    "load",
    "load_crosswalk",
    "load_legend",
    "load_recipe",
    "network_info",
    "predict",
    "save_bundle",
    "train",
    "vectorize",
]

_HOMES = {
    "Bundle": "bundles",
    "Card": "bundles",
    "Crosswalk": "legends",
    "Legend": "legends",
    "Mapper": "api",
    "Outputs": "networks",
    "PredictOptions": "engine",
    "Recipe": "recipe",
    "create_network": "networks",
    "evaluate": "api",
    "evaluate_map": "evaluation",
    "export": "api",
    "import_checkpoint": "bundles.importers",
    "list_legends": "legends",
    "list_networks": "networks",
    "load": "api",
    "load_crosswalk": "legends",
    "load_legend": "legends",
    "load_recipe": "recipe",
    "network_info": "networks",
    "predict": "api",
    "save_bundle": "bundles",
    "train": "regimes",
    "vectorize": "api",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'landwright' has no attribute {name!r}")
    value = getattr(import_module(f"landwright.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Name what the package offers, for completion."""
    return sorted({*globals(), *__all__})
