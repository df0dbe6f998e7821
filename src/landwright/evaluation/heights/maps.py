"""Score height maps that exist already, and write the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path

from landwright.errors import DataError
from landwright.evaluation.findings import Evaluation
from landwright.evaluation.heights.compare import HeightComparison
from landwright.evaluation.heights.findings import HeightPair
from landwright.evaluation.heights.protocols import HEIGHT_PROTOCOLS
from landwright.evaluation.report import PREVIEWS, about_maps, check_report_folder, write_report
from landwright.evaluation.trained import MAPS_DO_NOT_SAY, TrainedOn


def evaluate_heights(
    pairs: Sequence[HeightPair],
    report: str | PathLike[str] | None = None,
    *,
    run: str | PathLike[str] | None = None,
    protocols: Sequence[str] = HEIGHT_PROTOCOLS,
    force: bool = False,
    advance: Callable[[int], object] = lambda _: None,
) -> Evaluation:
    """Compare height maps with their references.

    Values are metres above ground in both; no unit is guessed. A reference on another grid is warped onto the map's
    (bilinear).

    Args:
        pairs: Maps and references.
        report: Folder for ``index.html`` and ``metrics.json``, or None for none.
        run: Run folder whose training curves and model are shown.
        protocols: Names of the protocols to score with.
        force: Write into a folder that holds something else than a report.
        advance: Called with the pixels done after every window.

    Returns:
        Scores per protocol and one entry per map, under ``heights``.

    Raises:
        UsageError: The report's folder holds something else, a protocol is unknown, or a file holds classes.
        DataError: There is no pair, or a pair cannot be compared.
    """
    if not pairs:
        raise DataError("there is no map to compare", remedy="Give at least one height map and its reference")
    if report is not None:
        check_report_folder(Path(report), force=force)
    comparison = HeightComparison(protocols, previews=0 if report is None else PREVIEWS)
    for pair in pairs:
        comparison.add(pair, advance=advance)
    known = TrainedOn(kind="unknown", images=len(pairs), seen=None, why=MAPS_DO_NOT_SAY)
    evaluation = Evaluation(heights=comparison.finish(known), trained_on=known)
    if report is not None:
        about = about_maps(pairs, None if run is None else Path(run))
        write_report(report, evaluation, None, about, heights=comparison.seen, force=force)
    return evaluation


_NO_HEIGHTS = ("confidence", "probabilities", "disagreement", "spread", "height_spread")


def only_heights(paths: Sequence[Path]) -> list[Path]:
    """Keep the height maps of a folder that ``landwright predict`` wrote, where other rasters lie beside them.

    Args:
        paths: Rasters. A class map ``NAME.tif`` beside ``NAME_height.tif`` is none of heights, nor is its
            ``NAME_confidence.tif`` or the ``_spread.tif`` of another raster; what is only named so stays.
    """
    there = set(paths)
    others = {_beside(path, word) for path in paths for word in _NO_HEIGHTS}
    return [path for path in paths if path not in others and _beside(path, "height") not in there]


def _beside(path: Path, word: str) -> Path:
    return path.with_name(f"{path.stem}_{word}{path.suffix}")
