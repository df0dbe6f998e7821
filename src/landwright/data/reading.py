"""Read windows of scenes: pixels, class indices and validity on one grid of the wanted size."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NamedTuple, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from landwright.data.scenes import Scene
from landwright.errors import DataError
from landwright.legends import IGNORE, Legend, load_crosswalk
from landwright.rasters import VECTOR_SUFFIXES, LabelReader, Raster, RasterInfo, Window, open_labels, open_raster
from landwright.rasters.codes import RasterLabels
from landwright.recipe import DataSpec

_OPEN_SCENES = 48
"""Scenes that stay open per process: two files each, well below the usual limit of 1024."""


class Sample(TypedDict):
    """One tile.

    Attributes:
        image: float32 (C, H, W) in sensor units, not normalised; 0 where invalid.
        mask: int64 (H, W) indices of the legend's classes; 255 = ignore, also wherever the image is invalid.
        valid: bool (H, W); False at nodata, NaN and padding.
        source: Name of the scene.
        window: int64 (4,): row, col, height, width in pixels of the scene.
    """

    image: Tensor
    mask: Tensor
    valid: Tensor
    source: str
    window: Tensor


class Patch(NamedTuple):
    """Pixels of one window: image float32 (C, h, w), mask uint8 (h, w) with 255 = ignore, valid bool (h, w)."""

    image: Tensor
    mask: Tensor
    valid: Tensor


class _Open(NamedTuple):
    image: Raster
    labels: LabelReader


class SceneReader:
    """Reads image and label of any scene with handles that stay open, a bounded number of them per process.

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
            DataError: Image or label cannot be opened, or the label does not lie on the image.
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
        """Return what a user may not expect of a scene's label, as that it covers the image in part.

        Raises:
            DataError: As :meth:`info`.
        """
        if scene not in self._notes:
            self._open(scene)
        return self._notes[scene]

    def check(self, scenes: list[Scene]) -> None:
        """Open every image with its label once.

        Raises:
            DataError: A file cannot be opened, image and label do not lie on one another, one mask without
                georeference is given for several images, or the number of bands differs between images.
        """
        users: dict[str, Scene] = {}
        first: tuple[Scene, int] | None = None
        for scene in scenes:
            image = self._open(scene).image
            other = users.setdefault(str(scene.label), scene)
            shared = other is not scene and scene.label.suffix.lower() not in VECTOR_SUFFIXES
            if shared and not image.info.georeferenced:
                raise DataError(
                    f"is the label of {other.image} and of {scene.image}, which have no georeference",
                    path=scene.label,
                    remedy="Give every image without georeference a mask of its own",
                )
            first = first or (scene, len(image.bands))
            if len(image.bands) != first[1]:
                raise DataError(
                    f"has {len(image.bands)} bands, {first[0].image} has {first[1]}",
                    path=scene.image,
                    remedy="Choose the bands with data.bands",
                )

    def read(self, scene: Scene, window: Window, size: tuple[int, int] | None = None) -> Patch:
        """Read one window.

        Args:
            scene: The scene.
            window: Rows and columns in pixels of the image, inside it.
            size: Height and width to resample to (image bilinear with anti-aliasing over valid pixels only; mask and
                validity nearest); default: that of the window.

        Raises:
            DataError: The file is damaged, or the mask has a code or colour that the legend lacks.
        """
        handles = self._open(scene)
        pixels, valid = handles.image.read_with_valid(window)
        mask = torch.from_numpy(handles.labels.read(window))
        image = torch.from_numpy(pixels.astype(np.float32))
        known = torch.from_numpy(valid)
        return _resample(Patch(image.where(known, 0), mask.where(known, IGNORE), known), size)

    def close(self) -> None:
        """Close all files; the next reading opens them again."""
        while self._handles:
            _close(self._handles.popitem()[1])

    def _open(self, scene: Scene) -> _Open:
        handles = self._handles.get(scene)
        if handles is None:
            image = open_raster(scene.image, bands=self._spec.bands)
            spec = self._spec
            labels = open_labels(
                scene.label,
                self.legend,
                image.info,
                field=spec.field,
                burn=spec.burn,
                outside=spec.outside,
                crosswalk=self._crosswalk,
            )
            handles = self._handles[scene] = _Open(image, labels)
            self._infos[scene] = image.info
            self._cells[scene] = labels.cells if isinstance(labels, RasterLabels) else None
            self._notes[scene] = labels.notes
            if len(self._handles) > _OPEN_SCENES:
                _close(self._handles.popitem(last=False)[1])
        self._handles.move_to_end(scene)
        return handles


def _close(handles: _Open) -> None:
    handles.image.close()
    handles.labels.close()


def pad_to(patch: Patch, tile: int) -> Patch:
    """Fill a patch at the bottom and right to (tile, tile): image mirrored, mask ignore, validity False."""
    height, width = patch.mask.shape
    if (height, width) == (tile, tile):
        return patch
    margin = ((0, tile - height), (0, tile - width))
    # numpy mirrors as often as needed; torch allows less than one width.
    image: NDArray[np.float32] = np.pad(patch.image.numpy(), ((0, 0), *margin), mode="reflect")
    mask = np.pad(patch.mask.numpy(), margin, constant_values=IGNORE)
    valid = np.pad(patch.valid.numpy(), margin, constant_values=False)
    return Patch(torch.from_numpy(image), torch.from_numpy(mask), torch.from_numpy(valid))


def _resample(patch: Patch, size: tuple[int, int] | None) -> Patch:
    if size is None or tuple(patch.mask.shape) == tuple(size):
        return patch

    def nearest(plane: Tensor) -> Tensor:
        return interpolate(plane[None, None].to(torch.uint8), size, mode="nearest-exact")[0, 0]

    def smooth(stack: Tensor) -> Tensor:
        return interpolate(stack[None], size, mode="bilinear", antialias=True, align_corners=False)[0]

    valid = nearest(patch.valid).bool()
    image = smooth(patch.image)
    if not bool(patch.valid.all()):  # invalid pixels hold 0 and must not darken their neighbours
        weight = smooth(patch.valid[None].float())
        image = torch.where(valid & (weight > 0), image / weight.clamp_min(torch.finfo(torch.float32).tiny), 0.0)
    return Patch(image, nearest(patch.mask), valid)
