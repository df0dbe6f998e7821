"""From a bundle and an image to a map on disk."""

from __future__ import annotations

import time
from contextlib import ExitStack
from os import PathLike
from pathlib import Path
from typing import Any

from landwright.bundles import Bundle
from landwright.engine.area import AreaReader
from landwright.engine.checks import check_bands, check_scale, warnings_about
from landwright.engine.classmap import NO_CONFIDENCE, ClassMap
from landwright.engine.finite import FiniteReader
from landwright.engine.merge import Merger, check_merge
from landwright.engine.options import MapResult, PredictOptions
from landwright.engine.protocols import Progress, Reader
from landwright.engine.score import ClassScorer, choose_device
from landwright.engine.stream import map_windows
from landwright.engine.tags import provenance
from landwright.errors import DataError
from landwright.legends import Legend
from landwright.maps import CONFIDENCE_RAMP, StripWriter, class_style, map_files, ramp_style
from landwright.rasters import RasterInfo, atomic_output, open_raster
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

    The map is a cloud-optimized GeoTIFF on the image's own grid: codes of the legend with its colours, nodata where
    the image has none; beside it its QGIS style and, by default, the confidence. Memory does not grow with the
    raster's height. The files appear together at the end; after an error or Ctrl-C there is none.

    Args:
        bundle: The model.
        image: Raster of any size with the model's bands, in sensor units.
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
    legend, merger = card.legend, None
    if options.merge is not None:
        check_merge(options.merge, card.legend)
        legend, merger = options.merge.target_legend, Merger(options.merge)
    files = map_files(out, options.confidence)
    files.refuse_existing([path], overwrite=options.overwrite)
    device = choose_device(options.device)
    tiling = options.tiling(card.tiling, device.type)
    with ExitStack() as stack:
        stack.enter_context(settings(path))
        raster = stack.enter_context(open_raster(path, bands=options.bands))
        check_bands(raster, card, options.bands)
        check_scale(raster, card)
        area: Reader = raster if options.aoi is None else AreaReader(raster, Path(options.aoi))
        reader = FiniteReader(area, raster.info.nodata)
        scorer = ClassScorer(
            bundle.network,
            card.normalization,
            len(card.legend),
            merger=merger,
            device=device,
            precision=options.precision,
            augmentation=options.tta,
        )
        tags = provenance(card, raster, tiling, tta=options.tta, precision=scorer.precision, merge=options.merge)
        writers = [_map_writer(files.codes, legend, _grid(raster.info), tags)]
        if files.beside is not None:
            writers.append(_confidence_writer(files.beside, _grid(raster.info), tags))
        for writer in writers:
            stack.enter_context(writer)
        classes = ClassMap(legend, *writers, partial=merger is not None and merger.partial)
        tally = map_windows(reader, scorer, classes, tiling, progress=progress)
        if not tally.valid:
            raise _nothing_to_map(path, options.aoi)
        texts = (class_style(legend), ramp_style(CONFIDENCE_RAMP, "%"))
        for style, text in zip(files.styles, texts, strict=False):
            stack.enter_context(atomic_output(style)).write_text(text, encoding="utf-8")
        # All that can fail is done before the first file takes its name.
        for writer in writers:
            writer.finish()
    return MapResult(
        path=files.codes,
        confidence=files.beside,
        styles=files.styles,
        image=path,
        width=raster.info.width,
        height=raster.info.height,
        valid=tally.valid - classes.undecided,
        windows=tally.windows,
        skipped=tally.skipped,
        redundancy=tiling.redundancy(*raster.shape),
        seconds=time.perf_counter() - started,
        device=str(device),
        precision=scorer.precision,
        warnings=(*warnings_about(raster.info, card), *reader.warnings, *_undecided(classes.undecided)),
    )


def _undecided(pixels: int) -> list[str]:
    return [f"{pixels} pixels show only classes that the merge leaves out, and became nodata"] if pixels else []


def _map_writer(path: Path, legend: Legend, grid: dict[str, Any], tags: dict[str, str]) -> StripWriter:
    return StripWriter(
        path,
        dtype="uint8",
        nodata=legend.nodata,
        colormap=legend.colour_table(),
        description=f"classes: {legend.name}",
        tags=tags,
        overviews="mode",
        **grid,
    )


def _confidence_writer(path: Path, grid: dict[str, Any], tags: dict[str, str]) -> StripWriter:
    return StripWriter(
        path,
        dtype="uint8",
        nodata=NO_CONFIDENCE,
        description="maximum class probability in percent",
        unit="%",
        tags=tags,
        overviews="average",
        **grid,
    )


def _grid(info: RasterInfo) -> dict[str, Any]:
    return {"width": info.width, "height": info.height, "crs": info.crs, "transform": info.transform}


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
