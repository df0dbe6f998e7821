"""Read windows of scenes: pixels, class indices, heights and validity on one grid of the wanted size."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple, NotRequired, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from landwright.data.scene import Scene
from landwright.errors import DataError
from landwright.legends import IGNORE, Legend, load_crosswalk
from landwright.rasters import (
    VECTOR_SUFFIXES,
    HeightReader,
    HeightTally,
    LabelReader,
    Raster,
    RasterInfo,
    Window,
    open_before,
    open_heights,
    open_labels,
    open_raster,
)
from landwright.rasters.codes import RasterLabels
from landwright.recipe import DataSpec

_OPEN_SCENES = 48
"""Scenes that stay open per process: up to four files each, well below the usual limit of 1024."""


class Sample(TypedDict):
    """One tile.

    Attributes:
        image: float32 (C, H, W) in sensor units, not normalised; 0 where invalid. Where scenes have an image of
            an earlier date, (2C, H, W): its bands come first.
        mask: int64 (H, W) indices of the legend's classes; 255 = ignore, also wherever the image is invalid, and
            everywhere in a scene without label.
        valid: bool (H, W); False at nodata, NaN and padding.
        source: Name of the scene.
        window: int64 (4,): row, col, height, width in pixels of the scene.
        height: float32 (H, W) metres above ground, NaN = unknown, also wherever the image is invalid; only where scenes
            have heights.
    """

    image: Tensor
    mask: Tensor
    valid: Tensor
    source: str
    window: Tensor
    height: NotRequired[Tensor]


class Patch(NamedTuple):
    """Pixels of one window.

    Attributes:
        image: float32 (C, h, w).
        mask: uint8 (h, w), 255 = ignore.
        valid: bool (h, w).
        height: float32 (h, w) metres, NaN = unknown; None for a scene without heights.
    """

    image: Tensor
    mask: Tensor
    valid: Tensor
    height: Tensor | None = None


class _Open(NamedTuple):
    image: Raster
    labels: LabelReader | None
    heights: HeightReader | None
    before: Raster | None


class SceneReader:
    """Reads the files of any scene with handles that stay open, a bounded number of them per process.

    Args:
        spec: The recipe's ``data`` section: bands and how labels are read.
        legend: Classes of the masks.
    """

    def __init__(self, spec: DataSpec, legend: Legend) -> None:
        """Open nothing yet."""
        self.legend = legend
        self._spec = spec
        self._crosswalk = load_crosswalk(spec.crosswalk) if spec.crosswalk is not None else None
        self._infos: dict[Scene, RasterInfo] = {}
        self._cells: dict[Scene, tuple[float, float] | None] = {}
        self._notes: dict[Scene, tuple[str, ...]] = {}
        self._handles: OrderedDict[Scene, _Open] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the handles out: they belong to one process."""
        return {**self.__dict__, "_handles": OrderedDict()}

    def info(self, scene: Scene) -> RasterInfo:
        """Return the grid of a scene.

        Raises:
            DataError: A file cannot be opened, or does not lie on the image.
        """
        if scene not in self._infos:
            self._open(scene)
        return self._infos[scene]

    def cells(self, scene: Scene) -> tuple[float, float] | None:
        """Return the rows and columns of the label's own pixels across a scene; None where they are the image's.

        Raises:
            DataError: As :meth:`info`.
        """
        if scene not in self._cells:
            self._open(scene)
        return self._cells[scene]

    def notes(self, scene: Scene) -> tuple[str, ...]:
        """Return what a user may not expect of a scene's files, as that its label covers the image in part.

        Raises:
            DataError: As :meth:`info`.
        """
        if scene not in self._notes:
            self._open(scene)
        return self._notes[scene]

    def check(self, scenes: list[Scene]) -> None:
        """Open the files of every scene once.

        Raises:
            DataError: A file cannot be opened, files of a scene do not lie on one another, one mask or height raster
                without georeference is given for several images, or the number of bands differs between images.
        """
        users: dict[Path, Scene] = {}
        first: tuple[Scene, int] | None = None
        for scene in scenes:
            handles = self._open(scene)
            for kind, file in (("label", scene.label), ("height raster", scene.height)):
                if file is None or file.suffix.lower() in VECTOR_SUFFIXES:
                    continue
                other = users.setdefault(file, scene)
                if other is not scene and not handles.image.info.georeferenced:
                    raise DataError(
                        f"is the {kind} of {other.image} and of {scene.image}, which have no georeference",
                        path=file,
                        remedy="Give every image without georeference one of its own",
                    )
            count = len(handles.image.bands) * (1 if handles.before is None else 2)
            first = first or (scene, count)
            if count != first[1]:
                raise DataError(
                    f"has {count} bands, {first[0].image} has {first[1]}",
                    path=scene.image,
                    remedy="Choose the bands with data.bands, and give all images one of an earlier date or none",
                )

    def read(self, scene: Scene, window: Window, size: tuple[int, int] | None = None) -> Patch:
        """Read one window.

        Args:
            scene: The scene.
            window: Rows and columns in pixels of the image, inside it.
            size: Height and width to resample to (image and heights bilinear with anti-aliasing over valid and known
                pixels only; mask and validity nearest); default: that of the window.

        Raises:
            DataError: The file is damaged, or the mask has a code or colour that the legend lacks.
        """
        handles = self._open(scene)
        pixels, valid = handles.image.read_with_valid(window)
        if handles.before is not None:
            earlier, also = handles.before.read_with_valid(window)
            pixels, valid = np.concatenate([earlier, pixels]), valid & also
        image = torch.from_numpy(pixels.astype(np.float32))
        known = torch.from_numpy(valid)
        if handles.labels is None:
            mask = torch.full_like(known, IGNORE, dtype=torch.uint8)
        else:
            mask = torch.from_numpy(handles.labels.read(window)).where(known, IGNORE)
        height = None
        if handles.heights is not None:
            height = torch.from_numpy(handles.heights.read(window)).where(known, torch.nan)
        return _resample(Patch(image.where(known, 0), mask, known, height), size)

    def count_heights(self, scene: Scene, window: Window, tally: HeightTally) -> None:
        """Add a window of a scene's height raster to a tally; nothing where the scene has none."""
        heights = self._open(scene).heights
        if heights is not None:
            heights.count(tally, window)

    def close(self) -> None:
        """Close all files; the next reading opens them again."""
        while self._handles:
            _close(self._handles.popitem()[1])

    def _open(self, scene: Scene) -> _Open:
        handles = self._handles.get(scene)
        if handles is None:
            handles = self._handles[scene] = self._opened(scene)
            if len(self._handles) > _OPEN_SCENES:
                _close(self._handles.popitem(last=False)[1])
        self._handles.move_to_end(scene)
        return handles

    def _opened(self, scene: Scene) -> _Open:
        spec = self._spec
        image = open_raster(scene.image, bands=spec.bands)
        labels = heights = before = None
        notes: tuple[str, ...] = ()
        if scene.label is not None:
            labels = open_labels(
                scene.label,
                self.legend,
                image.info,
                field=spec.field,
                burn=spec.burn,
                outside=spec.outside,
                crosswalk=self._crosswalk,
            )
            notes += labels.notes
        if scene.height is not None:
            heights = open_heights(scene.height, image.info)
            notes += heights.notes
        if scene.before is not None:
            before, remarks = open_before(scene.before, image.info, bands=spec.bands)
            notes += remarks
        self._infos[scene] = image.info
        self._cells[scene] = labels.cells if isinstance(labels, RasterLabels) else None
        self._notes[scene] = notes
        return _Open(image, labels, heights, before)


def _close(handles: _Open) -> None:
    for handle in handles:
        if handle is not None:
            handle.close()


def known_pixels(patch: Patch, scene: Scene) -> Tensor:
    """Return what can be learnt from a patch, bool (h, w): its labels, else its heights, else its valid pixels."""
    if scene.label is not None:
        return patch.mask != IGNORE
    return patch.valid if patch.height is None else patch.height.isfinite()


def pad_to(patch: Patch, tile: int) -> Patch:
    """Fill a patch at the bottom and right to (tile, tile): image mirrored, mask ignore, height NaN, validity False."""
    height, width = patch.mask.shape
    if (height, width) == (tile, tile):
        return patch
    margin = ((0, tile - height), (0, tile - width))
    # numpy mirrors as often as needed; torch allows less than one width.
    image: NDArray[np.float32] = np.pad(patch.image.numpy(), ((0, 0), *margin), mode="reflect")
    mask = np.pad(patch.mask.numpy(), margin, constant_values=IGNORE)
    valid = np.pad(patch.valid.numpy(), margin, constant_values=False)
    full = Patch(torch.from_numpy(image), torch.from_numpy(mask), torch.from_numpy(valid))
    if patch.height is None:
        return full
    return full._replace(height=torch.from_numpy(np.pad(patch.height.numpy(), margin, constant_values=np.nan)))


def _resample(patch: Patch, size: tuple[int, int] | None) -> Patch:
    if size is None or tuple(patch.mask.shape) == tuple(size):
        return patch
    valid = _nearest(patch.valid, size).bool()
    image = _smooth(patch.image, patch.valid, valid, size, 0.0)
    height = None
    if patch.height is not None:
        known = patch.height.isfinite()
        wanted = _nearest(known, size).bool()
        height = _smooth(patch.height.where(known, 0)[None], known, wanted, size, torch.nan)[0]
    return Patch(image, _nearest(patch.mask, size), valid, height)


def _nearest(plane: Tensor, size: tuple[int, int]) -> Tensor:
    return interpolate(plane[None, None].to(torch.uint8), size, mode="nearest-exact")[0, 0]


def _smooth(stack: Tensor, known: Tensor, wanted: Tensor, size: tuple[int, int], other: float) -> Tensor:
    """Resample (C, h, w) from its known pixels alone, which hold 0 elsewhere; ``other`` where nothing is wanted."""

    def bilinear(planes: Tensor) -> Tensor:
        return interpolate(planes[None], size, mode="bilinear", antialias=True, align_corners=False)[0]

    smooth = bilinear(stack)
    if bool(known.all()):
        return smooth
    weight = bilinear(known[None].float())  # unknown pixels must not darken their neighbours
    return torch.where(wanted & (weight > 0), smooth / weight.clamp_min(torch.finfo(torch.float32).tiny), other)
