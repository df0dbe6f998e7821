"""Class tables: what the codes and colours of a product mean, and how one product's classes become another's."""

from landwright.legends.crosswalk import Crosswalk, list_crosswalks, load_crosswalk
from landwright.legends.legend import IGNORE, Legend, LegendClass
from landwright.legends.prior import Prior, list_priors, load_prior
from landwright.legends.shipped import list_legends, load_legend

__all__ = [
    "IGNORE",
    "Crosswalk",
    "Legend",
    "LegendClass",
    "Prior",
    "list_crosswalks",
    "list_legends",
    "list_priors",
    "load_crosswalk",
    "load_legend",
    "load_prior",
]
