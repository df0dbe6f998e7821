"""``landwright predict``: make maps of images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from landwright.cli import words as word_options
from landwright.cli.common import band_list, emit, guard, progress
from landwright.errors import DataError, LandwrightError, PartialError, UsageError

if TYPE_CHECKING:
    from rich.progress import Progress

    from landwright.bundles import Bundle
    from landwright.engine import MapResult, PredictOptions

_SUFFIX = ".tif"


@guard
def predict(  # noqa: PLR0913, PLR0917 - one parameter for each option
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Map to write (.tif); a folder for several images.", show_default=False),
    ],
    images: Annotated[
        list[str] | None, typer.Argument(help="Images: files, folders, globs or .txt lists.", show_default=False)
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Bundle folder, run folder, hub id owner/name; with words also a published model such as clip-b16 "
            "(default: farslip1-b16).",
            show_default=False,
        ),
    ] = None,
    words: word_options.Words = None,
    vocabulary: word_options.VocabularyName = None,
    preset: word_options.PresetName = None,
    attention: word_options.Attention = None,
    upsampler: word_options.Upsampler = None,
    templates: word_options.TemplatesName = None,
    threshold: word_options.Threshold = None,
    snap: word_options.Snap = None,
    at_gsd: word_options.AtGsd = None,
    as_labels: word_options.AsLabels = False,
    min_confidence: word_options.MinConfidence = None,
    crf: Annotated[
        bool,
        typer.Option("--crf", help="Let classes follow the colours of the image (dense CRF; not of models of words)."),
    ] = False,
    before: Annotated[
        Path | None, typer.Option("--before", help="Of two dates the earlier image; with --after instead of IMAGES.")
    ] = None,
    after: Annotated[
        Path | None, typer.Option("--after", help="The later image, on the same grid, which gives that of the map.")
    ] = None,
    bands: Annotated[
        str | None,
        typer.Option("--bands", help="Bands in the model's order: 1-based numbers or names, such as 4,1,2."),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option("--scale", help="Multiply values by this first, such as 0.00389 for 16 bit to 0..255."),
    ] = None,
    aoi: Annotated[
        Path | None, typer.Option("--aoi", help="Polygons of the area to map (GeoJSON or GeoPackage, any CRS).")
    ] = None,
    merge: Annotated[
        str | None,
        typer.Option(
            "--merge", metavar="CROSSWALK", help="Merge the model's classes by a table: their probabilities are summed."
        ),
    ] = None,
    confidence: Annotated[
        bool, typer.Option("--confidence/--no-confidence", help="Also write NAME_confidence.tif, in percent.")
    ] = True,
    tta: Annotated[
        str,
        typer.Option("--tta", help="Average over copies: none, flip (4 passes), d4 (8), scale (3) or flip-scale (12)."),
    ] = "none",
    tile: Annotated[
        int | None, typer.Option("--tile", help="Side of a window in pixels (default: the model's).")
    ] = None,
    overlap: Annotated[
        float | None, typer.Option("--overlap", help="Overlap as a share of the tile (default: the model's).")
    ] = None,
    blend: Annotated[
        str | None,
        typer.Option("--blend", help="cosine, gaussian, crop, uniform, paraformer or rs3dada (default: the model's)."),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option("--batch", "-b", help="Windows at a time (default: 1 on a CPU, 8 on a GPU; words: 8, 32)."),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1, ...")] = "auto",
    precision: Annotated[
        str, typer.Option("--precision", help="auto (bf16 on a GPU that has it), 32, bf16 or 16.")
    ] = "auto",
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace maps that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable line.")] = False,
) -> None:
    """Map images with a model: classes in the legend's colours, their confidence, heights; COGs with QGIS styles.

    With --words or --vocabulary: a map of those classes by a vision-language model, without training.

    With --before and --after: what changed between two dates, by a model of two dates; or by how many metres heights
    have fallen, by a model of heights.

    Several images go into a folder under their own names; where some fail, the others are still mapped and the exit
    code is 4.
    """
    from landwright.rasters import expand_inputs

    sources = expand_inputs(_named(images, before, after))
    targets = _targets(sources, out, several=len(sources) > 1)
    # The engine brings torch, which is loaded only when the inputs are there.
    from landwright.engine import PredictOptions, WordOptions, find_model, plan
    from landwright.legends import load_crosswalk

    options = PredictOptions(
        tile=tile,
        overlap=overlap,
        blend=blend,  # type: ignore[arg-type]  # checked by PredictOptions, with the choices in the message
        batch=batch,
        tta=tta,  # type: ignore[arg-type]
        device=device,
        precision=precision,  # type: ignore[arg-type]
        bands=None if bands is None else band_list(bands),
        scale=scale,
        at_gsd=at_gsd,
        snap=snap,
        crf=crf,
        before=before,
        aoi=aoi,
        merge=None if merge is None else load_crosswalk(merge),
        min_confidence=min_confidence,
        as_labels=as_labels,
        confidence=confidence,
        overwrite=force,
    )
    looked_for = WordOptions(
        words=words,
        vocabulary=vocabulary,
        preset=preset,
        attention=attention,
        upsampler=upsampler,
        templates=templates,
        threshold=threshold,
    )
    bundle = find_model(model, looked_for)
    maps = plan(bundle.card, options)
    for source, target in zip(sources, targets, strict=True):
        inputs = [source] if before is None else [source, before]
        maps.files(target, options).refuse_existing(inputs, overwrite=force)
    with progress(quiet=as_json) as bar:
        results, failures = _map_all(bundle, sources, targets, options, bar)
    emit(
        {"maps": [result.to_dict() for result in results], "failed": {str(k): str(v) for k, v in failures.items()}},
        as_json=as_json,
        text="\n".join(_summary(result) for result in results) or None,
    )
    if failures:
        raise PartialError(
            f"{len(failures)} of {len(sources)} images were not mapped: {', '.join(map(str, failures))}",
            remedy="The messages above say why; the other maps are complete",
        )


def _map_all(
    bundle: Bundle, sources: list[Path], targets: list[Path], options: PredictOptions, bar: Progress
) -> tuple[list[MapResult], dict[Path, LandwrightError]]:
    from landwright.engine import predict_raster

    results: list[MapResult] = []
    failures: dict[Path, LandwrightError] = {}
    for source, target in zip(sources, targets, strict=True):
        task = bar.add_task(source.name, total=None, unit="Mpx")

        def advance(done: int, total: int, task: Any = task) -> None:
            bar.update(task, completed=done / 1e6, total=total / 1e6)

        try:
            result = predict_raster(bundle, source, target, options=options, progress=advance)
        except DataError as error:
            # A single image fails as it is; of several, the others still have their turn.
            if len(sources) == 1:
                raise
            bar.remove_task(task)
            failures[source] = error
            typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)
            continue
        for warning in result.warnings:
            typer.secho(f"warning: {source}: {warning}", fg=typer.colors.YELLOW, err=True)
        results.append(result)
    if not results:
        raise DataError(f"none of the {len(sources)} images could be mapped", remedy="The messages above say why")
    return results, failures


def _named(images: list[str] | None, before: Path | None, after: Path | None) -> list[str]:
    """Return the images to map: those named, or the later of two dates."""
    if before is None and after is None:
        if not images:
            raise UsageError("no image is named", remedy="Name images, or two dates with --before and --after")
        return images
    if images:
        raise UsageError(
            f"--before and --after take the place of the images, but {images[0]} is named too",
            remedy="Name the later image with --after and nothing else",
        )
    if before is None or after is None:
        missing = "--before" if before is None else "--after"
        raise UsageError(f"{missing} is missing", remedy="Name both dates: --before EARLIER --after LATER")
    return [str(after)]


def _targets(sources: list[Path], out: Path, *, several: bool) -> list[Path]:
    """Name the map of each image."""
    if not several and out.suffix and not out.is_dir():
        return [out]
    if several and (out.is_file() or out.suffix.lower() in (_SUFFIX, ".tiff")):
        raise UsageError(
            f"{len(sources)} images do not go into one map", path=out, remedy="Name a folder with --out, not a file"
        )
    targets = [out / f"{source.stem}{_SUFFIX}" for source in sources]
    if twice := sorted({target.name for target in targets if targets.count(target) > 1}):
        raise UsageError(
            f"several images would be written to {', '.join(twice)}", path=out, remedy="Map them into separate folders"
        )
    return targets


def _summary(result: MapResult) -> str:
    share = result.valid / (result.width * result.height)
    lines = [
        f"{result.path}: {result.width} x {result.height} pixels ({share:.1%} valid) in {result.seconds:.1f} s "
        f"on {result.device} ({result.rate:.2f} Mpx/s, every pixel {result.redundancy:.2f} times)"
    ]
    if result.confidence is not None:
        lines.append(f"  confidence: {result.confidence}")
    if result.height_map not in (None, result.path):
        lines.append(f"  heights in metres: {result.height_map}")
    if result.height_spread is not None:
        lines.append(f"  spread of the heights in metres: {result.height_spread}")
    if result.legend is not None:
        lines.append(f"  legend for recipes: {result.legend}")
    lines.append(f"  QGIS styles: {', '.join(str(style) for style in result.styles)}")
    return "\n".join(lines)
