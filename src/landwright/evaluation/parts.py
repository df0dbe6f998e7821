"""What of a model is scored: the classes, the heights, and the stages from tags to the classes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from landwright.bundles import Bundle
from landwright.data import Scene
from landwright.engine import MapResult, PredictOptions
from landwright.errors import DataError, UsageError
from landwright.evaluation.compare import Comparison
from landwright.evaluation.findings import Evaluation, LabelOptions, Merge, Pair
from landwright.evaluation.heights.compare import HeightComparison
from landwright.evaluation.heights.findings import HeightPair
from landwright.evaluation.heights.protocols import HEIGHT_PROTOCOLS, split_protocols
from landwright.evaluation.protocols import DEFAULT
from landwright.evaluation.tags.compare import TagComparison
from landwright.evaluation.tags.source import TagSource, check_tagged
from landwright.evaluation.tags.stages import StageRules
from landwright.evaluation.trained import TrainedOn
from landwright.rasters import Window


@dataclass
class Parts:
    """The comparisons of one evaluation; None for what is not scored.

    Attributes:
        classes: Of class maps.
        heights: Of height maps.
        stages: Of what comes before the class map of a model that learnt from tags.
    """

    classes: Comparison | None
    heights: HeightComparison | None
    stages: TagComparison | None = None

    @property
    def shows(self) -> bool:
        """Whether small pictures of the next class map are kept."""
        return self.classes is not None and self.classes.previews > len(self.classes.seen)

    def refuse_existing(self, folder: Path, scene: Scene, *, overwrite: bool) -> None:
        """Refuse to write over files of the stages, unless ``overwrite``.

        Raises:
            UsageError: A file is there already.
        """
        if self.stages is not None:
            self.stages.refuse_existing(folder, scene, overwrite=overwrite)

    def add(
        self,
        scene: Scene,
        result: MapResult,
        regions: tuple[Window, ...] | None,
        folder: Path,
        progress: Callable[[int, int], None],
    ) -> list[Path]:
        """Compare what was mapped of a scene with its references.

        Args:
            scene: The scene.
            result: Its maps.
            regions: Parts of it that count, or None for all of it.
            folder: Where the stages are written.
            progress: Called while they are made.

        Returns:
            Files that were written.

        Raises:
            DataError: The two cannot be compared.
        """
        made: list[Path] = []
        if self.classes is not None and scene.label is not None:
            self.classes.add(Pair(scene.name, result.path, scene.label, scene.image, result.confidence, regions))
            if self.stages is not None:
                made += self.stages.add(scene, regions, folder, progress=progress)
        if self.heights is not None and scene.height is not None:
            path = result.height_map or result.path
            label = None if self.classes is None else scene.label
            self.heights.add(HeightPair(scene.name, path, scene.height, scene.image, label, scene.group, regions))
        return made

    def finish(self, known: TrainedOn) -> Evaluation:
        """Return the scores of all scenes.

        Raises:
            DataError: Nothing has both a reference and a prediction.
        """
        evaluation = Evaluation(trained_on=known) if self.classes is None else self.classes.finish(known)
        heights = None if self.heights is None else self.heights.finish(known)
        tags = None if self.stages is None else self.stages.finish(known)
        return evaluation.model_copy(update={"heights": heights, "tags": tags})


def start_parts(
    bundle: Bundle,
    scenes: Collection[Scene],
    protocols: Sequence[str],
    labels: LabelOptions,
    merge: Merge | None,
    previews: int,
) -> Parts:
    """Start what the model tells and the scenes have references for.

    Args:
        bundle: The model.
        scenes: What it is scored on.
        protocols: Names, of classes and of heights.
        labels: How labels are read.
        merge: How the model's classes become those that are scored.
        previews: Number of scenes of which small pictures are kept.

    Raises:
        UsageError: A protocol or the merge does not fit what is scored.
        DataError: A scene has no reference of what the model tells.
    """
    tells = bundle.card.outputs
    for scene in scenes:
        if not (("classes" in tells and scene.label) or ("height" in tells and scene.height)):
            has = " and ".join(
                name for name, path in (("labels", scene.label), ("heights", scene.height)) if path is not None
            )
            raise DataError(
                f"the model tells {' and '.join(tells)}, but the scene has {has or 'neither labels nor heights'}",
                path=scene.image,
                remedy="Give references of what the model tells (labels, or heights in metres), or other scenes",
            )
    of_classes, of_heights = split_protocols(protocols)
    classes, heights = None, None
    if "classes" in tells and any(scene.label for scene in scenes):
        classes = Comparison(bundle.legend, of_classes or (DEFAULT,), labels, merge, previews=previews)
    elif merge is not None:
        raise UsageError("only heights are scored: there are no classes to merge", remedy="Leave the merge out")
    if "height" in tells and any(scene.height for scene in scenes):
        legend = None if classes is None else classes.legend
        heights = HeightComparison(of_heights or HEIGHT_PROTOCOLS, legend, labels, previews=previews)
    elif of_heights:
        raise UsageError(
            f"protocol {of_heights[0]!r} scores heights, and there are none",
            remedy="Score a model that tells heights on scenes that have some",
        )
    return Parts(classes, heights)


def start_stages(
    bundle: Bundle, classes: Comparison, tags: TagSource, options: PredictOptions, rules: StageRules
) -> TagComparison:
    """Start the stages before the map, with the protocols, labels and merge of the map's comparison.

    Args:
        bundle: A model that learnt from tags.
        classes: The map's comparison.
        tags: Which classes the scenes hold.
        options: How the map is made.
        rules: How the stages are made.

    Raises:
        UsageError: The model did not learn from tags, or these do not fit.
    """
    check_tagged(bundle)
    return TagComparison(
        bundle,
        tags,
        options,
        classes.protocols,
        classes.labels,
        classes.merge,
        rules=rules,
        previews=classes.previews,
    )
