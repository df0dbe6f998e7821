"""The card of a model bundle: all that prediction needs to know besides the weights."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from landwright.legends import Legend
from landwright.legends.vocabulary import Vocabulary

FORMAT = 1
"""Version of the bundle layout; a reader refuses bundles of a newer one."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


Output = Literal["classes", "height"]
_OUTPUTS: tuple[tuple[Output, ...], ...] = (("classes",), ("height",), ("classes", "height"))


class CardSection(BaseModel):
    """Base of the card's sections: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Normalization(CardSection):
    """Input scaling ``(value / divide - mean) / std``: a constant of the model, never of a tile.

    Attributes:
        divide: Sensor value that becomes 1 (255 for uint8).
        mean: One mean per band, after division.
        std: One standard deviation per band, after division.
    """

    divide: Annotated[float, Field(gt=0)] = 255.0
    mean: tuple[float, ...]
    std: tuple[Annotated[float, Field(gt=0)], ...]

    @model_validator(mode="after")
    def _same_length(self) -> Normalization:
        if len(self.mean) != len(self.std):
            raise ValueError(f"{len(self.mean)} means but {len(self.std)} standard deviations")
        return self

    def coefficients(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return ``scale`` and ``shift``, float32 (C, 1, 1), so that ``image * scale + shift`` is normalised."""
        mean, std = (np.asarray(values, dtype=np.float64)[:, None, None] for values in (self.mean, self.std))
        return (1.0 / (self.divide * std)).astype(np.float32), (-mean / std).astype(np.float32)


class NetworkCard(CardSection):
    """How to build the network again: registry name, options, number of class logits."""

    name: str
    options: dict[str, Any] = {}
    classes: Annotated[int, Field(gt=0)]


class TilingCard(CardSection):
    """The tiling contract that the scores were measured with.

    Attributes:
        tile: Side of a window in pixels.
        overlap: Overlap of neighbouring windows as a share of the tile.
        blend: Window weights; ``paraformer`` and ``rs3dada`` also place the windows as published with those networks,
            ``uniform`` as published with models of words: at fixed steps, the last one shifted inwards, weighted alike.
        padding: How images smaller than a tile, and image edges, are filled; ``rs3dada`` fills with black.
    """

    tile: Annotated[int, Field(gt=0)] = 512
    overlap: Annotated[float, Field(ge=0, lt=1)] = 0.25
    blend: Literal["cosine", "gaussian", "crop", "paraformer", "rs3dada", "uniform"] = "cosine"
    padding: Literal["reflect"] = "reflect"


class ScoreCard(CardSection):
    """One score with its protocol: what was measured, on what, how pixels were pooled.

    Attributes:
        protocol: Name in ``landwright.evaluation``.
        data: What it was measured on (part and number of images or tiles).
        values: Named figures, in 0..1, or in metres for errors of heights.
        classes: Classes that enter the mean.
    """

    protocol: str
    data: str
    values: dict[str, float]
    classes: tuple[str, ...] = ()


class WordsCard(CardSection):
    """What a model of words looks for, and how.

    Attributes:
        model: Name of the model that the weights are of, see ``landwright.words.list_models``.
        vocabulary: Classes and the words of each; its codes and colours are those of the card's legend.
        templates: Sentences around the words: a shipped set, or the name of the file that they are from.
        prompts: The sentences themselves where they are from a file; empty for a shipped set.
        preset: Settings that the network's options and the windows were taken from.
        settings: Names of the settings that were given by themselves; these hold against every preset.
        resize: Long side in pixels to which images are brought first; None leaves them as they are.
        note: What was changed when the published weights were read, for the user, or None.
    """

    model: str
    vocabulary: Vocabulary
    templates: str = "imagenet80"
    prompts: tuple[Annotated[str, Field(pattern=r"\{\}")], ...] = ()
    preset: str = "landwright"
    settings: tuple[str, ...] = ()
    resize: Annotated[int, Field(gt=0)] | None = None
    note: str | None = None


class Card(CardSection):
    """All that prediction needs besides the weights.

    Attributes:
        format: Version of the bundle layout.
        name: Short name of the model.
        regime: Kind of labels that it was trained with, or ``imported``.
        network: How to build the network.
        bands: Names of the input bands in order.
        normalization: Input scaling.
        gsd: Smallest and largest ground sampling distance in metres that it was trained for, if known.
        legend: Classes with codes and colours; of a model of heights alone, those that it was trained beside.
        outputs: What the network tells of a pixel: ``classes`` (logits) and ``height`` (metres above ground).
        dates: Number of dates in ``bands``; with 2, the bands of the earlier image come before those of the later.
        tiling: Windows.
        nodata: Rule for invalid pixels; ``mask``: the raster's mask, nodata in every band, or NaN in any band.
        words: What a model of words looks for; None for all others.
        recipe_hash: SHA-256 of the resolved recipe.
        scores: Scores with their protocol.
        weights: File with the weights, inside the bundle's folder.
        weights_sha256: SHA-256 of the weights file; written by ``save_bundle``.
        licence: Licence of the weights, if known.
        created: UTC time in ISO 8601.
        software: Versions of landwright and torch.
    """

    format: int = FORMAT
    name: str
    regime: str
    network: NetworkCard
    bands: tuple[str, ...]
    normalization: Normalization
    gsd: tuple[float, float] | None = None
    legend: Legend
    outputs: tuple[Output, ...] = ("classes",)
    dates: Literal[1, 2] = 1
    tiling: TilingCard = TilingCard()
    nodata: Literal["mask"] = "mask"
    words: WordsCard | None = None
    recipe_hash: str | None = None
    scores: tuple[ScoreCard, ...] = ()
    weights: str = "model.safetensors"
    weights_sha256: str | None = None
    licence: str | None = None
    created: str | None = None
    software: dict[str, str] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Card:
        if len(self.bands) != len(self.normalization.mean):
            raise ValueError(f"{len(self.bands)} bands but {len(self.normalization.mean)} means")
        if len(self.bands) % self.dates:
            raise ValueError(f"{len(self.bands)} bands are not those of {self.dates} dates")
        if self.outputs not in _OUTPUTS:
            raise ValueError(f"outputs {list(self.outputs)} are not classes, height, or both in this order")
        if self.words is not None and self.words.vocabulary.names != self.legend.names:
            raise ValueError("the classes of the words are not those of the legend")
        heads = {len(self.legend)} | ({1} if len(self.legend) == 2 else set())
        if self.network.classes not in heads:
            raise ValueError(f"the network has {self.network.classes} logits, the legend {len(self.legend)} classes")
        return self

    @field_validator("weights")
    @classmethod
    def _inside(cls, value: str) -> str:
        path = PurePosixPath(value.replace("\\", "/"))
        if not path.parts or path.is_absolute() or ".." in path.parts or PureWindowsPath(value).drive:
            raise ValueError(f"{value!r} lies outside the bundle's folder")
        if path.suffix != ".safetensors":
            raise ValueError(f"{value!r} is not a safetensors file")
        return value
