"""Compare maps with their references, window by window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landwright.engine import check_merge, fitting_crosswalks
from landwright.errors import DataError, UsageError
from landwright.evaluation.area import area_table
from landwright.evaluation.confusion import confusion, scores
from landwright.evaluation.findings import PLAIN, Evaluation, LabelOptions, Merge, Pair, Preview, SceneScore
from landwright.evaluation.grid import comparison_grid
from landwright.evaluation.protocols import DEFAULT, create_protocol
from landwright.evaluation.thumbnail import Thumbnail
from landwright.evaluation.trained import TrainedOn
from landwright.evaluation.windows import chunks
from landwright.legends import Legend
from landwright.maps import rgb_picture
from landwright.rasters import LabelReader, RasterInfo, Tally, Window, open_labels, open_raster

Advance = Callable[[int], object]
"""Called with the number of pixels that were just done."""


@dataclass
class Comparison:
    """Collects scores over any number of pairs.

    Args:
        maps: Classes of the maps as the model or the product has them.
        protocols: Names of the protocols to score with.
        labels: How references are read.
        merge: How the maps' classes become those that are scored; None if they are.
        previews: Number of pairs, from the first on, of which small pictures are kept.
        side: Longest side of these in pixels.

    Attributes:
        legend: Classes that are scored.
        seen: The small pictures.

    Raises:
        UsageError: A protocol is unknown or made for other classes, or a crosswalk does not fit.
    """

    maps: Legend
    protocols: Sequence[str] = (DEFAULT,)
    labels: LabelOptions = PLAIN
    merge: Merge | None = None
    previews: int = 0
    side: int = 512
    legend: Legend = field(init=False)
    seen: list[Preview] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        """Settle the classes and start the protocols."""
        self.legend = self.maps
        if self.merge is not None:
            check_merge(self.merge.crosswalk, self.maps)
            self.legend = self.merge.crosswalk.target_legend
        _check_labels(self.labels, self.legend)
        self._counters = [create_protocol(name, self.legend.names) for name in dict.fromkeys(self.protocols)]
        self._mapped = np.zeros(len(self.legend), np.int64)
        self._gsds: list[float | None] = []
        self._scenes: list[SceneScore] = []

    def add(self, pair: Pair, *, advance: Advance = lambda _: None) -> SceneScore:
        """Compare one map with its reference.

        Args:
            pair: The files.
            advance: Called with the pixels done after every window.

        Returns:
            The scene's own score.

        Raises:
            DataError: A file is missing or damaged, holds classes that the legend lacks, or the two do not lie on
                the same ground.
        """
        with open_raster(pair.map) as raster:
            info = raster.info
        if pair.regions is None:
            info = comparison_grid(info, pair.reference)
        camera = _Camera(pair, info, self.side) if len(self.seen) < self.previews else None
        total = np.zeros((len(self.legend), len(self.legend)), np.int64)
        options = self.labels
        with ExitStack() as stack:
            # Maps of a model that merged by probability hold the merged classes.
            merge = self.merge.crosswalk if self.merge is not None and self.merge.by == "map" else None
            prediction = stack.enter_context(open_labels(pair.map, self.legend, info, crosswalk=merge))
            reference = stack.enter_context(
                open_labels(
                    pair.reference,
                    self.legend,
                    info,
                    field=options.field,
                    burn=options.burn,
                    outside=options.outside,
                    crosswalk=options.crosswalk,
                )
            )
            for window in chunks(pair.regions or (Window(0, 0, *info.shape),)):
                wanted, found = self._read(reference, window), prediction.read(window)
                counts = confusion(wanted, found, len(self.legend))
                for counter in self._counters:
                    counter.add(counts, name=pair.name)
                total += counts[:, :-1].numpy()
                self._mapped += np.bincount(found.ravel(), minlength=256)[: len(self.legend)]
                if camera:
                    camera.reference.add(wanted, window)
                    camera.prediction.add(found, window)
                advance(window.height * window.width)
        self._gsds.append(info.gsd)
        if camera:
            self.seen.append(camera.develop())
        pooled = scores(total, self.legend.names)
        self._scenes.append(
            SceneScore(
                name=pair.name,
                map=str(pair.map),
                reference=str(pair.reference),
                aligned=reference.aligned,
                pixels=int(total.sum()),
                oa=pooled.oa,
                miou=pooled.miou,
                notes=tuple(dict.fromkeys((*info.notes, *reference.notes))),  # both may say the same
            )
        )
        return self._scenes[-1]

    def finish(self, trained_on: TrainedOn | None = None) -> Evaluation:
        """Return the scores of all pairs, each with the tables used and with what is known of the training.

        Args:
            trained_on: Whether the images were trained on.

        Raises:
            DataError: No pixel has both a reference and a prediction.
        """
        crosswalk = self.labels.crosswalk
        remarks = (
            *([] if self.merge is None else [self.merge.sentence]),
            *([] if crosswalk is None else [f"The reference's classes were translated by the table {crosswalk.name}."]),
            *([] if trained_on is None else [trained_on.sentence]),
        )
        counted = [counter.compute() for counter in self._counters]
        results = tuple(result.model_copy(update={"notes": result.notes + remarks}) for result in counted)
        table = area_table(results[0].matrix, self._mapped, self.legend.names, pixel_m2=_pixel_area(self._gsds))
        return Evaluation(
            results=results,
            area=table,
            scenes=tuple(self._scenes),
            merge=None if self.merge is None else self.merge.crosswalk.name,
            merged_by=None if self.merge is None else self.merge.by,
            crosswalk=None if crosswalk is None else crosswalk.name,
            trained_on=trained_on,
        )

    def _read(self, reference: LabelReader, window: Window) -> NDArray[np.uint8]:
        """Read a reference; where only the map was merged, say how its own classes are translated."""
        try:
            return reference.read(window)
        except DataError as error:
            tally = Tally()
            if self.merge is not None and self.labels.crosswalk is None:
                reference.count(tally, window)
            if not tally.unknown:
                raise
            remedy = _translations(self.maps, self.legend)
            raise DataError(error.problem, path=error.path, remedy=remedy) from error


def _translations(maps: Legend, target: Legend) -> str:
    """What to do about a reference that is not in the classes that a map was merged to."""
    likely, tables = (fitting_crosswalks(source=source, target=target) for source in (maps, None))
    others = [name for name in tables if name not in likely]
    if not tables:
        return f"Translate the labels, too: give --crosswalk a .yaml file with rules that lead to {target.name}"
    if not likely:
        return f"Translate the labels, too, with the --crosswalk that starts from their classes: {', '.join(others)}"
    rest = f", or, if they have other classes, with one of {', '.join(others)}" if others else ""
    return f"If the labels have the map's classes, translate them, too, with --crosswalk {' or '.join(likely)}{rest}"


def _check_labels(labels: LabelOptions, legend: Legend) -> None:
    crosswalk = labels.crosswalk
    if crosswalk is None or crosswalk.target_legend.same_classes(legend):
        return
    known = fitting_crosswalks(source=crosswalk.source_legend, target=legend)
    raise UsageError(
        f"crosswalk {crosswalk.name} leads to the classes of {crosswalk.target}, but those of {legend.name} are scored",
        remedy=f"Translate the labels with --crosswalk {' or '.join(known)}"
        if known
        else "Merge the map's classes with --merge, or choose a crosswalk that leads to them",
    )


class _Camera:
    """Takes the small pictures of one pair."""

    def __init__(self, pair: Pair, info: RasterInfo, side: int) -> None:
        self._pair, self._info, self._side = pair, info, side
        self.reference, self.prediction = (Thumbnail(info.shape, side) for _ in range(2))

    def develop(self) -> Preview:
        pair = self._pair
        confidence = None
        if pair.confidence is not None:
            with open_raster(pair.confidence) as raster:
                small = Thumbnail(raster.info.shape, self._side)
                for window in chunks((Window(0, 0, *raster.info.shape),)):
                    small.add(raster.read(window)[0], window)
            confidence = small.values
        return Preview(
            name=pair.name,
            shape=self._info.shape,
            gsd=self._info.gsd,
            reference=self.reference.values,
            prediction=self.prediction.values,
            image=None if pair.image is None else self._imagery(pair.image),
            confidence=confidence,
        )

    def _imagery(self, path: Path) -> NDArray[np.uint8]:
        with open_raster(path) as raster:
            return rgb_picture(raster, size=self._side)


def _pixel_area(gsds: Sequence[float | None]) -> float | None:
    """Square metres per pixel, if all maps have a known pixel size and it is the same within 1 %."""
    known = [gsd for gsd in gsds if gsd is not None]
    if len(known) < len(gsds) or max(known) > 1.01 * min(known):
        return None
    return sum(known) ** 2 / len(known) ** 2
