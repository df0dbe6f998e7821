"""What a user may choose when a map is made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from landwright.bundles import TilingCard
from landwright.engine.augment import AUGMENTATIONS, Augmentation
from landwright.engine.measures import MEASURES, Measure
from landwright.engine.score import PRECISIONS, Precision
from landwright.engine.stream import Tiling
from landwright.errors import UsageError
from landwright.legends import Crosswalk
from landwright.rasters import Order
from landwright.rasters.blend import BLENDS, Blend
from landwright.rasters.segments import PROVIDERS

SMALLEST_TILE = 16

LABEL_CONFIDENCE = 0.5
"""Least probability of a pixel of ``as_labels`` where no other is asked for."""

_ROUNDING = 1e-6

_BATCHES = {("cpu", False): 1, ("cpu", True): 8, ("gpu", False): 8, ("gpu", True): 32}
"""Windows that go through the network together on a device, by whether it is a model of words.

Their transformers want whole batches also on a CPU, where convolutions do not.
"""


@dataclass(frozen=True)
class PredictOptions:
    """How a map is made; None takes what the model's card says.

    Attributes:
        tile: Side of a window in pixels, >= 16.
        overlap: Smallest overlap of neighbouring windows as a share of the tile, in [0, 1).
        blend: Weights of overlapping windows: ``cosine``, ``gaussian``, ``crop``, or what was published with a network:
            ``paraformer``, whose steps are fixed and whose windows count five times as much in their central half,
            ``rs3dada``, whose steps are fixed, whose windows hang over the end on black, and which averages logits and
            keeps heights below 0, or ``uniform``, whose steps are fixed and whose windows count alike (SegEarth-OV,
            RS-OVSS).
        batch: Windows that go through the network together (default: 1 on a CPU, 8 on a GPU; of a model of words 8
            and 32); ``auto``: as many as fill a GPU's free memory.
        max_memory: Memory in bytes that sums and batches may take on the device besides the model's weights.
        tta: Test-time augmentation: ``none``, ``flip`` (4 passes), ``d4`` (8 passes), ``scale`` (3 sizes) or
            ``flip-scale`` (12 passes).
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ...
        precision: ``32``, ``bf16``, ``16``, or ``auto``: bf16 on a GPU that has it.
        compile: Compile the network first (``torch.compile``): takes a minute or more, then windows of most networks
            are quicker, and scores move in their last bits. Needs a C++ compiler, on a GPU Triton.
        bands: Bands of the image in the model's order, 1-based numbers or descriptions (default: all of them).
        scale: Factor that values are multiplied by first, such as 255 / 65535 for a model of 8-bit images.
        at_gsd: Ground size in metres that pixels are given before the network sees them, such as that of the images it
            was trained on; windows cover as many pixels of it as before, unless ``tile`` says otherwise. Where these
            are larger than the image's, scores are averaged at that size and then enlarged.
        resize: Of a model of words: length in pixels that the longer side of the image is brought to first, as
            published; 0 leaves the image as it is.
        snap: Of a model of words: average the scores of every window over segments of the image, ``felzenszwalb`` or
            ``slic``.
        crf: Refine the class probabilities of every window by a dense conditional random field on its colours. Of any
            model with two classes or more but those of words.
        before: The same place at an earlier date, on the same grid: for a model of two dates, or for the difference
            of heights, before less after, with a model of heights.
        aoi: Polygons of the area to map; ground outside becomes nodata.
        crs: Reference system of the map, such as ``EPSG:32632``: images are warped onto one grid while they are read.
        gsd: Metres on the ground that the map's pixels are; ``auto``: that end of the model's range that is nearest to
            the (finest) image's, where this lies outside.
        like: Raster whose grid the map takes.
        overlapping: Which of several images is seen where they overlap: ``first``, in their order, or ``best``, the
            one farthest from its own edge.
        merge: Crosswalk from the model's classes to fewer: probabilities of classes with one target are summed before
            the most probable one is chosen, and the map has the target's legend. Classes without a target take no part.
        min_confidence: Pixels whose class is less probable than this, in [0, 1], become nodata.
        as_labels: Make labels to train with: the legend is written beside the map as ``NAME.legend.yaml``, and
            ``min_confidence`` is 0.5 unless it is said.
        confidence: Where to write how sure the map is, in percent; True puts it beside the map as
            ``NAME_confidence.tif``, False leaves it out.
        measure: What the confidence is: ``max``, the largest class probability, ``margin``, the largest less the
            second largest, or ``entropy``, 1 less the entropy's share of the largest possible one.
        probabilities: Also write the probabilities of all classes beside the map, as ``NAME_probabilities.tif``.
        disagreement: Also write how much overlapping windows disagree, as ``NAME_disagreement.tif``, in percent.
        overwrite: Replace files that are there.

    Raises:
        UsageError: A value is out of its range.
    """

    tile: int | None = None
    overlap: float | None = None
    blend: Blend | None = None
    batch: int | Literal["auto"] | None = None
    max_memory: int | None = None
    tta: Augmentation = "none"
    device: str = "auto"
    precision: Precision = "auto"
    compile: bool = False
    bands: Sequence[int | str] | None = None
    scale: float | None = None
    at_gsd: float | None = None
    resize: int | None = None
    snap: str | None = None
    crf: bool = False
    before: Path | None = None
    aoi: Path | None = None
    crs: str | None = None
    gsd: float | Literal["auto"] | None = None
    like: Path | None = None
    overlapping: Order = "first"
    merge: Crosswalk | None = None
    min_confidence: float | None = None
    as_labels: bool = False
    confidence: Path | bool = True
    measure: Measure = "max"
    probabilities: bool = False
    disagreement: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Check the ranges, before a model is loaded or a file is opened."""
        if self.tile is not None and self.tile < SMALLEST_TILE:
            raise UsageError(f"tile {self.tile} is too small", remedy=f"Use at least {SMALLEST_TILE} pixels")
        if self.overlap is not None and not 0 <= self.overlap < 1:
            raise UsageError(f"overlap {self.overlap} is not a share of the tile", remedy="Use 0.25 for a quarter")
        if isinstance(self.batch, int) and self.batch < 1:
            raise UsageError(f"batch {self.batch} is not a number of windows", remedy="Use 1 or more")
        if self.max_memory is not None and self.max_memory < 1:
            raise UsageError(f"max-memory {self.max_memory} is no memory", remedy="Use bytes, such as 4_000_000_000")
        if self.scale is not None and not 0 < self.scale < math.inf:
            raise UsageError(f"scale {self.scale} is not a factor", remedy="Use a number above 0, such as 0.00389")
        if self.at_gsd is not None and not 0 < self.at_gsd < math.inf:
            raise UsageError(f"at-gsd {self.at_gsd} is not the size of a pixel", remedy="Use metres, such as 0.3")
        if isinstance(self.gsd, int | float) and not 0 < self.gsd < math.inf:
            raise UsageError(f"gsd {self.gsd} is not the size of a pixel", remedy="Use a number above 0, such as 0.5")
        if self.like is not None and (self.crs is not None or self.gsd is not None):
            raise UsageError("--like says all of a grid, so --crs and --gsd have no meaning", remedy="Leave them out")
        if self.gsd == "auto" and self.at_gsd is not None:
            raise UsageError("gsd and at-gsd both say how large pixels are", remedy="Leave one of them out")
        if self.resize is not None and self.resize != 0 and self.resize < SMALLEST_TILE:
            raise UsageError(
                f"resize {self.resize} is too small", remedy=f"Use at least {SMALLEST_TILE} pixels, or 0 for none"
            )
        if self.resize and self.at_gsd is not None:
            raise UsageError("resize and at-gsd both say how large pixels are", remedy="Leave one of them out")
        if self.min_confidence is not None and not 0 <= self.min_confidence <= 1:
            raise UsageError(
                f"min-confidence {self.min_confidence} is not a probability", remedy="Use 0.5 for a half, up to 1"
            )
        _choose("blend", self.blend, (*BLENDS, None))
        _choose("overlapping", self.overlapping, get_args(Order))
        _choose("tta", self.tta, AUGMENTATIONS)
        _choose("precision", self.precision, PRECISIONS)
        _choose("measure", self.measure, MEASURES)
        _choose("snap", self.snap, (*PROVIDERS, None))

    @property
    def least(self) -> float:
        """Probability below which a pixel is nodata."""
        if self.min_confidence is not None:
            return self.min_confidence
        return LABEL_CONFIDENCE if self.as_labels else 0.0

    def settings(self) -> dict[str, Any]:
        """Return what was chosen, of that which changes pixels and is not settled elsewhere, as plain values."""
        found: dict[str, Any] = {"tta": self.tta, "bands": None if self.bands is None else list(self.bands)}
        for name in ("scale", "at_gsd", "snap", "crs", "gsd", "overlapping"):
            found[name] = getattr(self, name)
        found |= {"crf": self.crf, "least": self.least, "confidence": self.measure if self.confidence else False}
        found |= {"probabilities": self.probabilities, "disagreement": self.disagreement, "compile": self.compile}
        if self.merge is not None:
            found["merge"] = self.merge.model_dump(mode="json")
        return found

    def tiling(self, card: TilingCard, device: str, *, zoom: float = 1.0, words: bool = False) -> Tiling:
        """Settle what is left to the card or the device type (``cpu``, ``cuda``).

        Args:
            card: The model's.
            device: Its type.
            zoom: The card's tile is in pixels as the network sees them, so many times those of the image; a window is
                never shown larger than that.
            words: Whether it is a model of words.

        Returns:
            Windows in pixels of the image; `checks.check_zoom` refuses those that are too small.
        """
        own = max(SMALLEST_TILE, card.tile)
        return Tiling(
            tile=self.tile or (round(own / zoom) if zoom < 1 else int(own / zoom + _ROUNDING)),
            overlap=card.overlap if self.overlap is None else self.overlap,
            blend=card.blend if self.blend is None else self.blend,
            batch=self.batch if isinstance(self.batch, int) else _BATCHES["cpu" if device == "cpu" else "gpu", words],
        )


def _choose(name: str, value: object, known: Sequence[object]) -> None:
    if value not in known:
        choices = ", ".join(str(item) for item in known if item is not None)
        raise UsageError(f"{name} {value!r} is unknown", remedy=f"Use one of {choices}")
