"""Class tables: what codes, colours and words of classes mean, and how one product's classes become another's."""

from landwright.legends.crosswalk import Crosswalk, list_crosswalks, load_crosswalk
from landwright.legends.legend import IGNORE, Legend, LegendClass
from landwright.legends.prior import Prior, list_priors, load_prior
from landwright.legends.shipped import list_legends, load_legend
from landwright.legends.vocabulary import Vocabulary, VocabularyClass, list_vocabularies, load_vocabulary, parse_words

__all__ = [
    "IGNORE",
    "Crosswalk",
    "Legend",
    "LegendClass",
    "Prior",
    "Vocabulary",
    "VocabularyClass",
    "list_crosswalks",
    "list_legends",
    "list_priors",
    "list_vocabularies",
    "load_crosswalk",
    "load_legend",
    "load_prior",
    "load_vocabulary",
    "parse_words",
]
