"""The recipe: one flat YAML file that says what to train, with what, and for how long.

A recipe is validated before anything else happens: an unknown key or a wrong type is reported with the line it stands
on. Dotted overrides (``optim.lr=1e-4``) are applied before validation, and the resolved recipe is
saved with the run, so that a run can always be repeated.
"""

from landwright.recipe.data import AugmentSpec, DataSpec, NormalizeSpec, SplitSpec, TargetSpec
from landwright.recipe.load import load_recipe, recipe_schema
from landwright.recipe.recipe import Recipe
from landwright.recipe.supervision import CoarseSpec, SyntheticSpec
from landwright.recipe.tags import TagsSpec
from landwright.recipe.training import LossSpec, NetworkSpec, OptimSpec, ValidateSpec
from landwright.recipe.words import WordsSpec

__all__ = [
    "AugmentSpec",
    "CoarseSpec",
    "DataSpec",
    "LossSpec",
    "NetworkSpec",
    "NormalizeSpec",
    "OptimSpec",
    "Recipe",
    "SplitSpec",
    "SyntheticSpec",
    "TagsSpec",
    "TargetSpec",
    "ValidateSpec",
    "WordsSpec",
    "load_recipe",
    "recipe_schema",
]
