"""Items of the regime ``tags``: a crop of an image in two colourings, another view of it, and what the image holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, NotRequired, Protocol, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from landwright.data.augment import draw_zoom
from landwright.data.contrast_views import contrast_view
from landwright.data.reading import Patch, SceneReader
from landwright.data.scene import Scene
from landwright.data.splits import Region
from landwright.errors import DataError
from landwright.legends import Legend
from landwright.rasters import Window
from landwright.recipe import AugmentSpec, DataSpec

_STREAM = 7
"""Sets the random numbers of this module apart from those of tiles."""

_ATTEMPTS = 8
_AREA = (0.4, 1.0)
_RATIO = (3 / 4, 4 / 3)
_SURROUNDINGS = 2
"""Sides of the tile around a crop that the second view of a large image is taken from."""

BLURRED = 1.0
LOCAL_BLURRED = 0.5
SECOND_BLURRED = 0.1
SECOND_SOLARISED = 0.2

PAPER_PADDING = 255
"""Number of the padding in published maps of objects and boundaries."""


class TagItem(TypedDict):
    """A crop of a tagged image.

    Attributes:
        image: float32 (C, S, S) in sensor units, its colours changed.
        tags: float32 (T,): 1 for what the image holds.
        valid: bool (S, S): pixels that show the image.
        source: Name of the scene.
        local: float32 (C, S, S): the same crop in other colours, for smaller crops.
        second: float32 (C, S, S): another view of the image.
        objects: int32 (S, S): numbers of the segments, 0 for none.
        boundary: uint8 (S, S): 1 where segments end; 255 in published padding.
    """

    image: Tensor
    tags: Tensor
    valid: Tensor
    source: str
    local: NotRequired[Tensor]
    second: NotRequired[Tensor]
    objects: NotRequired[Tensor]
    boundary: NotRequired[Tensor]


class Segments(Protocol):
    """Reads the segments of images."""

    def read(
        self, image: str, window: Window, size: tuple[int, int] | None = None
    ) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Return objects int32 and boundary bool (h, w) of a window, nearest in any other size."""


class _Crop(NamedTuple):
    """All planes of a crop; ``shown`` are pixels that are not nodata, mirrored filling among them."""

    image: Tensor
    shown: Tensor
    valid: Tensor
    objects: Tensor
    boundary: Tensor


class TaggedImages(Dataset[TagItem]):
    """Crops of tagged images, as far as ``length`` goes; every image once before any comes again.

    Item ``i`` depends on the seed and on ``i`` alone. An image is scaled, cropped, padded, mirrored and turned once,
    with its segments and all views of the crop; colours differ from view to view. A crop without a valid pixel is drawn
    again. Images keep their tags in every crop.

    Args:
        regions: Regions of one part, each a whole scene.
        spec: The recipe's ``data`` section; ``balance`` is the share of items drawn by tag.
        legend: Classes of the maps.
        tags: float32 (T,) by name of the scene.
        length: Number of items.
        seed: Seed of all randomness.
        full: Value that counts as white.
        augment: Scaling, mirroring and turning; None for none.
        colour: Strength of the changes of colour, see :func:`contrast_view`.
        views: Whether to make ``local`` and ``second``.
        segments: Segments of the images, or None.
        paper: As published: scales are drawn evenly, crops mirrored left to right alone, padding is black and segments
            in it are 255, and the views of a crop are mirrored once more, each for itself, without its segments.

    Raises:
        DataError: A region is a block of a scene.
    """

    def __init__(
        self,
        regions: Sequence[Region],
        spec: DataSpec,
        legend: Legend,
        tags: Mapping[str, Tensor],
        *,
        length: int,
        seed: int,
        full: float,
        augment: AugmentSpec | None = None,
        colour: float = 1.0,
        views: bool = True,
        segments: Segments | None = None,
        paper: bool = False,
    ) -> None:
        """List the images of every tag."""
        refuse_blocks(regions)
        self.reader = SceneReader(spec, legend)
        self._scenes = [region.scene for region in regions]
        self._tags = [tags[scene.name] for scene in self._scenes]
        held = torch.stack(self._tags) > 0
        self._holders = [places[:, 0].tolist() for column in held.T if len(places := column.nonzero())]
        self._tile, self._balance = spec.tile, spec.balance
        self._length, self._seed = length, seed
        self._full, self._colour = full, colour
        self._augment, self._views, self._segments, self._paper = augment, views, segments, paper

    def __len__(self) -> int:
        """Number of items."""
        return self._length

    def __getitem__(self, index: int) -> TagItem:
        """Return item ``index``.

        Raises:
            IndexError: The index is not in 0..length - 1.
            DataError: A file is damaged, or an image has no valid pixel.
        """
        if not 0 <= index < self._length:
            raise IndexError(index)
        rng = np.random.default_rng([self._seed, _STREAM, index])
        place = self._draw(index, rng)
        scene = self._scenes[place]
        crop, window = self._cropped(scene, rng)
        crop = self._turned(crop, rng)
        item = TagItem(
            image=self._coloured(crop, rng, BLURRED),
            tags=self._tags[place],
            valid=crop.valid,
            source=scene.name,
        )
        if self._views:
            item["local"] = self._coloured(crop, rng, LOCAL_BLURRED)
            item["second"] = self._second(scene, window, rng)
        if self._segments is not None:
            item["objects"] = crop.objects
            item["boundary"] = crop.boundary
        return item

    def _draw(self, index: int, rng: np.random.Generator) -> int:
        if self._holders and rng.random() < self._balance:
            holders = self._holders[int(rng.integers(len(self._holders)))]
            return int(holders[int(rng.integers(len(holders)))])
        turn, place = divmod(index, len(self._scenes))
        order = np.random.default_rng([self._seed, _STREAM, turn, len(self._scenes)]).permutation(len(self._scenes))
        return int(order[place])

    def _cropped(self, scene: Scene, rng: np.random.Generator) -> tuple[_Crop, Window]:
        for _ in range(_ATTEMPTS):
            crop, window = self._crop(scene, rng, None)
            if crop.valid.any():
                return crop, window
        height, width = self.reader.info(scene).shape
        valid = self.reader.read(scene, Window(0, 0, height, width)).valid.nonzero()
        if not len(valid):
            raise DataError(
                "has no valid pixel: all is nodata, NaN or masked",
                path=scene.image,
                remedy="Leave the image out, or correct its nodata value",
            )
        row, col = valid[int(rng.integers(len(valid)))].tolist()
        return self._crop(scene, rng, (row, col))

    def _crop(self, scene: Scene, rng: np.random.Generator, about: tuple[int, int] | None) -> tuple[_Crop, Window]:
        """Scale and crop; ``about`` is a pixel of the image that the crop must hold."""
        tile = self._tile
        zoom = self._zoom(rng)
        parts = []
        for axis, side in enumerate(self.reader.info(scene).shape):
            scaled = max(1, round(side * zoom))
            kept = min(tile, scaled)
            start = int(rng.integers(scaled - kept + 1))
            if about is not None:
                start = min(max(int(about[axis] * scaled / side) - kept // 2, 0), scaled - kept)
            taken = min(side, max(1, round(kept * side / scaled)))
            first = min(int(start * side / scaled), side - taken)
            parts.append((first, taken, kept, int(rng.integers(tile - kept + 1))))
        (row, height, high, top), (col, width, wide, left) = parts
        window, size = Window(row, col, height, width), (high, wide)
        patch = self.reader.read(scene, window, size)
        objects = torch.zeros(size, dtype=torch.int32)
        boundary = torch.zeros(size, dtype=torch.uint8)
        if self._segments is not None:
            found = self._segments.read(str(scene.image), window, size)
            objects, boundary = (torch.from_numpy(plane.copy()) for plane in found)
        margins = ((top, tile - high - top), (left, tile - wide - left))
        return self._padded(patch, objects, boundary.to(torch.uint8), margins), window

    def _zoom(self, rng: np.random.Generator) -> float:
        if self._augment is None or self._augment.zoom is None:
            return 1.0
        return float(rng.uniform(*self._augment.zoom)) if self._paper else draw_zoom(self._augment, rng)

    def _padded(
        self, patch: Patch, objects: Tensor, boundary: Tensor, margins: tuple[tuple[int, int], tuple[int, int]]
    ) -> _Crop:
        def filled(plane: Tensor, value: int) -> Tensor:
            return torch.from_numpy(np.pad(plane.numpy(), margins, constant_values=value))

        everywhere = ((0, 0), *margins)
        image, shown, valid = patch.image.numpy(), patch.valid.numpy(), filled(patch.valid, False)
        if self._paper:
            return _Crop(
                torch.from_numpy(np.pad(image, everywhere)),
                torch.ones_like(valid),  # black padding goes through the changes of colour
                valid,
                filled(objects, PAPER_PADDING),
                filled(boundary, PAPER_PADDING),
            )
        # Mirrored ground is no object and teaches nothing, but unlike black it is no thing of its own either.
        return _Crop(
            torch.from_numpy(np.pad(image, everywhere, mode="symmetric")),
            torch.from_numpy(np.pad(shown, margins, mode="symmetric")),
            valid,
            filled(objects, 0),
            filled(boundary, 0),
        )

    def _turned(self, crop: _Crop, rng: np.random.Generator) -> _Crop:
        turn = self._turn(rng)
        return _Crop(*(turn(plane).contiguous() for plane in crop))

    def _turn(self, rng: np.random.Generator) -> Callable[[Tensor], Tensor]:
        """Draw mirroring and quarter turns."""
        spec = self._augment
        axes = [axis for axis in ((-1,) if self._paper else (-2, -1)) if spec and spec.flip and rng.random() < 0.5]
        turns = int(rng.integers(4)) if spec and spec.rotate else 0
        return lambda plane: torch.rot90(plane.flip(axes), turns, (-2, -1))

    def _coloured(self, crop: _Crop, rng: np.random.Generator, blurred: float) -> Tensor:
        view = contrast_view(crop.image, rng, full=self._full, blurred=blurred, strength=self._colour)
        view = view.where(crop.shown, 0)
        if self._paper and self._augment is not None and self._augment.flip and rng.random() < 0.5:
            view = view.flip(-1)
        return view.contiguous()

    def _second(self, scene: Scene, window: Window, rng: np.random.Generator) -> Tensor:
        """Take 0.4 to 1 of the image, or of the surroundings of the crop in a large one, at the size of the tile."""
        height, width = self.reader.info(scene).shape
        high, wide = (min(side, _SURROUNDINGS * self._tile) for side in (height, width))
        row = min(max(window.row + window.height // 2 - high // 2, 0), height - high)
        col = min(max(window.col + window.width // 2 - wide // 2, 0), width - wide)
        patch = self._part(scene, Window(row, col, high, wide), window, rng)
        turn = self._turn(rng)
        image, valid = turn(patch.image).contiguous(), turn(patch.valid)
        shares = {"blurred": SECOND_BLURRED, "solarised": SECOND_SOLARISED}
        view = contrast_view(image, rng, full=self._full, strength=self._colour, **shares)
        return view.where(valid, 0).contiguous()

    def _part(self, scene: Scene, around: Window, window: Window, rng: np.random.Generator) -> Patch:
        """Read a part at the size of the tile, or the crop's own window where parts show no valid pixel."""
        size = (self._tile, self._tile)
        high, wide = around.height, around.width
        for _ in range(_ATTEMPTS):
            area = rng.uniform(*_AREA) * high * wide
            ratio = math.exp(rng.uniform(*np.log(_RATIO)))
            part = (
                min(high, max(1, round(math.sqrt(area / ratio)))),
                min(wide, max(1, round(math.sqrt(area * ratio)))),
            )
            row = around.row + int(rng.integers(high - part[0] + 1))
            col = around.col + int(rng.integers(wide - part[1] + 1))
            patch = self.reader.read(scene, Window(row, col, *part), size)
            if patch.valid.any():
                return patch
        return self.reader.read(scene, window, size)


def refuse_blocks(regions: Sequence[Region]) -> None:
    """Refuse parts of images, of which tags say nothing.

    Raises:
        DataError: A region is a block of a scene.
    """
    if block := next((region for region in regions if region.window is not None), None):
        raise DataError(
            "is divided into blocks, but tags are of whole images",
            path=block.scene.image,
            remedy="Use data.split.by scene or column, or cut the images and tag the pieces",
        )
