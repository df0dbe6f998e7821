"""``landwright evaluate``: score a model or maps, and write the report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from landwright.cli.common import emit, guard
from landwright.errors import UsageError


@guard
def evaluate(  # noqa: PLR0913, PLR0917 - one parameter for each option
    maps: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MAP]...", help="Maps to compare with --against.", show_default=False),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Model to score: bundle, run folder, or hub id owner/name.")
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", help="References of the maps: masks on any grid, or polygons.")
    ] = None,
    images: Annotated[
        str | None, typer.Option("--images", help="Images to map and score; of maps, to be shown in the report.")
    ] = None,
    labels: Annotated[str | None, typer.Option("--labels", help="Masks or polygons of the images.")] = None,
    heights: Annotated[
        str | None,
        typer.Option("--heights", help="Heights in metres above ground: of the images, or references of height maps."),
    ] = None,
    pairs: Annotated[
        str | None, typer.Option("--pairs", help="CSV with the columns image and label, height, or both.")
    ] = None,
    layout: Annotated[str | None, typer.Option("--layout", help="Published layout, see landwright data list.")] = None,
    root: Annotated[
        str | None, typer.Option("--root", help="Folder of the published layout, or of the data sets of a suite.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", help="Scenes of the layout, FIELD=VALUE as in state=ny; repeatable."),
    ] = None,
    split_file: Annotated[Path | None, typer.Option("--split-file", help="The split.csv of a run.")] = None,
    part: Annotated[
        str | None, typer.Option("--part", help="train, val or test (default: all; of a run: test, or else val).")
    ] = None,
    column: Annotated[str, typer.Option("--column", help="Column of --pairs that names the part.")] = "split",
    group: Annotated[
        str | None, typer.Option("--group", help="Column of --pairs that names the set; heights are scored per set.")
    ] = None,
    legend: Annotated[
        str | None, typer.Option("--legend", help="Classes of the maps (default: what they say that they hold).")
    ] = None,
    crosswalk: Annotated[
        str | None, typer.Option("--crosswalk", help="From the labels' own legend to the classes scored.")
    ] = None,
    merge: Annotated[
        str | None,
        typer.Option("--merge", metavar="CROSSWALK", help="From the classes of map or model to the fewer ones scored."),
    ] = None,
    merge_by: Annotated[
        str | None,
        typer.Option(
            "--merge-by", help="map: the finished map; probability: sums of the model's probabilities (default: map)."
        ),
    ] = None,
    field: Annotated[str | None, typer.Option("--field", help="Attribute of polygons that holds the class.")] = None,
    burn: Annotated[str | None, typer.Option("--burn", help="Class of all polygons.")] = None,
    outside: Annotated[str | None, typer.Option("--outside", help="Class outside polygons, or ignore.")] = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            "--protocol",
            help="Scoring protocol, repeatable (default: pixel-pooled; of heights pooled-height and synrs3d-height).",
        ),
    ] = None,
    bands: Annotated[
        str | None, typer.Option("--bands", help="Bands in the model's order: 1-based numbers or names, as 4,1,2.")
    ] = None,
    tta: Annotated[
        str, typer.Option("--tta", help="Average over mirrored copies: none, flip (4 passes) or d4 (8 passes).")
    ] = "none",
    crf: Annotated[
        bool, typer.Option("--crf", help="Sharpen the class probabilities of every window by DenseCRF.")
    ] = False,
    tags: Annotated[
        str | None,
        typer.Option(
            "--tags",
            metavar="FILE|from-masks",
            help="What is in each image (CSV, vector file or STAC items): of a model that learnt from tags, score its "
            "activation maps and pseudo labels, too.",
        ),
    ] = None,
    segments: Annotated[
        str | None,
        typer.Option("--segments", help="Folder of landwright prepare segments, to be shown in the report with these."),
    ] = None,
    background_score: Annotated[
        float | None,
        typer.Option(
            "--background-score",
            min=0.0,
            max=1.0,
            help="Activation up to which these take a pixel for background (default: that of the run, else 0.5; "
            "published for Potsdam: 0.6).",
        ),
    ] = None,
    suite: Annotated[
        str | None, typer.Option("--suite", help="Score models on several data sets: ovss8 or ovss-single.")
    ] = None,
    models: Annotated[
        str | None,
        typer.Option("--models", help="Models of the suite: registry names, bundles or run folders, by commas."),
    ] = None,
    datasets: Annotated[
        str | None, typer.Option("--datasets", help="Data sets of the suite, by commas (default: all).")
    ] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", help="How the suite's maps are made (default: as the published ones).")
    ] = None,
    attention: Annotated[
        str | None, typer.Option("--attention", help="Attention of the last layer (default: that of the preset).")
    ] = None,
    activation: Annotated[
        str | None,
        typer.Option(
            "--activation",
            help="reference: that of the published table, even where a model was trained with another.",
        ),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1, ...")] = "auto",
    keep: Annotated[Path | None, typer.Option("--keep-maps", help="Folder to keep the model's maps in.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the report.")] = Path("report"),
    force: Annotated[
        bool,
        typer.Option("--force", "-f", help="Write into a folder that is no report; make a suite's older results anew."),
    ] = False,
    show: Annotated[bool, typer.Option("--open", help="Open the report when it is done.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON, and no progress.")] = False,
) -> None:
    """Score a model on labelled images, maps against references, or models on a suite of data sets; write a report.

    A score is printed with its protocol: how pixels are pooled and which classes enter the mean. Given a run folder and
    no images, the part that the training kept apart is scored. What the model tells, classes and heights, is scored
    where the images have a reference of it. With --tags, what leads from tags to a map is scored side by side: class
    activation maps, pseudo labels, the map.
    """
    of_suite = {
        "--models": models,
        "--datasets": datasets,
        "--preset": preset,
        "--attention": attention,
        "--activation": activation,
    }
    of_model = {
        "--labels": labels, "--pairs": pairs, "--layout": layout, "--root": root, "--where": where,
        "--split-file": split_file, "--part": part, "--bands": bands, "--keep-maps": keep, "--group": group,
        "--crf": crf or None, "--tags": tags, "--segments": segments,
        "--background-score": background_score,
    }  # fmt: skip
    of_classes = {
        "--legend": legend, "--crosswalk": crosswalk, "--merge": merge, "--merge-by": merge_by, "--field": field,
        "--burn": burn, "--outside": outside,
    }  # fmt: skip
    if suite is not None:
        of_others = {
            "MAP": maps, "--model": model, "--against": against, "--images": images, "--heights": heights,
            "--protocol": protocol, "--tta": None if tta == "none" else tta,
            **{name: value for name, value in of_model.items() if name != "--root"}, **of_classes,
        }  # fmt: skip
        if unfit := [name for name, value in of_others.items() if value is not None]:
            raise UsageError(f"{unfit[0]} is not for a suite", remedy="Leave it out, or leave --suite out")
        with _installed():
            from landwright.cli.suite import score_suite
        found = score_suite(
            suite, models, root=root, datasets=datasets, preset=preset, attention=attention,
            activation=activation, device=device, out=out, force=force, quiet=as_json,
        )  # fmt: skip
        emit(found.payload(), as_json=as_json, text=found.text())
        if show:
            typer.launch(str(found.page))
        found.complain()
        return
    if unfit := [name for name, value in of_suite.items() if value is not None]:
        raise UsageError(f"{unfit[0]} is for a suite", remedy="Leave it out, or give --suite")
    _settle(maps, model, against, heights)
    if maps and against is None and (unfit := [name for name, value in of_classes.items() if value is not None]):
        raise UsageError(f"{unfit[0]} is for scoring classes", remedy="Leave it out when height maps are scored")
    if maps and (unfit := [name for name, value in of_model.items() if value is not None]):
        raise UsageError(f"{unfit[0]} is for scoring a model", remedy="Leave it out, or give --model instead of maps")
    if model is not None and legend is not None:
        raise UsageError("a model brings its own classes", remedy="Leave --legend out; --merge translates them")
    with _installed():
        from landwright.cli import scoring
    common = scoring.Common(
        protocols=tuple(protocol or ()),
        labels=scoring.label_options(field, burn, outside, crosswalk),
        merge=scoring.merge_options(merge, merge_by),
        report=out,
        force=force,
        quiet=as_json,
    )
    if model is not None:
        source = scoring.Source(
            images, labels, heights, pairs, layout, root, tuple(where or ()), split_file, part, column, group
        )
        making = scoring.Making(bands, tta, crf, device, keep, tags, segments, background_score)
        outcome = scoring.score_model(common, model, source, making)
    elif heights is not None:
        outcome = scoring.score_heights(common, maps or [], heights, images=images)
    else:
        outcome = scoring.score_maps(common, maps or [], str(against), images=images, legend=legend)
    emit(outcome.payload(), as_json=as_json, text=outcome.text())
    if show:
        typer.launch(str(outcome.page))


@contextmanager
def _installed() -> Iterator[None]:
    """Say which package scoring needs."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(
            f"scoring needs {error.name}, which is not installed", remedy="pip install 'landwright[train]'"
        ) from error


def _settle(maps: list[str] | None, model: str | None, against: str | None, heights: str | None) -> None:
    """Refuse to guess what is to be scored."""
    if maps and against is not None and heights is not None:
        raise UsageError(
            "class maps and height maps are scored apart",
            remedy="Call it once with --against and once with --heights; a model (--model) is scored on both at once",
        )
    references = against is not None or (bool(maps) and heights is not None)
    if bool(maps) == (model is not None) or bool(maps) != references:
        raise UsageError(
            "it is not clear what to score",
            remedy="Give MAP and --against or --heights, or --model with --images and --labels or --heights",
        )
