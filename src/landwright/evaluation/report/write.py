"""Write the report: a page for people and the same figures for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from landwright.errors import UsageError
from landwright.evaluation.findings import Evaluation, Preview
from landwright.evaluation.heights.findings import HeightPreview
from landwright.evaluation.report.about import About
from landwright.evaluation.report.environment import environment
from landwright.evaluation.report.heightpictures import height_pictures
from landwright.evaluation.report.page import render_page
from landwright.evaluation.report.pictures import scene_pictures
from landwright.evaluation.report.tagpictures import tag_pictures
from landwright.evaluation.tags.findings import TagPreview
from landwright.legends import Legend
from landwright.rasters import atomic_output

PAGE = "index.html"
METRICS = "metrics.json"
FORMAT = 1
"""Version of the layout of ``metrics.json``."""

PREVIEWS = 6
"""Scenes that a report shows."""


def check_report_folder(folder: Path, *, force: bool = False) -> None:
    """Refuse a folder that holds something else than a report.

    Args:
        folder: Where the report is to go.
        force: Write into it all the same; only the report's own files are replaced.

    Raises:
        UsageError: The folder is a file, or holds files but no report.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError("is a file, not a folder", path=folder, remedy="Name a folder for the report")
    if force or not folder.exists() or not any(folder.iterdir()) or (folder / METRICS).is_file():
        return
    raise UsageError(
        "is not empty and holds no report", path=folder, remedy="Name another folder, or write into it with --force"
    )


def metrics(evaluation: Evaluation, legend: Legend | None, about: About, made_with: dict[str, str]) -> dict[str, Any]:
    """Return the content of ``metrics.json``.

    Args:
        evaluation: Scores.
        legend: Classes, or None where only heights were compared.
        about: Heading and facts.
        made_with: Versions and machine.

    Returns:
        Plain data without NaN; what is undefined is ``None``.
    """
    return {
        "format": FORMAT,
        "title": about.title,
        "data": about.data,
        "legend": None if legend is None else legend.name,
        "classes": [] if legend is None else list(legend.names),
        "scores": {result.protocol: result.model_dump(mode="json") for result in evaluation.results},
        "heights": _heights(evaluation),
        "tags": _tags(evaluation),
        **evaluation.model_dump(mode="json", exclude={"results", "heights", "tags"}),
        "model": about.model,
        "mapping": about.settings,
        "environment": made_with,
    }


def _heights(evaluation: Evaluation) -> dict[str, Any] | None:
    found = evaluation.heights
    if found is None:
        return None
    return {
        "scores": {result.protocol: result.model_dump(mode="json") for result in found.results},
        "scenes": [scene.model_dump(mode="json") for scene in found.scenes],
    }


def _tags(evaluation: Evaluation) -> dict[str, Any] | None:
    found = evaluation.tags
    if found is None:
        return None
    stages = {"cam": found.cam, "pseudo": found.pseudo, "map": evaluation.results}
    return {
        "scores": {
            stage: {result.protocol: result.model_dump(mode="json") for result in results}
            for stage, results in stages.items()
        },
        **found.model_dump(mode="json", exclude={"cam", "pseudo"}),
    }


def write_report(
    folder: str | PathLike[str],
    evaluation: Evaluation,
    legend: Legend | None,
    about: About,
    *,
    previews: Sequence[Preview] = (),
    heights: Sequence[HeightPreview] = (),
    tags: Sequence[TagPreview] = (),
    classes: Legend | None = None,
    force: bool = False,
) -> Path:
    """Write ``index.html``, which needs no other file, and ``metrics.json``.

    Args:
        folder: Folder of the report; it may exist if it is empty or holds a report.
        evaluation: Scores.
        legend: Classes, or None where only heights were compared.
        about: Heading and facts.
        previews: Class maps to show.
        heights: Height maps to show.
        tags: Stages before the first of these class maps, to show.
        classes: Classes of the model that made them, if they are not those scored.
        force: Write into a folder that holds something else.

    Returns:
        Path of ``index.html``.

    Raises:
        UsageError: The folder holds something else.
        DataError: The files cannot be written.
    """
    folder = Path(folder)
    check_report_folder(folder, force=force)
    made_with = environment()
    shown = [] if legend is None else [scene_pictures(item, legend) for item in previews]
    stages = []
    if legend is not None:
        pairs = zip(tags, previews, strict=False)  # a scene without a label has neither
        stages = [tag_pictures(stage, scene, classes or legend, legend) for stage, scene in pairs]
    metres = [height_pictures(item) for item in heights]
    page = render_page(evaluation, legend, about, shown, made_with, metres, stages)
    figures = json.dumps(metrics(evaluation, legend, about, made_with), indent=2, allow_nan=False, ensure_ascii=False)
    for name, text in ((METRICS, figures + "\n"), (PAGE, page)):
        with atomic_output(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return folder / PAGE
