"""From a bundle and an image to a map on disk."""

from __future__ import annotations

import time
from contextlib import ExitStack
from os import PathLike
from pathlib import Path

from landwright.bundles import Bundle, Card
from landwright.engine.area import AreaReader
from landwright.engine.classmap import ClassMap
from landwright.engine.crf import CrfRefiner
from landwright.engine.finite import FiniteReader
from landwright.engine.heads import HeightHead
from landwright.engine.heightmap import HeightMap
from landwright.engine.merge import Merger
from landwright.engine.options import PredictOptions
from landwright.engine.plan import Plan, plan
from landwright.engine.products import Product, class_products, height_products
from landwright.engine.protocols import Progress, Reader, Refiner, Sink
from landwright.engine.queries import asked, check_words, class_scores, query_rule_of
from landwright.engine.resized import map_resized, remarks_on_size
from landwright.engine.result import MapResult
from landwright.engine.score import PixelScorer, choose_device
from landwright.engine.shown import map_shown
from landwright.engine.snap import Snapper
from landwright.engine.sources import open_source
from landwright.engine.split import Split
from landwright.engine.stream import Tally, map_windows
from landwright.engine.tags import provenance
from landwright.engine.zoom import settle_windows
from landwright.errors import DataError
from landwright.maps import legend_yaml
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
    resize = check_words(bundle, options)
    files = made.files(out, options)
    inputs = (path, options.before)
    files.refuse_existing([file for file in inputs if file is not None], overwrite=options.overwrite)
    device = choose_device(options.device)
    with ExitStack() as stack:
        stack.enter_context(settings(path))
        source, remarks = open_source(path, card, options, stack)
        zoom, tiling, shape, shown = settle_windows(
            source, card, options, device.type, words=query_rule_of(bundle.network) is not None
        )
        area: Reader = source if options.aoi is None else AreaReader(source, Path(options.aoi))
        reader = FiniteReader(area, source.info.nodata)
        merger = None if options.merge is None else Merger(options.merge)
        of_classes = None if made.legend is None else class_scores(bundle, merger, averages_logits=tiling.published)
        heads = [] if of_classes is None else [of_classes.head]
        heads += [HeightHead(made.heights)] if made.heights else []
        scorer = PixelScorer(
            asked(bundle.network, tiling if resize else None),
            card.normalization,
            heads,
            dates=max(1, made.heights),
            device=device,
            precision=options.precision,
            augmentation=options.tta,
            zoom=max(1.0, zoom),
            refiner=_refiner(card, made, options, merger),
        )
        tags = provenance(card, source, tiling, options=options, precision=scorer.precision, resize=resize)
        products: list[Product] = []
        sinks: list[tuple[Sink, int]] = []
        classes = None
        if made.legend is not None and of_classes is not None:
            products += class_products(files, made.legend, source.info, tags)
            writers = [product.writer for product in products]
            classes = ClassMap(made.legend, *writers, decoder=of_classes.decoder, least=options.least)
            sinks.append((classes, of_classes.head.channels))
        if made.heights:
            metres = height_products(files, made.heights, source.info, tags)
            writers = [product.writer for product in metres]
            sinks.append((HeightMap(made.heights, *writers, raw=tiling.published), made.heights + made.spread))
            products += metres
        for product in products:
            stack.enter_context(product.writer)
        if resize:
            remarks += remarks_on_size(source.shape, resize)
            tally = map_resized(area, reader, scorer, Split(sinks), tiling, resize, progress=progress)
        elif zoom < 1:
            tally = map_shown(reader, scorer, Split(sinks), shown, shape, progress=progress)
        else:
            tally = map_windows(reader, scorer, Split(sinks), tiling, progress=progress)
        _check_map(path, tally, classes, options)
        texts = dict(zip(files.styles, (product.style for product in products), strict=True))
        if made.legend is not None and files.legend is not None:
            texts[files.legend] = legend_yaml(made.legend)
        for file, text in texts.items():
            stack.enter_context(atomic_output(file)).write_text(text, encoding="utf-8")
        # All that can fail is done before the first file takes its name.
        for product in products:
            product.writer.finish()
    return MapResult(
        path=files.codes,
        confidence=files.beside,
        styles=files.styles,
        image=path,
        width=source.info.width,
        height=source.info.height,
        valid=tally.valid - (0 if classes is None else classes.lost),
        windows=tally.windows,
        skipped=tally.skipped,
        redundancy=(tally.windows + tally.skipped) * tiling.tile**2 / (source.info.width * source.info.height),
        seconds=time.perf_counter() - started,
        device=str(device),
        precision=scorer.precision,
        warnings=(*remarks, *reader.warnings, *([] if classes is None else classes.warnings)),
        height_map=files.height,
        height_spread=files.spread,
        before=None if options.before is None else str(options.before),
        legend=files.legend,
    )


def _refiner(card: Card, made: Plan, options: PredictOptions, merger: Merger | None) -> Refiner | None:
    if options.snap is not None:
        return Snapper(options.snap, card.normalization)
    if options.crf and made.legend is not None:
        return CrfRefiner(card, len(made.legend), partial=merger is not None and merger.partial)
    return None


def _check_map(path: str, tally: Tally, classes: ClassMap | None, options: PredictOptions) -> None:
    if tally.valid:
        if classes is not None:
            classes.check(path, tally.valid, labels=options.as_labels)
        return
    if options.aoi is None:
        raise DataError(
            "has no valid pixel: all of it is nodata, NaN or infinite",
            path=path,
            remedy="Check its nodata value and its mask",
        )
    raise DataError(
        f"has no valid pixel inside {options.aoi}",
        path=path,
        remedy="Check that the area lies on imagery and not on nodata",
    )
