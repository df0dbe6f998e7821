"""What a model makes of an image: which maps, of how many dates."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike

from landwright.bundles import Card
from landwright.engine.crf import check_crf
from landwright.engine.disagreement import check_disagreement
from landwright.engine.merge import check_merge
from landwright.engine.options import PredictOptions
from landwright.errors import UsageError
from landwright.legends import Legend
from landwright.maps import MapFiles, map_files


@dataclass(frozen=True)
class Plan:
    """Which maps are made.

    Attributes:
        legend: Classes of the class map, or None where there is none.
        heights: Number of dates whose heights are mapped: 0 for no height map, 2 for a difference.
        spread: There is a map of the heights' spread.
    """

    legend: Legend | None
    heights: int
    spread: bool

    def files(self, out: str | PathLike[str], options: PredictOptions) -> MapFiles:
        """Name the files.

        Raises:
            UsageError: A raster's name does not end with ``.tif``, or two have one name.
        """
        return map_files(
            out,
            options.confidence,
            classes=self.legend is not None,
            height=self.heights > 0,
            spread=self.spread,
            legend=options.as_labels,
            probabilities=options.probabilities,
            disagreement=options.disagreement,
        )


def plan(card: Card, options: PredictOptions) -> Plan:
    """Settle which maps a model makes.

    A model of one date that is given two tells the difference of heights and nothing else: two maps of classes would
    be two maps.

    Raises:
        UsageError: An option does not fit what the model maps.
    """
    compares = options.before is not None and card.dates == 1
    if compares and "height" not in card.outputs:
        raise UsageError(
            f"model {card.name} maps the classes of one date, so that an earlier one says nothing to it",
            remedy="Use a model of two dates (building change) or one of heights, or leave --before out",
        )
    legend = None
    if "classes" in card.outputs and not compares:
        legend = card.legend
    if legend is None:
        _refuse_without_classes(options)
    if options.merge is not None and legend is not None:
        check_merge(options.merge, legend)
        legend = options.merge.target_legend
    if options.crf and legend is not None:
        check_crf(card, len(legend), options.blend or card.tiling.blend)
    if options.disagreement and legend is not None:
        check_disagreement(card, len(legend), options.blend or card.tiling.blend)
    heights = 0
    if "height" in card.outputs:
        heights = 2 if compares else 1
    return Plan(legend, heights, heights > 0 and options.tta != "none")


def _refuse_without_classes(options: PredictOptions) -> None:
    chosen = (
        ("--merge", "to merge", options.merge is not None),
        ("--min-confidence", "to be sure of", options.min_confidence is not None),
        ("--crf", "to refine", options.crf),
        ("--measure", "to be sure of", options.measure != "max"),
        ("--probabilities", "to tell the probabilities of", options.probabilities),
        ("--disagreement", "to disagree on", options.disagreement),
        ("--as-labels", "to make labels of", options.as_labels),
    )
    for name, purpose, given in chosen:
        if given:
            raise UsageError(
                f"there are no classes {purpose}: this is a map of heights alone", remedy=f"Leave {name} out"
            )
