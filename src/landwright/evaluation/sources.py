"""Which labelled images are scored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from landwright.data import Part, Scene, Split, find_scenes
from landwright.errors import UsageError
from landwright.evaluation.findings import LabelOptions
from landwright.legends import load_crosswalk
from landwright.rasters import Window
from landwright.recipe import DataSpec, load_recipe

Scenes = dict[Scene, tuple[Window, ...]]
"""Scenes and the windows of each that count; no window means all of the scene."""


@dataclass(frozen=True)
class RunData:
    """What a run folder says of its data.

    Attributes:
        scenes: Scenes of the part.
        part: The part.
        labels: How the labels are read.
        bands: Bands of the images, or None for all.
    """

    scenes: Scenes
    part: Part
    labels: LabelOptions
    bands: list[int | str] | None


def find_run(model: str | Path) -> Path | None:
    """Return the run folder that a model lies in, if it lies in one.

    Args:
        model: Run folder, or the bundle in it; anything else has no run.
    """
    path = Path(model)
    folder = path.parent if path.name == "bundle" else path
    return folder if (folder / "bundle").is_dir() and (folder / "logs").is_dir() else None


def scenes_of_split(path: Path, part: Part) -> Scenes:
    """Return the scenes of one part of a ``split.csv``.

    Raises:
        DataError: The file is no split, or the part is empty.
    """
    scenes: dict[Scene, list[Window]] = {}
    for region in Split.load(path).regions(part):
        scenes.setdefault(region.scene, []).extend([] if region.window is None else [region.window])
    return {scene: tuple(windows) for scene, windows in scenes.items()}


def scenes_of_files(spec: DataSpec, part: Part | None) -> Scenes:
    """Return labelled images that a recipe's ``data`` section would find.

    Args:
        spec: Images and labels, a CSV of pairs, or a published layout.
        part: Only the scenes of this part, or None for all of them.

    Raises:
        DataError: A file is missing, or images and labels do not match.
        UsageError: There is no such layout, or no scene is in the part.
    """
    found = find_scenes(spec)
    chosen = [scene for scene in found if part is None or scene.part == part]
    if not chosen:
        raise UsageError(
            f"none of {len(found)} scenes is in the part {part!r}",
            remedy="Name the column of the parts with --column, or leave --part out",
        )
    return dict.fromkeys(chosen, ())


def without_groups(scenes: Scenes) -> Scenes:
    """Return scenes that are one set: the groups of layouts and splits only keep neighbours in one part."""
    return {replace(scene, group=None): windows for scene, windows in scenes.items()}


def run_data(run: Path, part: Part | None) -> RunData:
    """Return the scenes that a run kept apart, and how its recipe reads them.

    Args:
        run: Run folder.
        part: The part; by default ``test`` where the run has one, else ``val``.

    Raises:
        UsageError: The run's recipe does not fit the schema.
        DataError: The run's split is missing, or the part is empty.
    """
    spec = load_recipe(run / "recipe.yaml", saved=True).data
    path = run / "split.csv"
    if part is None:
        part = "test" if "test" in Split.load(path).counts() else "val"
    crosswalk = None if spec.crosswalk is None else load_crosswalk(spec.crosswalk)
    labels = LabelOptions(spec.field, spec.burn, spec.outside, crosswalk)
    return RunData(scenes_of_split(path, part), part, labels, spec.bands)
