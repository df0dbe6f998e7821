"""Compare maps with their references, window by window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landwright.evaluation.area import area_table
from landwright.evaluation.confusion import confusion, scores
from landwright.evaluation.findings import PLAIN, Evaluation, LabelOptions, Pair, Preview, SceneScore
from landwright.evaluation.protocols import DEFAULT, create_protocol
from landwright.evaluation.thumbnail import Thumbnail
from landwright.evaluation.windows import chunks
from landwright.legends import Legend
from landwright.maps import rgb_picture
from landwright.rasters import RasterInfo, Window, open_labels, open_raster

Advance = Callable[[int], object]
"""Called with the number of pixels that were just done."""


@dataclass
class Comparison:
    """Collects scores over any number of pairs.

    Args:
        legend: Classes of maps and references.
        protocols: Names of the protocols to score with.
        labels: How references are read.
        previews: Number of pairs, from the first on, of which small pictures are kept.
        side: Longest side of these in pixels.

    Attributes:
        seen: The small pictures.
    """

    legend: Legend
    protocols: Sequence[str] = (DEFAULT,)
    labels: LabelOptions = PLAIN
    previews: int = 0
    side: int = 512
    seen: list[Preview] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        """Start the protocols."""
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
        camera = _Camera(pair, info, self.side) if len(self.seen) < self.previews else None
        total = np.zeros((len(self.legend), len(self.legend)), np.int64)
        options = self.labels
        with ExitStack() as stack:
            prediction = stack.enter_context(open_labels(pair.map, self.legend, info))
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
                wanted, found = reference.read(window), prediction.read(window)
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
                notes=reference.notes,
            )
        )
        return self._scenes[-1]

    def finish(self) -> Evaluation:
        """Return the scores of all pairs.

        Raises:
            DataError: No pixel has both a reference and a prediction.
        """
        results = tuple(counter.compute() for counter in self._counters)
        table = area_table(results[0].matrix, self._mapped, self.legend.names, pixel_m2=_pixel_area(self._gsds))
        return Evaluation(results=results, area=table, scenes=tuple(self._scenes))


class _Camera:
    """Takes the small pictures of one pair."""

    def __init__(self, pair: Pair, info: RasterInfo, side: int) -> None:
        self._pair, self._info, self._side = pair, info, side
        self.reference, self.prediction = (Thumbnail(info.shape, side) for _ in range(2))

    def develop(self) -> Preview:
        pair = self._pair
        confidence = None
        if pair.confidence is not None:
            small = Thumbnail(self._info.shape, self._side)
            with open_raster(pair.confidence) as raster:
                for window in chunks((Window(0, 0, *self._info.shape),)):
                    small.add(raster.read(window)[0], window)
            confidence = small.indices
        return Preview(
            name=pair.name,
            shape=self._info.shape,
            gsd=self._info.gsd,
            reference=self.reference.indices,
            prediction=self.prediction.indices,
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
