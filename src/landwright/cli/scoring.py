"""What ``landwright evaluate`` does once its options are understood."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

import typer

from landwright.bundles import load_bundle
from landwright.cli.common import band_list, progress
from landwright.cli.heightlines import height_lines
from landwright.cli.taglines import tag_lines
from landwright.data import Part
from landwright.data.pairing import pair
from landwright.engine import PredictOptions
from landwright.errors import UsageError
from landwright.evaluation import (
    Evaluation,
    LabelOptions,
    Merge,
    Pair,
    ProtocolResult,
    evaluate_bundle,
    evaluate_heights,
    evaluate_maps,
    protocol_description,
)
from landwright.evaluation.findings import MergedBy
from landwright.evaluation.heights import HEIGHT_PROTOCOLS, HeightPair, split_protocols
from landwright.evaluation.heights.maps import only_heights
from landwright.evaluation.maps import find_confidence, without_companions
from landwright.evaluation.protocols import DEFAULT
from landwright.evaluation.report import METRICS, PAGE, check_report_folder
from landwright.evaluation.sources import (
    Scenes,
    find_run,
    run_data,
    scenes_of_files,
    scenes_of_split,
    without_groups,
)
from landwright.evaluation.tags.source import tag_source
from landwright.evaluation.trained import TrainedOn, trained_on
from landwright.legends import load_crosswalk, load_legend
from landwright.rasters import RASTER_SUFFIXES, VECTOR_SUFFIXES, expand_inputs, open_raster
from landwright.recipe import DataSpec, SplitSpec


@dataclass(frozen=True)
class Common:
    """What scoring a model and scoring maps have in common.

    Attributes:
        protocols: Names; the default ones where there is none.
        labels: How labels are read.
        merge: How the map's classes become those that are scored, if they are others.
        report: Folder of the report.
        force: Write into a folder that is no report.
        quiet: Show no progress.
    """

    protocols: tuple[str, ...]
    labels: LabelOptions
    merge: Merge | None
    report: Path
    force: bool
    quiet: bool

    def __post_init__(self) -> None:
        """Refuse what would fail only after the work is done."""
        for name in split_protocols(self.protocols)[0]:
            protocol_description(name)
        check_report_folder(self.report, force=self.force)


@dataclass(frozen=True)
class Source:
    """Where labelled images come from, as on the command line."""

    images: str | None
    labels: str | None
    heights: str | None
    pairs: str | None
    layout: str | None
    root: str | None
    where: tuple[str, ...]
    split_file: Path | None
    part: str | None
    column: str
    group: str | None = None

    def find(self, part: Part | None) -> Scenes | None:
        """Return the images that are named, or None where none are.

        Raises:
            UsageError: Sources contradict each other, or one is incomplete.
            DataError: A file is missing, or images and references do not match.
        """
        spec = self.spec()
        return None if spec is None else scenes_of_files(spec, part)

    def spec(self) -> DataSpec | None:
        """Return the ``data`` section that would find the images, or None where none are named.

        Raises:
            UsageError: Sources contradict each other, or one is incomplete.
        """
        if self.images is None and (self.labels is not None or self.heights is not None):
            raise UsageError("--labels and --heights are those of --images", remedy="Give --images, too")
        if self.images is not None and self.labels is None and self.heights is None:
            raise UsageError("--images and --labels or --heights go together", remedy="Give both")
        if (self.layout is None) != (self.root is None):
            raise UsageError("--layout and --root go together", remedy="Give both")
        if sum(value is not None for value in (self.images, self.pairs, self.layout, self.split_file)) > 1:
            raise UsageError(
                "more than one source of images is given",
                remedy="Give --images with --labels, or --pairs, or --layout with --root, or --split-file",
            )
        if self.part is not None and self.part not in get_args(Part):
            raise UsageError(f"there is no part {self.part!r}", remedy=f"Use one of {', '.join(get_args(Part))}")
        if self.part is not None and self.images is not None:
            raise UsageError("--part needs to know the parts", remedy="Give --pairs, --layout or --split-file")
        if self.where and self.layout is None:
            raise UsageError("--where chooses among the scenes of a layout", remedy="Give --layout and --root")
        if self.group is not None and self.pairs is None:
            raise UsageError("--group names a column of --pairs", remedy="Give --pairs, or leave it out")
        if self.pairs is None and self.layout is None and self.images is None:
            return None
        by_column = self.pairs is not None and self.part is not None
        split = SplitSpec(by="column" if by_column else "scene", column=self.column, group=self.group)
        return DataSpec(
            images=self.images,
            labels=self.labels,
            heights=self.heights,
            pairs=self.pairs,
            layout=self.layout,
            root=self.root,
            where=_fields(self.where),
            split=split,
        )


@dataclass(frozen=True)
class Outcome:
    """What is told to the user.

    Attributes:
        evaluation: The scores.
        page: The report.
    """

    evaluation: Evaluation
    page: Path

    def payload(self) -> dict[str, Any]:
        """Return plain data for ``--json``."""
        return {
            "report": str(self.page),
            "metrics": str(self.page.with_name(METRICS)),
            **self.evaluation.model_dump(mode="json"),
        }

    def text(self) -> str:
        """Return the scores for people, every one with its protocol."""
        parts = []
        for place, result in enumerate(self.evaluation.results):
            parts.append([*_figures(result), *(["", *_classes(result)] if place == 0 else [])])
        if self.evaluation.heights is not None:
            parts += [height_lines(result) for result in self.evaluation.heights.results]
        if self.evaluation.tags is not None:
            parts.append(tag_lines(self.evaluation, self.evaluation.tags))
        return "\n\n".join(["\n".join(lines) for lines in parts] + [f"report  {self.page}"])


def label_options(field: str | None, burn: str | None, outside: str | None, crosswalk: str | None) -> LabelOptions:
    """Return how labels are read, with the crosswalk loaded."""
    return LabelOptions(field, burn, outside, None if crosswalk is None else load_crosswalk(crosswalk))


def merge_options(merge: str | None, by: str | None) -> Merge | None:
    """Return how the map's classes are merged, with the crosswalk loaded.

    Raises:
        UsageError: There is no such crosswalk or way, or a way without a crosswalk.
    """
    if merge is not None:
        return Merge(load_crosswalk(merge), cast("MergedBy", by or "map"))
    if by is not None:
        raise UsageError("--merge-by says how to merge, but not what", remedy="Give --merge CROSSWALK")
    return None


def score_maps(common: Common, maps: list[str], against: str, *, images: str | None, legend: str | None) -> Outcome:
    """Compare maps with references, paired by name; what lies beside a map is not taken for another one.

    Raises:
        UsageError: An option does not fit.
        DataError: A file is missing, or maps and references do not match.
    """
    files = without_companions(expand_inputs(maps))
    references = expand_inputs(against, suffixes=(*RASTER_SUFFIXES, *VECTOR_SUFFIXES))
    shown = dict(pair(files, expand_inputs(images))) if images is not None else {}
    matched = pair(files, references, ordered=len(files) == len(references) == 1)
    pairs = [Pair(path.stem, path, label, shown.get(path), find_confidence(path)) for path, label in matched]
    total = sum(_pixels(path) for path in files)
    with progress(quiet=common.quiet) as bar:
        task = bar.add_task("comparing", total=total / 1e6, unit="Mpx")
        evaluation = evaluate_maps(
            pairs,
            common.report,
            legend=None if legend is None else load_legend(legend),
            protocols=common.protocols or (DEFAULT,),
            labels=common.labels,
            merge=common.merge,
            force=common.force,
            advance=lambda pixels: bar.advance(task, pixels / 1e6),
        )
    return Outcome(evaluation, common.report / PAGE)


def score_heights(common: Common, maps: list[str], heights: str, *, images: str | None) -> Outcome:
    """Compare height maps with references, paired by name; class maps beside them are left alone.

    Raises:
        UsageError: An option does not fit, or a file holds classes.
        DataError: A file is missing, or maps and references do not match.
    """
    files = only_heights(expand_inputs(maps))
    references = expand_inputs(heights)
    shown = dict(pair(files, expand_inputs(images))) if images is not None else {}
    matched = pair(files, references, ordered=len(files) == len(references) == 1, kind="a height raster")
    pairs = [HeightPair(path.stem, path, reference, shown.get(path)) for path, reference in matched]
    with progress(quiet=common.quiet) as bar:
        task = bar.add_task("comparing", total=sum(_pixels(path) for path in files) / 1e6, unit="Mpx")
        evaluation = evaluate_heights(
            pairs,
            common.report,
            protocols=common.protocols or HEIGHT_PROTOCOLS,
            force=common.force,
            advance=lambda pixels: bar.advance(task, pixels / 1e6),
        )
    return Outcome(evaluation, common.report / PAGE)


@dataclass(frozen=True)
class Making:
    """How a model's maps are made for scoring, as on the command line.

    Attributes:
        bands: Bands in the model's order.
        tta: Test-time augmentation.
        crf: Sharpen the class probabilities of every window by DenseCRF.
        device: Where to compute.
        keep: Folder to keep the maps in.
        tags: File of tags or ``from-masks``, to score the stages before the map, too.
        segments: Folder of segments that are shown with these.
        background_score: Activation up to which these take a pixel for background.
    """

    bands: str | None = None
    tta: str = "none"
    crf: bool = False
    device: str = "auto"
    keep: Path | None = None
    tags: str | None = None
    segments: str | None = None
    background_score: float | None = None

    def __post_init__(self) -> None:
        """Refuse what only the stages would use."""
        if self.background_score is not None and self.tags is None:
            raise UsageError(
                "--background-score is of the stages from tags to the map", remedy="Give --tags, too, or leave it out"
            )
        if self.segments is not None and self.tags is None:
            raise UsageError("--segments are shown with the stages from tags to the map", remedy="Give --tags, too")


def score_model(common: Common, model: str, source: Source, making: Making) -> Outcome:
    """Map images with labels or heights, and compare the maps with these.

    Raises:
        UsageError: An option does not fit, or no images are named.
        DataError: A file is missing or damaged, or does not fit the model.
    """
    part, run = cast("Part | None", source.part), find_run(model)
    labels, chosen_bands = common.labels, None if making.bands is None else band_list(making.bands)
    named = source.find(part)
    if named is not None:
        scenes: Scenes = named
        data = source.pairs or source.images or f"{source.layout} in {source.root}"
    elif source.split_file is not None:
        part = part or "test"
        scenes, data = scenes_of_split(source.split_file, part), str(source.split_file)
    elif run is not None:
        kept = run_data(run, part)
        scenes, part, data = kept.scenes, kept.part, f"the data of {run}"
        labels = kept.labels if labels == LabelOptions() else labels
        chosen_bands = kept.bands if chosen_bands is None else chosen_bands
    else:
        raise UsageError(
            "no images are named",
            remedy="Give --images with --labels or --heights, or --pairs, or --layout with --root, or --split-file",
        )
    if source.group is None:
        scenes = without_groups(scenes)
    options = PredictOptions(
        tta=making.tta,  # type: ignore[arg-type]  # it checks tta
        crf=making.crf,
        device=making.device,
        bands=chosen_bands,
    )
    count = f"{len(scenes)} {'scene' if len(scenes) == 1 else 'scenes'}"
    data = f"{count} of {data}, {f'part {part}' if part else 'all of them'}"
    bundle = load_bundle(model)
    for option, value, output in (("--labels", source.labels, "classes"), ("--heights", source.heights, "height")):
        if value is not None and output not in bundle.card.outputs:
            raise UsageError(
                f"{option} cannot be scored: the model tells only {' and '.join(bundle.card.outputs)}",
                remedy=f"Leave {option} out, or give a model that tells {output}",
            )
    tags = None
    if making.tags is not None:
        tags = tag_source(making.tags, list(scenes), bundle, segments=making.segments)
    known = trained_on(run, scenes, bundle.card.regime)
    data += _training(known, count)
    with progress(quiet=common.quiet) as bar:
        names = [scene.name for scene in scenes]
        task = bar.add_task("mapping", total=None, unit="Mpx")
        current = ""

        def advance(name: str, done: int, total: int) -> None:
            nonlocal current
            if name != current:
                current = name
                bar.reset(task, description=f"{name} ({names.index(name) + 1} of {len(names)})", total=total / 1e6)
            bar.update(task, completed=done / 1e6)

        found = evaluate_bundle(
            bundle,
            scenes,
            common.report,
            data=data,
            options=options,
            protocols=common.protocols or (DEFAULT,),
            labels=labels,
            merge=common.merge,
            keep=making.keep,
            tags=tags,
            background_score=making.background_score,
            run=run,
            force=common.force,
            progress=advance,
        )
    for warning in found.warnings:
        typer.secho(f"warning: {warning}", fg=typer.colors.YELLOW, err=True)
    return Outcome(found.evaluation, common.report / PAGE)


def _training(known: TrainedOn, count: str) -> str:
    """Say after the data what they were in training, and warn of scores that mean less than they seem to."""
    said = []
    if known.caution:
        said.append(f"{known.agreement} of them against the coarse labels")
        typer.secho(f"warning: {known.caution}", fg=typer.colors.YELLOW, err=True)
    if known.seen:
        said.append(f"{known.seen} of them seen in training")
    if known.adapted:
        said.append(f"adapted to {known.adapted} of them without labels")
    if known.kind == "seen":
        typer.secho(
            f"warning: the model was trained on {known.seen} of these {count}", fg=typer.colors.YELLOW, err=True
        )
    return "".join(f"; {part}" for part in said)


def _fields(where: tuple[str, ...]) -> dict[str, str | list[str]] | None:
    """Read FIELD=VALUE; values of one field are alternatives."""
    fields: dict[str, str | list[str]] = {}
    for text in where:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError(f"--where {text!r} is not of the form FIELD=VALUE", remedy="Use --where state=ny")
        fields.setdefault(name, [])
        cast("list[str]", fields[name]).append(value)
    return fields or None


def _figures(result: ProtocolResult) -> list[str]:
    figures = "   ".join(f"{name} {_text(value)}" for name, value in result.values.items())
    unmapped = [f"{result.unmapped_share:.1%} of the reference is not mapped."] if sum(result.unmapped) else []
    return [figures, result.sentence, result.ignore_rule, *result.notes, *unmapped]


def _classes(result: ProtocolResult) -> list[str]:
    width = max(len(row.name) for row in result.per_class)
    lines = [f"{'class':<{width}}     IoU      F1  precis.  recall      reference"]
    for row in result.per_class:
        values = "  ".join(f"{_text(value):>6}" for value in (row.iou, row.f1, row.precision, row.recall))
        lines.append(f"{row.name:<{width}}  {values}  {row.reference:>13,}{'' if row.in_mean else '  not in the mean'}")
    return lines


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _pixels(path: Path) -> int:
    with open_raster(path) as raster:
        return raster.info.width * raster.info.height
