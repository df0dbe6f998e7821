"""Scenes found from folders, globs, lists, a CSV of pairs or a published layout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from landwright.data.pairing import pair, unique_names
from landwright.data.pairs import read_pairs
from landwright.data.scene import PARTS, Part, Scene
from landwright.data.targets import find_targets
from landwright.errors import DataError
from landwright.rasters import RASTER_SUFFIXES, VECTOR_SUFFIXES, expand_inputs
from landwright.recipe import DataSpec

__all__ = ["PARTS", "Part", "Scene", "find_scenes", "find_targets"]

Inputs = str | list[str]


def find_scenes(spec: DataSpec, *, base: Path | None = None) -> list[Scene]:
    """Find the scenes that a recipe's ``data`` section describes.

    Args:
        spec: The ``data`` section.
        base: Folder that relative paths start from (default: the working directory). Paths inside a CSV of pairs are
            relative to the CSV.

    Returns:
        Scenes in a fixed order.

    Raises:
        DataError: A file is missing, images and labels (or heights, or images of an earlier date) do not match, the CSV
            lacks a column, or nothing is left of a layout.
        UsageError: There is no layout of that name, or its file names lack a field of ``where``.
    """
    if spec.pairs is not None:
        return read_pairs((base or Path()) / spec.pairs, spec.split)
    if spec.layout is not None and spec.root is not None:
        from landwright.data.layouts import load_layout

        return load_layout(spec.layout).scenes((base or Path()) / spec.root, spec.where)
    assert spec.images is not None  # DataSpec admits nothing else
    if spec.split.by == "column":
        raise DataError(
            "a split by column needs a CSV of pairs or a published layout",
            remedy="Use `pairs`, or split by scene or block",
        )
    images = expand_inputs(spec.images, base=base)

    def matching(inputs: Inputs, kind: str, suffixes: tuple[str, ...] = RASTER_SUFFIXES) -> list[Path]:
        others = expand_inputs(inputs, base=base, suffixes=suffixes)
        if both := set(images) & set(others):
            raise DataError(
                f"is both an image and {kind}",
                path=min(both),
                remedy="Narrow the globs, for example images: img/*.tif",
            )
        ordered = _is_written_out(spec.images) and _is_written_out(inputs)
        return [other for _, other in pair(images, others, ordered=ordered, kind=kind)]

    none: Sequence[None] = [None] * len(images)
    suffixes = (*RASTER_SUFFIXES, *VECTOR_SUFFIXES)
    labels = none if spec.labels is None else matching(spec.labels, "a label", suffixes)
    heights = none if spec.heights is None else matching(spec.heights, "a height raster")
    before = none if spec.before is None else matching(spec.before, "an earlier image")
    return [
        Scene(name, image, label, height=height, before=earlier)
        for name, image, label, height, earlier in zip(
            unique_names(images), images, labels, heights, before, strict=True
        )
    ]


def _is_written_out(inputs: Inputs | None) -> bool:
    return isinstance(inputs, list) and all(Path(entry).suffix and not set(entry) & set("*?[") for entry in inputs)
