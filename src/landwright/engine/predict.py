"""From a bundle and an image to a map on disk."""

from __future__ import annotations

import time
from contextlib import ExitStack
from os import PathLike
from pathlib import Path

from landwright.bundles import Bundle, Card
from landwright.engine.area import AreaReader
from landwright.engine.checks import check_grid
from landwright.engine.classmap import ClassMap
from landwright.engine.finite import FiniteReader
from landwright.engine.heads import ClassHead, Head, HeightHead
from landwright.engine.heightmap import HeightMap
from landwright.engine.merge import Merger
from landwright.engine.options import MapResult, PredictOptions
from landwright.engine.plan import Plan, plan
from landwright.engine.products import Product, class_products, height_products
from landwright.engine.protocols import Progress, Reader, Sink
from landwright.engine.score import PixelScorer, choose_device
from landwright.engine.sources import open_source
from landwright.engine.split import Split
from landwright.engine.stream import map_windows
from landwright.engine.tags import provenance
from landwright.errors import DataError
from landwright.rasters import atomic_output
from landwright.rasters.gdal import settings


def predict_raster(
    bundle: Bundle,
    image: str | PathLike[str],
    out: str | PathLike[str],
    *,
    options: PredictOptions | None = None,
    progress: Progress | None = None,
) -> MapResult:
    """Map one raster.

    Maps are cloud-optimized GeoTIFFs on the image's own grid with nodata where the image has none, each with its QGIS
    style: codes of the legend with its colours and, by default, their confidence; of a model of heights the metres
    above ground, alone or beside the classes. All come of one pass. Memory does not grow with the raster's height. The
    files appear together at the end; after an error or Ctrl-C there is none.

    Args:
        bundle: The model.
        image: Raster of any size with the model's bands, in sensor units; of two dates the later
            (``options.before`` is the earlier).
        out: The map to write, ``.tif``.
        options: How; by default what the model's card says.
        progress: Called now and then with the number of finished and of all pixels.

    Returns:
        The files and what it took.

    Raises:
        UsageError: An option does not fit, or a file is there already.
        DataError: The image is missing, damaged, does not fit the model or holds nothing to map, or the map cannot
            be written.
    """
    started = time.perf_counter()
    options = options or PredictOptions()
    card, path = bundle.card, str(image)
    made = plan(card, options)
    files = made.files(out, options)
    inputs = (path, options.before)
    files.refuse_existing([file for file in inputs if file is not None], overwrite=options.overwrite)
    device = choose_device(options.device)
    tiling = options.tiling(card.tiling, device.type)
    with ExitStack() as stack:
        stack.enter_context(settings(path))
        source, remarks = open_source(path, card, options, stack)
        check_grid(source, tiling)
        area: Reader = source if options.aoi is None else AreaReader(source, Path(options.aoi))
        reader = FiniteReader(area, source.info.nodata)
        merger = None if options.merge is None else Merger(options.merge)
        heads = _heads(card, made, merger, averages_logits=tiling.published)
        scorer = PixelScorer(
            bundle.network,
            card.normalization,
            heads,
            dates=max(1, made.heights),
            device=device,
            precision=options.precision,
            augmentation=options.tta,
        )
        tags = provenance(card, source, tiling, options=options, precision=scorer.precision)
        products: list[Product] = []
        sinks: list[tuple[Sink, int]] = []
        classes = None
        if made.legend is not None:
            products += class_products(files, made.legend, source.info, tags)
            classes = ClassMap(
                made.legend,
                *(product.writer for product in products),
                partial=merger is not None and merger.partial,
                logits=tiling.published,
                merger=merger,
            )
            sinks.append((classes, heads[0].channels))
        if made.heights:
            metres = height_products(files, made.heights, source.info, tags)
            writers = [product.writer for product in metres]
            sinks.append((HeightMap(made.heights, *writers, raw=tiling.published), made.heights + made.spread))
            products += metres
        for product in products:
            stack.enter_context(product.writer)
        tally = map_windows(reader, scorer, Split(sinks), tiling, progress=progress)
        if not tally.valid:
            raise _nothing_to_map(path, options.aoi)
        for style, product in zip(files.styles, products, strict=True):
            stack.enter_context(atomic_output(style)).write_text(product.style, encoding="utf-8")
        # All that can fail is done before the first file takes its name.
        for product in products:
            product.writer.finish()
    undecided = 0 if classes is None else classes.undecided
    return MapResult(
        path=files.codes,
        confidence=files.beside,
        styles=files.styles,
        image=path,
        width=source.info.width,
        height=source.info.height,
        valid=tally.valid - undecided,
        windows=tally.windows,
        skipped=tally.skipped,
        redundancy=tiling.redundancy(*source.shape),
        seconds=time.perf_counter() - started,
        device=str(device),
        precision=scorer.precision,
        warnings=(*remarks, *reader.warnings, *_undecided(undecided)),
        height_map=files.height,
        height_spread=files.spread,
        before=None if options.before is None else str(options.before),
    )


def _heads(card: Card, made: Plan, merger: Merger | None, *, averages_logits: bool) -> list[Head]:
    heads: list[Head] = []
    if made.legend is not None:
        # Logits are averaged as they are; the classes are merged when probabilities are made of them.
        heads.append(ClassHead(len(card.legend), None if averages_logits else merger, averages_logits=averages_logits))
    if made.heights:
        heads.append(HeightHead(made.heights))
    return heads


def _undecided(pixels: int) -> list[str]:
    return [f"{pixels} pixels show only classes that the merge leaves out, and became nodata"] if pixels else []


def _nothing_to_map(path: str, aoi: Path | None) -> DataError:
    if aoi is None:
        return DataError(
            "has no valid pixel: all of it is nodata, NaN or infinite",
            path=path,
            remedy="Check its nodata value and its mask",
        )
    return DataError(
        f"has no valid pixel inside {aoi}", path=path, remedy="Check that the area lies on imagery and not on nodata"
    )
