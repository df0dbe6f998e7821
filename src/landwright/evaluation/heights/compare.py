"""Compare height maps with their references, window by window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from landwright.evaluation.findings import PLAIN, LabelOptions
from landwright.evaluation.heights.errors import HeightErrors
from landwright.evaluation.heights.findings import HeightFindings, HeightPair, HeightPreview, HeightScene
from landwright.evaluation.heights.protocols import HEIGHT_PROTOCOLS, create_height_protocol
from landwright.evaluation.heights.reader import read_map, refuse_classes
from landwright.evaluation.thumbnail import Thumbnail
from landwright.evaluation.trained import TrainedOn
from landwright.evaluation.windows import chunks
from landwright.legends import Legend
from landwright.maps import rgb_picture
from landwright.rasters import LabelReader, RasterInfo, Window, open_heights, open_labels, open_raster


@dataclass
class HeightComparison:
    """Collects height scores over any number of pairs.

    Args:
        protocols: Names of the protocols to score with.
        legend: Classes of the pairs' labels, if errors are to be told apart by class.
        labels: How these labels are read.
        previews: Number of pairs, from the first on, of which small pictures are kept.
        side: Longest side of these in pixels.

    Attributes:
        seen: The small pictures.

    Raises:
        UsageError: A protocol is unknown.
    """

    protocols: Sequence[str] = HEIGHT_PROTOCOLS
    legend: Legend | None = None
    labels: LabelOptions = PLAIN
    previews: int = 0
    side: int = 512
    seen: list[HeightPreview] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        """Start the protocols."""
        names = () if self.legend is None else self.legend.names
        self._counters = [create_height_protocol(name, names) for name in dict.fromkeys(self.protocols)]
        self._scenes: list[HeightScene] = []

    def add(self, pair: HeightPair, *, advance: Callable[[int], object] = lambda _: None) -> HeightScene:
        """Compare one height map with its reference.

        Args:
            pair: The files.
            advance: Called with the pixels done after every window.

        Returns:
            The scene's own errors.

        Raises:
            DataError: A file is missing or damaged, or the two do not lie on the same ground.
            UsageError: A file says that it holds classes.
        """
        errors = HeightErrors()
        for path in (pair.map, pair.reference):
            refuse_classes(path)
        with ExitStack() as stack:
            prediction = stack.enter_context(open_raster(pair.map))
            info = prediction.info
            reference = stack.enter_context(open_heights(pair.reference, info))
            classes = self._classes(pair, info, stack)
            camera = _Camera(info, self.side) if len(self.seen) < self.previews else None
            # Only whole images have a centre.
            areas = [counter.area(info.shape) if pair.regions is None else None for counter in self._counters]
            for window in chunks(pair.regions or (Window(0, 0, *info.shape),)):
                found, wanted = read_map(prediction, window), reference.read(window)
                of = None if classes is None else classes.read(window)
                errors.update(found, wanted)
                for counter, area in zip(self._counters, areas, strict=True):
                    part = _inside(window, area)
                    counter.update(
                        found[part],
                        wanted[part],
                        name=pair.name,
                        group=pair.group,
                        classes=None if of is None else of[part],
                    )
                if camera:
                    camera.add(found, wanted, window)
                advance(window.height * window.width)
        if camera:
            self.seen.append(camera.develop(pair))
        rows = errors.rows()[0]
        self._scenes.append(
            HeightScene(
                name=pair.name,
                map=str(pair.map),
                reference=str(pair.reference),
                group=pair.group,
                aligned=reference.aligned,
                pixels=errors.pixels,
                mae=rows.mae,
                rmse=rows.rmse,
                bias=rows.bias,
                notes=tuple(dict.fromkeys((*info.notes, *reference.notes))),
            )
        )
        return self._scenes[-1]

    def finish(self, trained_on: TrainedOn | None = None) -> HeightFindings:
        """Return the scores of all pairs, each with what is known of the training.

        Args:
            trained_on: Whether the images were trained on.

        Raises:
            DataError: No pixel has both a reference and a prediction.
        """
        said = () if trained_on is None else (trained_on.sentence,)
        counted = [counter.compute() for counter in self._counters]
        return HeightFindings(
            results=tuple(result.model_copy(update={"notes": result.notes + said}) for result in counted),
            scenes=tuple(self._scenes),
        )

    def _classes(self, pair: HeightPair, info: RasterInfo, stack: ExitStack) -> LabelReader | None:
        if self.legend is None or pair.label is None:
            return None
        options = self.labels
        return stack.enter_context(
            open_labels(
                pair.label,
                self.legend,
                info,
                field=options.field,
                burn=options.burn,
                outside=options.outside,
                crosswalk=options.crosswalk,
            )
        )


class _Camera:
    """Takes the small pictures of one pair."""

    def __init__(self, info: RasterInfo, side: int) -> None:
        self._info, self._side = info, side
        self._found, self._wanted = (Thumbnail(info.shape, side, fill=np.nan, dtype=np.float32) for _ in range(2))

    def add(self, found: NDArray[np.float32], wanted: NDArray[np.float32], window: Window) -> None:
        self._found.add(found, window)
        self._wanted.add(wanted, window)

    def develop(self, pair: HeightPair) -> HeightPreview:
        image = None
        if pair.image is not None:
            with open_raster(pair.image) as raster:
                image = rgb_picture(raster, size=self._side)
        return HeightPreview(
            pair.name, self._info.shape, self._info.gsd, self._wanted.values, self._found.values, image
        )


def _inside(window: Window, area: Window | None) -> tuple[slice, slice]:
    """The part of a window's own pixels that lies in an area of the raster."""
    if area is None:
        return slice(None), slice(None)
    rows = _overlap(window.row, window.height, area.row, area.height)
    return rows, _overlap(window.col, window.width, area.col, area.width)


def _overlap(start: int, length: int, first: int, count: int) -> slice:
    low, high = max(start, first), min(start + length, first + count)
    return slice(max(0, low - start), max(0, high - start))
