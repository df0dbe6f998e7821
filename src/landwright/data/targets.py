"""Images to adapt to: no labels are read, and what scores are reported on stays unseen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from landwright.data.pairing import unique_names
from landwright.data.scene import Scene
from landwright.errors import DataError, UsageError
from landwright.rasters import expand_inputs
from landwright.recipe import TargetSpec

_SHOWN = 5


def find_targets(spec: TargetSpec, *, seed: int, base: Path | None = None) -> list[Scene]:
    """Find the images that a recipe's ``target`` section describes.

    Of a layout, scenes of the published training part are taken, and those without a published part; scenes of other
    parts only where ``allow`` has their very name. Training scenes that share ground with the test part (crops of one
    tile or site) are refused: scores on ground that was adapted to are too good.

    Args:
        spec: The ``target`` section. The names under ``allow`` are those of scenes or of files, with or without suffix.
            ``*`` and ``?`` stand for any text and any letter, and lift a refusal alone: ``allow: ["*"]`` is the
            published setting of RS3DAda, whose training crops lie on the tiles of its test crops.
        seed: Seed of the draw of at most ``limit`` images.
        base: Folder that relative paths start from (default: the working directory).

    Returns:
        Scenes without label and height, in a fixed order.

    Raises:
        DataError: A file is missing, nothing is left, or images are in ``exclude``, or on the ground of the test part,
            and not allowed.
        UsageError: There is no layout of that name, its file names lack a field of ``where``, or a name under ``allow``
            fits no image that would need it.
    """
    allowed = _Allowed(spec.allow)
    if spec.layout is not None and spec.root is not None:
        scenes = _of_layout(spec, spec.layout, (base or Path()) / spec.root, allowed)
    else:
        assert spec.images is not None  # TargetSpec admits nothing else
        images = expand_inputs(spec.images, base=base)
        scenes = [Scene(name, image, None) for name, image in zip(unique_names(images), images, strict=True)]
    if spec.exclude is not None:
        excluded = {path.resolve() for path in expand_inputs(spec.exclude, base=base)}
        _refuse(scenes, lambda scene: scene.image.resolve() in excluded, allowed, "are under target.exclude too")
    if unused := allowed.unused():
        raise UsageError(
            f"target.allow names {', '.join(unused)}, which is no image that is kept apart",
            remedy="Correct the name, or leave it out",
        )
    if spec.limit is not None and spec.limit < len(scenes):
        drawn = np.random.default_rng([seed, 0x7A26E7]).choice(len(scenes), spec.limit, replace=False)
        scenes = [scenes[place] for place in sorted(drawn)]
    return scenes


class _Allowed:
    """The names of images that may be adapted to although they are kept apart."""

    def __init__(self, names: Sequence[str]) -> None:
        self._used = dict.fromkeys(names, False)

    def __call__(self, scene: Scene) -> bool:
        """Whether a scene's name is there, or fits a pattern that is."""
        return self._use([name for name in self._used if any(fnmatchcase(own, name) for own in _names(scene))])

    def by_name(self, scene: Scene) -> bool:
        """Whether a scene's very name is there."""
        return self._use([name for name in self._used if name in _names(scene)])

    def unused(self) -> list[str]:
        """Names that nothing was asked for under."""
        return [name for name, used in self._used.items() if not used]

    def _use(self, names: list[str]) -> bool:
        self._used.update(dict.fromkeys(names, True))
        return bool(names)


def _names(scene: Scene) -> tuple[str, str, str]:
    return scene.name, scene.image.name, scene.image.stem


def _of_layout(spec: TargetSpec, layout: str, root: Path, allowed: _Allowed) -> list[Scene]:
    from landwright.data.layouts import load_layout

    every = load_layout(layout).images_of(root, spec.where)
    train = [scene for scene in every if scene.part in (None, "train")]
    held_out = [scene for scene in every if scene.part not in (None, "train")]
    taken = {scene.name for scene in (*train, *(scene for scene in held_out if allowed.by_name(scene)))}
    ground = {scene.group for scene in every if scene.part == "test" and scene.group is not None}
    _refuse(
        train,
        lambda scene: scene.group in ground,
        allowed,
        f"of the train part of {layout} show ground of its test part",
    )
    if not taken:
        raise DataError(
            f"holds no image of the train part of {layout}",
            path=root,
            remedy="Name images of other parts under target.allow, or give target.images",
        )
    return [replace(scene, part=None) for scene in every if scene.name in taken]


def _refuse(scenes: Sequence[Scene], kept_apart: Callable[[Scene], bool], allowed: _Allowed, why: str) -> None:
    """Refuse scenes that are kept apart and not allowed."""
    apart = [scene for scene in scenes if kept_apart(scene)]
    refused = [scene for scene in apart if not allowed(scene)]
    if refused:
        shown = ", ".join(scene.name for scene in refused[:_SHOWN])
        more = f" and {len(refused) - _SHOWN} more" if len(refused) > _SHOWN else ""
        raise DataError(
            f"{len(refused)} of {len(scenes)} target images {why}: {shown}{more}",
            path=refused[0].image,
            remedy="Adapt to other images (a layout whose name ends in -grouped divides whole tiles), or name them "
            "under target.allow: scores on them are then no scores on unseen images",
        )
