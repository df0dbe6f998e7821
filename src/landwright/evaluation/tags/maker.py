"""Make class activation maps and pseudo labels of whole scenes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.bundles import Bundle
from landwright.data import Scene
from landwright.engine import PredictOptions, Source
from landwright.engine.score import choose_device
from landwright.engine.sources import open_source
from landwright.evaluation.confusion import IGNORE
from landwright.evaluation.findings import LabelOptions
from landwright.evaluation.tags.findings import Activation
from landwright.evaluation.tags.pieces import WHOLE, Piece, pieces
from landwright.evaluation.tags.precision import Precision
from landwright.evaluation.tags.source import TagSource, tag_classes
from landwright.evaluation.tags.stages import Stager, StageRules
from landwright.evaluation.thumbnail import Thumbnail
from landwright.networks import network_info
from landwright.rasters import LabelReader, RasterInfo, Window, open_labels
from landwright.rasters.gdal import settings

Progress = Callable[[int, int], None]
"""Called with the number of finished and of all pixels."""


@dataclass(frozen=True)
class Made:
    """What a scene came to.

    Attributes:
        info: Its grid.
        cam: uint8 (H, W), class by the class activation maps, 255 = none.
        pseudo: uint8 (H, W), class by the refined maps, 255 = none.
        activation: Small pictures of the class activation maps.
    """

    info: RasterInfo
    cam: NDArray[np.uint8]
    pseudo: NDArray[np.uint8]
    activation: Activation


class StageMaker:
    """Looks at scenes with the tags that they have.

    Args:
        bundle: A model whose network has class activation maps.
        tags: Which classes the scenes hold.
        options: How the map is made: bands, scale and device are those of the stages, too.
        labels: How references are read that tags are taken from.
        rules: How the stages are made.
        side: Longest side of the small pictures in pixels.

    Attributes:
        precision: How well the tags were told.
        whole: Longest side in pixels of an image that is looked at as a whole.
        cut: Images that were too large to be looked at as a whole.
    """

    def __init__(
        self,
        bundle: Bundle,
        tags: TagSource,
        options: PredictOptions,
        labels: LabelOptions,
        *,
        rules: StageRules,
        side: int,
    ) -> None:
        """Start with no image."""
        self._bundle, self._tags, self._options, self._labels = bundle, tags, options, labels
        self._side = side
        self._classes = tag_classes(bundle)
        self._stager = Stager(bundle, choose_device(options.device), rules)
        self._least = rules.min_pixels
        network = bundle.card.network
        stride = network_info(network.name, **network.options).stride
        self.whole = max(bundle.card.tiling.tile, WHOLE * stride)
        self.precision = Precision(self._classes)
        self.cut = 0

    def make(self, scene: Scene, regions: tuple[Window, ...] | None, progress: Progress) -> Made:
        """Look at one scene, window by window where it is large.

        Args:
            scene: A scene with a label.
            regions: Parts of it that count, or None for all of it; nothing is made of the rest.
            progress: Called after every window.

        Raises:
            DataError: A file is missing or damaged, or does not fit the model.
        """
        with ExitStack() as stack:
            stack.enter_context(settings(str(scene.image)))
            source, _ = open_source((str(scene.image),), self._bundle.card, self._options, stack)
            held = self._held(scene, source.info, stack)
            cam, pseudo = (np.full(source.shape, IGNORE, np.uint8) for _ in range(2))
            strength, strongest = Thumbnail(source.shape, self._side, fill=0), Thumbnail(source.shape, self._side)
            cut = list(self._pieces(source, regions))
            total, done = sum(piece.kept.height * piece.kept.width for piece in cut), 0
            for piece in cut:
                pixels, valid = source.read_with_valid(piece.shown)
                if valid.any():
                    tags = held(piece.shown)
                    found = self._stager(pixels, valid, tags)
                    key = (scene.name, piece.shown if self._tags.from_masks else None)
                    self.precision.add(key, found.logits, torch.from_numpy(tags))
                    cam[piece.place], pseudo[piece.place] = found.cam[piece.part], found.pseudo[piece.part]
                    strength.add(found.strength[piece.part], piece.kept)
                    strongest.add(found.strongest[piece.part], piece.kept)
                done += piece.kept.height * piece.kept.width
                progress(done, total)
            return Made(source.info, cam, pseudo, Activation(strength.values, strongest.values))

    def _pieces(self, source: Source, regions: tuple[Window, ...] | None) -> Iterator[Piece]:
        tile = self._bundle.card.tiling.tile
        cuts = [pieces(region, tile, self.whole) for region in regions or (Window(0, 0, *source.shape),)]
        self.cut += any(len(cut) > 1 for cut in cuts)
        for cut in cuts:
            yield from cut

    def _held(self, scene: Scene, info: RasterInfo, stack: ExitStack) -> Callable[[Window], NDArray[np.bool_]]:
        """Return what tells which of the T classes a window of an image holds."""
        if self._tags.named is not None:
            named = self._tags.named[scene.name]
            tags = np.array([name in named for name in self._classes])
            return lambda _: tags
        reference = stack.enter_context(self._reference(scene.reference, info))
        first = len(self._bundle.legend) - len(self._classes)

        def shown(window: Window) -> NDArray[np.bool_]:
            counts: NDArray[Any] = np.bincount(reference.read(window).ravel(), minlength=IGNORE)
            return np.asarray(counts[first : first + len(self._classes)] >= self._least)

        return shown

    def _reference(self, path: Path, like: RasterInfo) -> LabelReader:
        labels = self._labels
        return open_labels(
            path,
            self._bundle.legend,
            like,
            field=labels.field,
            burn=labels.burn,
            outside=labels.outside,
            crosswalk=labels.crosswalk,
        )
