"""What a map is made of: which channels are averaged over windows, and which raster each of them goes to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from landwright.bundles import Bundle
from landwright.engine.classmap import ClassMap
from landwright.engine.crf import CrfRefiner
from landwright.engine.decode import check_measure
from landwright.engine.disagreement import Disagreeing, DisagreementMap, SpareHead, SquareSum
from landwright.engine.heads import Head, HeightHead
from landwright.engine.heightmap import HeightMap
from landwright.engine.merge import Merger
from landwright.engine.options import PredictOptions
from landwright.engine.plan import Plan
from landwright.engine.probabilitymap import ProbabilityMap
from landwright.engine.protocols import Refiner, Sink
from landwright.engine.queries import class_scores
from landwright.engine.snap import Snapper
from landwright.engine.split import Split, Together
from landwright.engine.stream import Tiling
from landwright.maps import StripWriter


class Channels:
    """The channels of a map: first those of the classes, then the disagreement of windows, then the heights.

    Args:
        bundle: The model.
        plan: Which maps are made.
        options: What the user chose.
        tiling: Windows.

    Raises:
        UsageError: The confidence that was asked for has no meaning for the model.
    """

    def __init__(self, bundle: Bundle, plan: Plan, options: PredictOptions, tiling: Tiling) -> None:
        """Settle what classes are chosen from."""
        self._bundle, self._plan, self._options, self._tiling = bundle, plan, options, tiling
        self._classes = None
        if plan.legend is not None:
            self._classes = class_scores(bundle, self._merger, averages_logits=tiling.published)
            check_measure(options.measure, self._classes.decoder, len(plan.legend))

    @cached_property
    def heads(self) -> list[Head]:
        """What is taken of the network's outputs, in the order of the channels."""
        found: list[Head] = [] if self._classes is None else [self._classes.head]
        found += [SpareHead()] if self._options.disagreement else []
        return found + ([HeightHead(self._plan.heights)] if self._plan.heights else [])

    def refiner(self) -> Refiner | None:
        """Return what lets the scores of a window follow the image, or None."""
        options, legend = self._options, self._plan.legend
        found: Refiner | None = None
        if options.snap is not None:
            found = Snapper(options.snap, self._bundle.card.normalization)
        elif options.crf and legend is not None:
            partial = self._merger is not None and self._merger.partial
            found = CrfRefiner(self._bundle.card, len(legend), partial=partial)
        if options.disagreement and self._classes is not None:
            return SquareSum(self._classes.head.channels, found)
        return found

    def sinks(self, writers: Mapping[str, StripWriter]) -> tuple[Sink, ClassMap | None]:
        """Return what takes the averaged channels.

        Args:
            writers: Writers by the stem of what they write.

        Returns:
            The sink, and the part of it that chooses classes, or None where there are none.
        """
        options, found = self._options, list[tuple[Sink, int]]()
        classes = None
        if self._classes is not None and self._plan.legend is not None:
            legend, decoder = self._plan.legend, self._classes.decoder
            classes = ClassMap(
                legend,
                writers["classes"],
                writers.get("confidence"),
                decoder=decoder,
                least=options.least,
                measure=options.measure,
            )
            sink: Sink = classes
            if options.probabilities:
                sink = Together([sink, ProbabilityMap(len(legend), writers["probabilities"], decoder=decoder)])
            found.append((sink, self._classes.head.channels))
            if options.disagreement:
                found.append((DisagreementMap(writers["disagreement"]), 1))
        if heights := self._plan.heights:
            metres = HeightMap(heights, writers["height"], writers.get("height_spread"), raw=self._tiling.published)
            found.append((metres, heights + self._plan.spread))
        whole: Sink = Split(found)
        if options.disagreement and self._classes is not None:
            whole = Disagreeing(self._classes.head.channels, whole)
        return whole, classes

    @cached_property
    def _merger(self) -> Merger | None:
        return None if self._options.merge is None else Merger(self._options.merge)
