"""What segments are made with: the settings of each provider, checked and as plain values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from landwright.errors import UsageError
from landwright.prepare.segments.maps import MOST, SMALLEST
from landwright.rasters.segments import COMPACTNESS, SIGMA

Provider = Literal["felzenszwalb", "slic", "sam"]


class Params(BaseModel):
    """Settings that all providers share.

    Attributes:
        bands: Bands that are looked at, one or three, by number from 1 or by description; by default the first three,
            or the first of fewer.
        value_scale: Multiplies values before they are rounded to 0..255; needed for other types than uint8.
        most: Largest number of objects in an image, the largest objects first; None for all.
        smallest: Pixels that an object has at least.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bands: tuple[int | str, ...] | None = None
    value_scale: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    most: int | None = Field(default=None, ge=1)
    smallest: int = Field(default=SMALLEST, ge=1)

    def record(self) -> dict[str, Any]:
        """Plain values for JSON, complete: two folders with equal ones hold equal segments of an image."""
        return self.model_dump(mode="json")

    def filled(self, **values: Any) -> Self:
        """Return the settings with some of them replaced."""
        return self.model_copy(update=values)


class FelzenszwalbParams(Params):
    """Segments by felzenszwalb.

    Attributes:
        scale: Scale of observation: larger joins more.
        sigma: Blur in pixels.
        min_size: Pixels of the smallest segment; by default a 1500th of the image, of a large one 175.
    """

    scale: float = Field(default=250.0, gt=0, allow_inf_nan=False)
    sigma: float = Field(default=SIGMA, ge=0, allow_inf_nan=False)
    min_size: int | None = Field(default=None, ge=1)


class SlicParams(Params):
    """Segments by slic.

    Attributes:
        pixels: Pixels of an average segment.
        compactness: Weight of nearness against colour.
    """

    pixels: int = Field(default=2048, ge=1)
    compactness: float = Field(default=COMPACTNESS, gt=0, allow_inf_nan=False)


class SamParams(Params):
    """Masks of Segment Anything, as SAM_RS makes them.

    Attributes:
        most: 50 objects, as published.
        weights: Folder or hub repository of a SAM or SAM 2 in transformers' format, or the file of MobileSAM; in a
            record the kind and the hash of what was read.
        points_per_side: Points of the grid that masks are asked for, along each side; 32 on a GPU and 8 without one.
        pred_iou: Quality, as the model itself estimates it, above which a mask counts, 0..1.
        stability: IoU of the masks at two thresholds above which a mask counts, 0..1.
        offset: How far these two thresholds are from 0.
        nms: Of masks whose boxes have a larger IoU, the best one counts, 0..1.
    """

    most: int | None = Field(default=MOST, ge=1)
    weights: str | None = None
    points_per_side: int | None = Field(default=None, ge=1, le=256)
    pred_iou: float = Field(default=0.96, ge=0, le=1)
    stability: float = Field(default=0.95, ge=0, le=1)
    offset: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    nms: float = Field(default=0.5, ge=0, le=1)


PARAMS: dict[str, type[Params]] = {"felzenszwalb": FelzenszwalbParams, "slic": SlicParams, "sam": SamParams}
"""Settings by provider."""


def read_params(provider: str, given: Mapping[str, Any] | None = None) -> Params:
    """Check the settings of a provider.

    Args:
        provider: ``felzenszwalb``, ``slic`` or ``sam``.
        given: Those that differ from the defaults; numbers may be text.

    Raises:
        UsageError: If there is no such provider or setting, or a value is out of its range.
    """
    if provider not in PARAMS:
        near = get_close_matches(provider, PARAMS, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(map(repr, PARAMS))}"
        raise UsageError(f"segments by {provider!r} are unknown", remedy=remedy)
    kind = PARAMS[provider]
    if unknown := [name for name in given or {} if name not in kind.model_fields]:
        raise UsageError(
            f"segments by {provider} have no setting {unknown[0]!r}", remedy=f"Known: {', '.join(kind.model_fields)}"
        )
    try:
        params = kind(**given or {})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"][:1]))
        raise UsageError(
            f"setting {name} of {provider}: {first['msg'].lower()}, not {first['input']!r}",
            remedy="Leave it out for its default",
        ) from error
    if params.bands is not None and len(params.bands) not in (1, 3):
        raise UsageError(f"segments are found in 1 or 3 bands, not {len(params.bands)}", remedy="Name 1 or 3 bands")
    return params


def fingerprint(provider: str, record: Mapping[str, Any]) -> str:
    """Return 16 hexadecimal digits that stand for a provider and its settings."""
    text = json.dumps([provider, record], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
