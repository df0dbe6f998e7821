"""From a bundle and an image to a map on disk."""

from __future__ import annotations

import time
from dataclasses import replace
from os import PathLike
from pathlib import Path

from landwright.bundles import Bundle
from landwright.engine.blocks import RunOptions, map_in_blocks, map_shard
from landwright.engine.mapper import Job, MapMaker
from landwright.engine.options import PredictOptions
from landwright.engine.plan import plan
from landwright.engine.protocols import Progress
from landwright.engine.result import MapResult, ShardResult
from landwright.maps import MapFiles, legend_yaml
from landwright.rasters import shown


def predict_raster(
    bundle: Bundle,
    image: str | PathLike[str],
    out: str | PathLike[str],
    *,
    options: PredictOptions | None = None,
    runs: RunOptions | None = None,
    progress: Progress | None = None,
) -> MapResult:
    """Map one raster.

    Maps are cloud-optimized GeoTIFFs on the image's own grid with nodata where the image has none, each with its QGIS
    style: codes of the legend with its colours and, by default, their confidence; of a model of heights the metres
    above ground, alone or beside the classes. All come of one pass. Memory does not grow with the raster's size. The
    files appear together at the end; after an error or Ctrl-C there is none.

    A raster of more than one block is mapped block by block in a run directory beside the map, which is removed once
    the map is there; after an interruption the same call goes on from the blocks that are done.

    Args:
        bundle: The model.
        image: Raster of any size with the model's bands, in sensor units; of two dates the later
            (``options.before`` is the earlier).
        out: The map to write, ``.tif``.
        options: How; by default what the model's card says.
        runs: How the work is divided.
        progress: Called now and then with the number of finished and of all pixels.

    Returns:
        The files and what it took.

    Raises:
        UsageError: An option does not fit, or a file is there already.
        DataError: The image is missing, damaged, does not fit the model or holds nothing to map, or the map cannot
            be written.
        PartialError: Blocks could not be mapped; the run directory stays.
    """
    return predict_job(Job(bundle, (str(image),), options or PredictOptions()), out, runs=runs, progress=progress)


def predict_job(
    job: Job,
    out: str | PathLike[str],
    *,
    bundle: Bundle | None = None,
    runs: RunOptions | None = None,
    progress: Progress | None = None,
    joining: Progress | None = None,
) -> MapResult:
    """Make a map; see `predict_raster`.

    Args:
        job: What is mapped, and how.
        out: The map to write, ``.tif``.
        bundle: The job's model, where it is loaded already.
        runs: How the work is divided.
        progress: Called now and then with the number of finished and of all pixels.
        joining: Called likewise while finished blocks are put together.
    """
    started = time.perf_counter()
    options, runs = job.options, runs or RunOptions()
    bundle = bundle or job.load()
    files = refuse_outputs(bundle, job, out, runs)
    with replace(job, bundle=bundle, words=None).open() as maker:
        texts = texts_beside(maker, files)
        divided = runs.divides(maker)
        maker.fit(runs.columns(maker) if divided else maker.info.width)
        if divided:
            counts = map_in_blocks(job, maker, files, texts, runs, progress=progress, joining=joining)
        else:
            counts = maker.map_whole(files.rasters, texts, progress=progress)
        info = maker.info
        return MapResult(
            path=files.codes,
            confidence=files.beside,
            styles=files.styles,
            image=shown(job.images[0]),
            width=info.width,
            height=info.height,
            valid=counts.valid - counts.lost,
            windows=counts.windows,
            skipped=counts.skipped,
            redundancy=(counts.windows + counts.skipped) * maker.tiling.tile**2 / (info.width * info.height),
            seconds=time.perf_counter() - started,
            device=maker.device,
            precision=maker.precision,
            warnings=(*maker.remarks, *counts.warnings(options.least)),
            height_map=files.height,
            height_spread=files.spread,
            before=None if options.before is None else str(options.before),
            legend=files.legend,
            probabilities=files.probabilities,
            disagreement=files.disagreement,
        )


def predict_shard(
    job: Job,
    out: str | PathLike[str],
    *,
    bundle: Bundle | None = None,
    runs: RunOptions,
    progress: Progress | None = None,
) -> ShardResult:
    """Map blocks of a run that other processes share.

    Args:
        job: What is mapped, and how.
        out: The map that is being made, ``.tif``; it names the run directory.
        bundle: The job's model, where it is loaded already.
        runs: How the work is divided.
        progress: Called now and then with the number of finished and of all pixels.

    Raises:
        UsageError: The image cannot be mapped in blocks, or the run directory is that of other settings.
        DataError: The image or the run directory cannot be read or written.
    """
    bundle = bundle or job.load()
    files = plan(bundle.card, job.options).files(out, job.options)
    with replace(job, bundle=bundle, words=None).open() as maker:
        runs.divides(maker)
        maker.fit(runs.columns(maker))
        return map_shard(job, maker, files, runs, progress=progress)


def refuse_outputs(bundle: Bundle, job: Job, out: str | PathLike[str], runs: RunOptions) -> MapFiles:
    """Name the files of a map, and refuse to write over any; a process that shares the work writes none of them.

    Raises:
        UsageError: A file is there already, is an input, or has an unsuitable name.
    """
    options = job.options
    files = plan(bundle.card, options).files(out, options)
    if runs.executor != "shards":
        before = [] if options.before is None else [options.before]
        files.refuse_existing([*job.images, *before], overwrite=options.overwrite)
    return files


def texts_beside(maker: MapMaker, files: MapFiles) -> dict[Path, str]:
    """Return the styles and, where wanted, the legend that lie beside the rasters of a map, by file."""
    specs = maker.products.products
    texts = {style: spec.style for style, spec in zip(files.styles, specs, strict=True)}
    if maker.plan.legend is not None and files.legend is not None:
        texts[files.legend] = legend_yaml(maker.plan.legend)
    return texts
