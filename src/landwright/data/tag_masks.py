"""Scenes of the regime ``tags``: images, and masks for as many of them as there are, to score maps by."""

from __future__ import annotations

from dataclasses import replace

from landwright.data.captions import find_captioned
from landwright.data.scene import Scene
from landwright.errors import DataError
from landwright.rasters import RASTER_SUFFIXES, VECTOR_SUFFIXES, expand_inputs
from landwright.recipe import DataSpec


def find_tagged(spec: DataSpec) -> list[Scene]:
    """Find the scenes of a ``data`` section, whether all, some or none of them have masks.

    Masks of some of the ``images`` belong to those with the same name. Where only some scenes have masks, and the parts
    are drawn by scene, those with masks are the validation part, for masks serve nothing else.

    Args:
        spec: The recipe's ``data`` section.

    Raises:
        DataError: As :func:`landwright.data.scenes.find_scenes`; or no mask is named as an image.
    """
    scenes = _scenes(spec)
    masks = sum(scene.label is not None for scene in scenes)
    if 0 < masks < len(scenes) and spec.split.by == "scene" and spec.split.group is None:
        return [replace(scene, part="val") if scene.label is not None else scene for scene in scenes]
    return scenes


def _scenes(spec: DataSpec) -> list[Scene]:
    if spec.images is None or spec.labels is None:
        return find_captioned(spec)
    try:
        return find_captioned(spec)
    except DataError:
        masks = {path.stem: path for path in expand_inputs(spec.labels, suffixes=(*RASTER_SUFFIXES, *VECTOR_SUFFIXES))}
        bare = find_captioned(spec.model_copy(update={"labels": None}))
        scenes = [replace(scene, label=masks.get(scene.image.stem)) for scene in bare]
        if all(scene.label is None for scene in scenes):
            raise
        return scenes
