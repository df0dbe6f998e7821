"""``landwright predict``: make maps of images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from landwright.cli import grids, runs
from landwright.cli import words as word_options
from landwright.cli.common import band_list, batch_size, guard
from landwright.cli.maps import make_maps
from landwright.errors import UsageError

_SUFFIX = ".tif"


@guard
def predict(  # noqa: PLR0913, PLR0917 - one parameter for each option
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="Map to write: a .tif (of several images one map), or a folder for a map of each.",
            show_default=False,
        ),
    ],
    images: Annotated[
        list[str] | None,
        typer.Argument(help="Images: files, folders, globs, .txt lists, URLs, STAC items.", show_default=False),
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
    measure: Annotated[
        str,
        typer.Option("--measure", help="What the confidence is: max (probability of the class), margin or entropy."),
    ] = "max",
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Also write NAME_probabilities.tif, a band for each class.")
    ] = False,
    disagreement: Annotated[
        bool,
        typer.Option("--disagreement", help="Also write NAME_disagreement.tif: how far overlapping windows differ."),
    ] = False,
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
        str | None,
        typer.Option(
            "--batch",
            "-b",
            help="Windows at a time (default: 1 on a CPU, 8 on a GPU; words: 8, 32); auto: as many as fit a GPU.",
        ),
    ] = None,
    asset: grids.Asset = None,
    crs: grids.Crs = None,
    gsd: grids.Gsd = None,
    like: grids.Like = None,
    overlapping: grids.Overlapping = "first",
    executor: runs.Executor = None,
    workers: runs.Workers = None,
    block: runs.Block = None,
    run: runs.RunFolder = None,
    shard: runs.Shard = None,
    retries: runs.Retries = 2,
    on_error: runs.OnError = "skip",
    lease: runs.Lease = 60.0,
    address: runs.Address = None,
    forgive: runs.Forgive = False,
    max_memory: Annotated[
        str | None,
        typer.Option("--max-memory", help="Memory for sums and batches besides the model, such as 4GB."),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1, ...")] = "auto",
    precision: Annotated[
        str, typer.Option("--precision", help="auto (bf16 on a GPU that has it), 32, bf16 or 16.")
    ] = "auto",
    compiled: Annotated[
        bool,
        typer.Option("--compile", help="Compile the network first: minutes, which pay for thousands of windows."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace maps that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable line.")] = False,
) -> None:
    """Map images with a model: classes in the legend's colours, their confidence, heights; COGs with QGIS styles.

    With --words or --vocabulary: a map of those classes by a vision-language model, without training.

    With --before and --after: what changed between two dates, by a model of two dates; or by how many metres heights
    have fallen, by a model of heights.

    Several images make one map (.tif), or go into a folder under their own names; where some fail, the others are
    still mapped and the exit code is 4.

    Large images are mapped in blocks, in a run directory beside the map: after an interruption the same command goes
    on. With --executor shards any number of processes work on it, and `landwright merge` ends it.
    """
    from landwright.rasters import expand_sources
    from landwright.runs import parse_shard

    wanted = _wanted(expand_sources(_named(images, before, after), asset=asset), out)
    # The engine brings torch, which is loaded only when the inputs are there.
    from landwright.engine import Job, PredictOptions, RunOptions, WordOptions
    from landwright.engine.memory import parse_size
    from landwright.legends import load_crosswalk

    options = PredictOptions(
        tile=tile,
        overlap=overlap,
        blend=blend,  # type: ignore[arg-type]  # checked by PredictOptions, with the choices in the message
        batch=batch_size(batch),
        max_memory=None if max_memory is None else parse_size(max_memory),
        tta=tta,  # type: ignore[arg-type]
        device=device,
        precision=precision,  # type: ignore[arg-type]
        compile=compiled,
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
        measure=measure,  # type: ignore[arg-type]
        probabilities=probabilities,
        disagreement=disagreement,
        crs=crs,
        gsd=grids.parse_gsd(gsd),
        like=like,
        overlapping=overlapping,  # type: ignore[arg-type]
        overwrite=force,
    )
    divided = RunOptions(
        executor=executor,  # type: ignore[arg-type]
        workers=workers,
        block=block,
        run=run,
        shard=None if shard is None else parse_shard(shard),
        retries=retries,
        on_error=on_error,  # type: ignore[arg-type]
        lease_seconds=lease,
        address=address,
        forgive=forgive,
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
    jobs = {target: Job(model, sources, options, looked_for) for target, sources in wanted.items()}
    make_maps(jobs, divided, as_json=as_json)


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


def _wanted(sources: list[str], out: Path) -> dict[Path, tuple[str, ...]]:
    """Return the images of each map, by its file."""
    from landwright.rasters.names import stem_of

    if out.suffix and not out.is_dir():
        return {out: tuple(sources)}
    targets = [out / f"{stem_of(source)}{_SUFFIX}" for source in sources]
    if twice := sorted({target.name for target in targets if targets.count(target) > 1}):
        raise UsageError(
            f"several images would be written to {', '.join(twice)}", path=out, remedy="Map them into separate folders"
        )
    return {target: (source,) for target, source in zip(targets, sources, strict=True)}
