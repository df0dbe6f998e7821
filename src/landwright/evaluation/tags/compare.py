"""Score the stages from tags to a map on the scenes that the map is scored on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landwright.bundles import Bundle
from landwright.data import Scene
from landwright.engine import PredictOptions
from landwright.engine.tags import class_tags
from landwright.errors import UsageError
from landwright.evaluation.compare import Comparison
from landwright.evaluation.findings import LabelOptions, Merge, Pair
from landwright.evaluation.tags.findings import TagFindings, TagPreview
from landwright.evaluation.tags.maker import Progress, StageMaker
from landwright.evaluation.tags.precision import mean_precision
from landwright.evaluation.tags.source import TagSource, has_background
from landwright.evaluation.tags.stages import StageRules
from landwright.evaluation.thumbnail import Thumbnail
from landwright.evaluation.trained import TrainedOn
from landwright.networks.ctfa import SCALES
from landwright.prepare.segments.read import SegmentFolder
from landwright.rasters import RasterInfo, Window, write_cog

DEFAULT_RULES = StageRules()


class TagComparison:
    """Makes class activation maps and pseudo labels of scenes and compares them with the references of the map.

    Both are told which classes an image holds, as published; the map that they are compared with is not.

    Args:
        bundle: A model whose network has class activation maps.
        tags: Which classes the scenes hold.
        options: How the map is made: bands, scale and device are those of the stages, too.
        protocols: Names of the protocols.
        labels: How references are read.
        merge: How the model's classes become those that are scored, if they are others.
        rules: How the stages are made.
        previews: Number of scenes, from the first on, of which small pictures are kept.

    Attributes:
        seen: The small pictures.

    Raises:
        UsageError: Tags are to come from masks that hold merged classes.
    """

    def __init__(
        self,
        bundle: Bundle,
        tags: TagSource,
        options: PredictOptions,
        protocols: Sequence[str],
        labels: LabelOptions,
        merge: Merge | None = None,
        *,
        rules: StageRules = DEFAULT_RULES,
        previews: int = 0,
    ) -> None:
        """Start with no counts."""
        if merge is not None and tags.from_masks:
            raise UsageError(
                "the masks show the merged classes, which are no tags of the model's",
                remedy="Give a file with --tags, or leave --merge out",
            )
        merged = None if merge is None else replace(merge, by="map")
        self._cam, self._pseudo = (
            Comparison(bundle.legend, protocols, labels, merged, previews=previews) for _ in range(2)
        )
        self._bundle, self._tags, self._previews = bundle, tags, previews
        self._rules = rules
        self._score = rules.background_score if has_background(bundle) else None
        self._maker = StageMaker(bundle, tags, options, labels, rules=rules, side=self._cam.side)
        self.seen: list[TagPreview] = []

    @staticmethod
    def files(folder: Path, name: str) -> tuple[Path, Path]:
        """Return the files of a scene: labels of the class activation maps, and pseudo labels."""
        return folder / f"{name}_cam.tif", folder / f"{name}_pseudo.tif"

    def refuse_existing(self, folder: Path, scene: Scene, *, overwrite: bool) -> None:
        """Refuse to write over files, unless ``overwrite``.

        Raises:
            UsageError: A file is there already.
        """
        there = [path for path in self.files(folder, scene.name) if path.exists()]
        if there and not overwrite:
            raise UsageError("is there already", path=there[0], remedy="Use --force (overwrite=True) or another folder")

    def add(
        self, scene: Scene, regions: tuple[Window, ...] | None, folder: Path, *, progress: Progress = lambda *_: None
    ) -> tuple[Path, Path]:
        """Make the stages of a scene, and compare them.

        Args:
            scene: A scene with a label.
            regions: Parts of it that count, or None for all of it.
            folder: Where the stages are written.
            progress: Called after every window.

        Returns:
            The files, see ``files``.

        Raises:
            DataError: A file is missing or damaged, or the two do not lie on the same ground.
        """
        if scene.label is None:
            raise ValueError(f"scene {scene.name} has no label")
        made = self._maker.make(scene, regions, progress)
        files = self.files(folder, scene.name)
        for path, indices, comparison in zip(files, (made.cam, made.pseudo), (self._cam, self._pseudo), strict=True):
            self._write(path, indices, made.info)
            comparison.add(Pair(scene.name, path, scene.label, scene.image, regions=regions))
        if len(self.seen) < self._previews:
            segments = self._tags.segments
            objects = None if segments is None else self._objects(segments, scene.image, made.info.shape)
            self.seen.append(TagPreview(self._pseudo.seen[-1], made.activation, objects))
        return files

    def finish(self, trained_on: TrainedOn | None = None) -> TagFindings:
        """Return the scores of all scenes.

        Args:
            trained_on: Whether the images were trained on.

        Raises:
            DataError: No pixel has both a reference and a label of a stage.
        """
        precision = self._maker.precision.compute()
        images = len(self._maker.precision)
        return TagFindings(
            cam=self._cam.finish(trained_on).results,
            pseudo=self._pseudo.finish(trained_on).results,
            precision=precision,
            tag_ap=mean_precision(precision),
            images=images,
            tags=self._tags.origin,
            background_score=self._score,
            rules=_said(self._tags.origin, self._rules, self._score),
            notes=self._notes([row.name for row in precision if row.images == images]),
        )

    def _notes(self, everywhere: list[str]) -> tuple[str, ...]:
        notes = []
        if cut := self._maker.cut:
            tile = self._bundle.card.tiling.tile
            whose = "those that the mask shows there" if self._tags.from_masks else "those of the whole image"
            notes.append(
                f"Images of more than {self._maker.whole} pixels a side ({cut} of them): the stages were made in "
                f"windows of {tile} pixels, and the tags of a window are {whose}."
            )
        if everywhere:
            notes.append(f"In every image, so that its average precision says nothing: {', '.join(everywhere)}.")
        return tuple(notes)

    def _write(self, path: Path, indices: NDArray[np.uint8], info: RasterInfo) -> None:
        legend = self._bundle.legend
        write_cog(
            path,
            legend.decode(indices),
            crs=info.crs,
            transform=info.transform,
            nodata=legend.nodata,
            colormap=legend.colour_table(),
            descriptions=[f"classes: {legend.name}"],
            tags=class_tags(legend),
            overviews="mode",
        )

    def _objects(self, segments: SegmentFolder, image: Path, shape: tuple[int, int]) -> NDArray[np.int32]:
        whole = Window(0, 0, *shape)
        small = Thumbnail(shape, self._cam.side, fill=0, dtype=np.int32)
        small.add(segments.read(image, whole)[0], whole)
        return small.values


def _said(origin: str, rules: StageRules, background: float | None) -> tuple[str, ...]:
    sizes = ", ".join(f"{scale:g}" for scale in rules.scales)
    sizes += " (as published)" if rules.scales == SCALES else ""
    over = "all pixels, nodata too, as published" if rules.official else "the pixels with a value"
    levels = " in 256 levels of colour, as published" if rules.official else ""
    least = "" if background is None else f", or the background where none is above {background:g}"
    rival = "" if background is None else f" and a background of {background:g}"
    return (
        f"CAM: class activation maps at the scales {sizes}, each with its mirror image, stretched over {over}; a pixel "
        f"takes the strongest class among the image's tags{least}.",
        f"Pseudo label: these maps{rival} compete after pixel-adaptive refinement{levels}, and every pixel gets a "
        "class.",
        f"Both know the image's tags (from {origin}); the map does not.",
    )
