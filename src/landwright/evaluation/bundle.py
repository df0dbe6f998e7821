"""Score a model bundle on images with labels or heights: map each as a user would, and compare the maps."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

from landwright.bundles import Bundle
from landwright.data import Scene
from landwright.engine import MapResult, PredictOptions, plan, predict_raster
from landwright.errors import DataError
from landwright.evaluation.findings import PLAIN, Evaluation, LabelOptions, Merge
from landwright.evaluation.parts import start_parts, start_stages
from landwright.evaluation.protocols import DEFAULT
from landwright.evaluation.report import PREVIEWS, About, check_report_folder, model_facts, write_report
from landwright.evaluation.sources import find_run
from landwright.evaluation.tags.source import TagSource
from landwright.evaluation.tags.stages import rules_of
from landwright.evaluation.trained import trained_on
from landwright.rasters import Window

Progress = Callable[[str, int, int], None]
"""Called with what is being done, and the number of finished and of all pixels."""


@dataclass(frozen=True)
class BundleEvaluation:
    """How a bundle fared.

    Attributes:
        evaluation: Scores per protocol, areas and one entry per scene.
        warnings: What the engine warned of, each once, with the first scene that it concerns.
        seconds: Time that the mapping took.
    """

    evaluation: Evaluation
    warnings: tuple[str, ...]
    seconds: float


def evaluate_bundle(  # noqa: PLR0913 - one parameter for each setting
    bundle: Bundle,
    scenes: Mapping[Scene, Sequence[Window]],
    report: str | PathLike[str] | None = None,
    *,
    data: str = "",
    options: PredictOptions | None = None,
    protocols: Sequence[str] = (DEFAULT,),
    labels: LabelOptions = PLAIN,
    merge: Merge | None = None,
    keep: str | PathLike[str] | None = None,
    run: str | PathLike[str] | None = None,
    tags: TagSource | None = None,
    background_score: float | None = None,
    force: bool = False,
    progress: Progress = lambda _name, _done, _total: None,
) -> BundleEvaluation:
    """Map every scene with the engine and compare the maps with labels, heights, or both.

    What the model tells (classes, height) is scored on the scenes that have a reference of it. The scores are those of
    the maps that a user gets, tiling and blending included. One map at a time is on disk, unless they are kept.

    Args:
        bundle: The model.
        scenes: Images with their labels or heights, and the windows of each that count; no window means all of it.
            Their groups are the sets of images that height scores are given for.
        report: Folder for the report, or None for none.
        data: What the scenes are, for the report's heading.
        options: How to map; ``confidence`` and ``overwrite`` are settled here, and its ``merge`` means a merge by
            probability.
        protocols: Names of the protocols to score with, of classes and of heights; of a kind that is not named, the
            default ones.
        labels: How the labels are read.
        merge: How the model's classes become those that are scored, if they are others.
        keep: Folder that the maps are kept in.
        run: Run folder that tells what was trained on and whose training curves are shown; by default the one that the
            bundle was loaded from, if it was.
        tags: Which classes the scenes hold: of a network that learns from tags, class activation maps and pseudo labels
            are scored beside the map.
        background_score: Activation (0..1) up to which these take a pixel for background; by default that of the run,
            else 0.5.
        force: Replace maps in ``keep``, and write into a report folder that holds something else.
        progress: Called now and then.

    Returns:
        The scores.

    Raises:
        UsageError: The report's folder holds something else, a map to be kept is there already, a protocol is unknown
            or made for what is not scored, or a crosswalk does not fit.
        DataError: There is no scene, one has no reference of what the model tells, or one of them cannot be mapped or
            compared. A score on fewer scenes than were asked for would be another score, so that one failure ends the
            evaluation.
    """
    if not scenes:
        raise DataError("there is no scene to score", remedy="Give images and labels, or another part of the split")
    if report is not None:
        check_report_folder(Path(report), force=force)
    if run is None and bundle.path is not None:
        run = find_run(bundle.path)
    known = trained_on(None if run is None else Path(run), scenes, bundle.card.regime)
    options = options or PredictOptions()
    if merge is None and options.merge is not None:
        merge = Merge(options.merge, "probability")
    previews = 0 if report is None else PREVIEWS
    parts = start_parts(bundle, scenes, protocols, labels, merge, previews)
    if tags is not None and parts.classes is not None:
        rules = rules_of(bundle, None if run is None else Path(run), background_score)
        parts.stages = start_stages(bundle, parts.classes, tags, options, rules)
    before = merge.crosswalk if merge is not None and merge.by == "probability" else None
    options = replace(options, overwrite=force, merge=before)
    results: list[MapResult] = []
    with ExitStack() as stack:
        folder = Path(keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="landwright-")))
        targets = [folder / f"{scene.name}.tif" for scene in scenes]
        for scene, target in zip(scenes, targets, strict=True):
            chosen = _for_scene(bundle, options, scene)
            plan(bundle.card, chosen).files(target, chosen).refuse_existing([scene.image], overwrite=force)
            parts.refuse_existing(folder, scene, overwrite=force)
        for (scene, windows), target in zip(scenes.items(), targets, strict=True):

            def mapping(done: int, total: int, name: str = scene.name) -> None:
                progress(name, done, total)

            chosen = replace(_for_scene(bundle, options, scene), confidence=parts.shows or keep is not None)
            result = predict_raster(bundle, scene.image, target, options=chosen, progress=mapping)
            results.append(result)
            made = parts.add(scene, result, tuple(windows) or None, folder, mapping)
            if keep is None:
                for path in (*result.paths, *made):
                    path.unlink()
    evaluation = parts.finish(known)
    seconds = sum(result.seconds for result in results)
    if report is not None:
        about = About(
            f"{bundle.card.name} on {len(scenes)} {'scene' if len(scenes) == 1 else 'scenes'}",
            data or f"{next(iter(scenes)).image} and others",
            model=model_facts(bundle.card),
            settings=_settings(bundle, options, merge, results),
            run=None if run is None else Path(run),
        )
        write_report(
            report,
            evaluation,
            None if parts.classes is None else parts.classes.legend,
            about,
            previews=[] if parts.classes is None else parts.classes.seen,
            heights=[] if parts.heights is None else parts.heights.seen,
            tags=[] if parts.stages is None else parts.stages.seen,
            classes=bundle.legend,
            force=force,
        )
    return BundleEvaluation(evaluation, _warnings(scenes, results), seconds)


def _for_scene(bundle: Bundle, options: PredictOptions, scene: Scene) -> PredictOptions:
    """Add the earlier date for a model of two; with one date it would tell a difference of heights."""
    return replace(options, confidence=True, before=scene.before if bundle.card.dates > 1 else None)


def _settings(
    bundle: Bundle, options: PredictOptions, merge: Merge | None, results: Sequence[MapResult]
) -> dict[str, str]:
    tiling = options.tiling(bundle.card.tiling, results[0].device.partition(":")[0])
    seconds = sum(result.seconds for result in results)
    pixels = sum(result.width * result.height for result in results)
    return {
        "Window": f"{tiling.tile} pixels",
        "Overlap": f"at least {tiling.overlap:.0%}",
        "Blending": tiling.blend,
        "Test-time augmentation": options.tta,
        **({"DenseCRF": "on every window's probabilities"} if options.crf else {}),
        **({} if merge is None else {"Merged by": f"{merge.crosswalk.name}, {merge.by}"}),
        "Device": f"{results[0].device}, precision {results[0].precision}",
        "Mapping time": f"{seconds:,.1f} s, {pixels / seconds / 1e6:.2f} million pixels per second",
    }


def _warnings(scenes: Mapping[Scene, Sequence[Window]], results: Sequence[MapResult]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for scene, result in zip(scenes, results, strict=True):
        for warning in result.warnings:
            first.setdefault(warning, scene.name)
    return tuple(f"{name}: {warning}" for warning, name in first.items())
