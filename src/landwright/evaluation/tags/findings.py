"""What a comparison of the three stages from tags to a map found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from landwright.evaluation.result import ProtocolResult

if TYPE_CHECKING:
    from landwright.evaluation.findings import Preview


class TagPrecision(BaseModel):
    """How well a tag itself is told, without any pixels.

    Attributes:
        name: Class.
        images: Images (or windows of images) that have the tag.
        ap: Average precision of the class logits, 0..1, or None where no image has the tag.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    images: int
    ap: float | None


class TagFindings(BaseModel):
    """Scores of the two stages before the map, and of the tags.

    The scores of the map itself are those of the evaluation that this belongs to.

    Attributes:
        cam: Scores of labels from class activation maps, one per protocol.
        pseudo: Scores of pseudo labels, one per protocol.
        precision: One entry per class that can be a tag, in the legend's order.
        tag_ap: Mean of the average precisions that are defined.
        images: Images (or windows of images) whose tags were told.
        tags: Where the tags come from.
        background_score: Activation up to which a pixel is background; None without a background.
        rules: How the stages are made, in words.
        notes: Facts that a reader of the figures must know.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    cam: tuple[ProtocolResult, ...]
    pseudo: tuple[ProtocolResult, ...]
    precision: tuple[TagPrecision, ...]
    tag_ap: float | None
    images: int
    tags: str
    background_score: float | None
    rules: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Activation:
    """What the class activation maps of one scene look like, in a few hundred pixels a side.

    Attributes:
        strength: uint8 (h, w), activation of the strongest tag in 1/255.
        strongest: uint8 (h, w), its class, 255 = none.
    """

    strength: NDArray[np.uint8]
    strongest: NDArray[np.uint8]


@dataclass(frozen=True)
class TagPreview:
    """What one scene looks like on its way from tags to a map.

    Attributes:
        pseudo: The scene with its pseudo label as ``prediction``.
        activation: Its class activation maps.
        objects: int32 (h, w), number of the object, 0 = none; None without segments.
    """

    pseudo: Preview
    activation: Activation
    objects: NDArray[np.int32] | None = None
