"""Score maps that exist already, and write the report."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from landwright.errors import DataError, UsageError
from landwright.evaluation.compare import Advance, Comparison
from landwright.evaluation.findings import PLAIN, Evaluation, LabelOptions, Merge, Pair
from landwright.evaluation.protocols import DEFAULT, ProtocolResult
from landwright.evaluation.report import PREVIEWS, about_maps, check_report_folder, write_report
from landwright.evaluation.trained import MAPS_DO_NOT_SAY, TrainedOn
from landwright.legends import Legend
from landwright.maps import map_legend

COMPANIONS = ("confidence", "probabilities", "disagreement", "height", "height_spread", "cam", "pseudo")
"""What ``predict`` and ``evaluate`` write beside the class map NAME.tif, as NAME_confidence.tif and so on."""


def evaluate_map(
    map_path: str | PathLike[str],
    reference: str | PathLike[str],
    report: str | PathLike[str],
    *,
    legend: Legend | None = None,
    image: str | PathLike[str] | None = None,
    run: str | PathLike[str] | None = None,
    protocols: Sequence[str] = (DEFAULT,),
    labels: LabelOptions = PLAIN,
    merge: Merge | None = None,
    force: bool = False,
) -> ProtocolResult:
    """Compare a map with a reference and write the report.

    Args:
        map_path: Raster of class codes. Where its confidence lies beside it, as ``landwright predict`` writes it, the
            report shows that too.
        reference: Mask of codes or colours on any grid, or polygons.
        report: Folder for ``index.html`` and ``metrics.json``.
        legend: Classes; by default what the map says that it holds.
        image: The imagery, to be shown beside the map.
        run: Run folder whose training curves and model are shown.
        protocols: Names of the protocols to score with.
        labels: How the reference is read.
        merge: How the map's classes become those that are scored, if they are others.
        force: Write into a folder that holds something else than a report.

    Returns:
        The result under the first protocol.

    Raises:
        UsageError: The folder holds something else, a protocol is unknown or made for other classes, a crosswalk does
            not fit, or the map does not name its classes.
        DataError: Map and reference cannot be compared.
    """
    map_path, reference = Path(map_path), Path(reference)
    pair = Pair(map_path.stem, map_path, reference, None if image is None else Path(image), find_confidence(map_path))
    evaluation = evaluate_maps(
        [pair], report, legend=legend, run=run, protocols=protocols, labels=labels, merge=merge, force=force
    )
    return evaluation.results[0]


def evaluate_maps(
    pairs: Sequence[Pair],
    report: str | PathLike[str] | None = None,
    *,
    legend: Legend | None = None,
    run: str | PathLike[str] | None = None,
    protocols: Sequence[str] = (DEFAULT,),
    labels: LabelOptions = PLAIN,
    merge: Merge | None = None,
    force: bool = False,
    advance: Advance = lambda _: None,
) -> Evaluation:
    """Compare maps with their references and write the report, see :func:`evaluate_map`.

    A reference on another grid is brought onto the map's grid by nearest neighbour, and polygons are burnt onto it; the
    pixels of a map that is coarser than the reference are divided first.
    Memory does not grow with the size of the maps.

    Args:
        pairs: Maps with their references.
        report: Folder for the report, or None for none.
        legend: Classes of all maps; by default what the first map says that it holds, or else what ``merge`` starts
            from.
        run: Run folder whose training curves and model are shown.
        protocols: Names of the protocols to score with.
        labels: How the references are read.
        merge: How the maps' classes become those that are scored, if they are others.
        force: Write into a folder that holds something else than a report.
        advance: Called with the pixels done after every window.

    Returns:
        Scores per protocol, areas and one entry per map.

    Raises:
        UsageError: The folder holds something else, a protocol is unknown or made for other classes, a crosswalk does
            not fit, or the map does not name its classes.
        DataError: There is no pair, or a pair cannot be compared.
    """
    if not pairs:
        raise DataError("there is no map to compare", remedy="Give at least one map and its reference")
    if report is not None:
        check_report_folder(Path(report), force=force)
    if merge is not None and merge.by == "probability":
        raise UsageError(
            "a finished map has no probabilities to be summed", remedy="Merge by map, or score the model itself"
        )
    classes = legend or map_legend(pairs[0].map, default=None if merge is None else merge.crosswalk.source_legend)
    comparison = Comparison(classes, protocols, labels, merge, previews=0 if report is None else PREVIEWS)
    for pair in pairs:
        comparison.add(pair, advance=advance)
    evaluation = comparison.finish(TrainedOn(kind="unknown", images=len(pairs), seen=None, why=MAPS_DO_NOT_SAY))
    if report is not None:
        about = about_maps(pairs, None if run is None else Path(run))
        write_report(report, evaluation, comparison.legend, about, previews=comparison.seen, force=force)
    return evaluation


def find_confidence(map_path: Path) -> Path | None:
    """Return the confidence that ``landwright predict`` wrote beside a map, if it is there."""
    path = map_path.with_name(f"{map_path.stem}_confidence{map_path.suffix}")
    return path if path.is_file() else None


def without_companions(paths: Sequence[Path]) -> list[Path]:
    """Leave out what lies beside other maps among the files, as in a folder that ``landwright predict`` wrote.

    Args:
        paths: Rasters; a file that is only named like a confidence, a height or its spread stays.
    """
    companions = {path.with_name(f"{path.stem}_{word}{path.suffix}") for path in paths for word in COMPANIONS}
    return [path for path in paths if path not in companions]
