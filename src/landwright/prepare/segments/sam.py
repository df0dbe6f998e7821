"""Objects and boundaries by Segment Anything, as SAM_RS makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.networks.sam import MaskGenerator, MaskSettings, Runs
from landwright.prepare.segments.maps import object_and_boundary
from landwright.prepare.segments.params import SamParams
from landwright.prepare.segments.pieces import Segmenter
from landwright.prepare.segments.weights import DEFAULT, find_device, find_sam, load_sam

POINTS_ON_GPU: Final = 32
"""Points per side on a GPU, as published."""
POINTS_ON_CPU: Final = 8
"""Points per side without one: a sixteenth of the time."""


def prepare_sam(params: SamParams, device: str = "auto") -> tuple[SamParams, Callable[[], Segmenter]]:
    """Complete the settings of SAM.

    Args:
        params: Settings; ``weights`` says where the weights are, facebook/sam-vit-huge by default.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Returns:
        The settings with what the weights are instead of where, and with a number of points; and what loads the model.

    Raises:
        UsageError: If there is no such device, or a package is missing.
        DataError: If the weights are not there, or are of another kind.
    """
    place = find_device(device)
    weights = find_sam(params.weights or DEFAULT)
    points = params.points_per_side or (POINTS_ON_CPU if place.type == "cpu" else POINTS_ON_GPU)
    complete = params.filled(weights=weights.identity, points_per_side=points)
    settings = MaskSettings(
        points_per_side=points,
        pred_iou=params.pred_iou,
        stability=params.stability,
        offset=params.offset,
        nms=params.nms,
    )
    return complete, lambda: SamSegmenter(MaskGenerator(load_sam(weights).to(place), settings), complete)


class SamSegmenter:
    """Objects and boundaries from the masks of a SAM.

    Args:
        generate: Finds the masks.
        params: How they become objects.
    """

    def __init__(self, generate: MaskGenerator, params: SamParams) -> None:
        """Keep both."""
        self._generate = generate
        self._params = params

    def __call__(
        self, picture: NDArray[np.uint8], valid: NDArray[np.bool_]
    ) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
        """Return objects (H, W) and boundaries (H, W) of a picture (H, W, 1 or 3); a grey one is given three times."""
        colours = np.broadcast_to(picture, (*picture.shape[:2], 3))
        image = torch.from_numpy(np.ascontiguousarray(colours.transpose(2, 0, 1)))
        masks = _WhereValid(self._generate(image), valid)
        return object_and_boundary(masks, most=self._params.most, smallest=self._params.smallest)


class _WhereValid:
    """Masks without what has no data, one after the other."""

    def __init__(self, masks: Runs, valid: NDArray[np.bool_]) -> None:
        self._masks = masks
        self._valid = valid
        self.shape = masks.shape

    def __getitem__(self, place: int, /) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = self._masks[place].numpy() & self._valid
        return found
