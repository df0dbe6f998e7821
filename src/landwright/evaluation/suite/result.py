"""What is kept of one model on one data set: the counts, and everything that they depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, model_validator

from landwright.evaluation.confusion import ClassScores, Mask, scores
from landwright.legends.vocabulary import Vocabulary
from landwright.networks.clip.attention import NEIGHBOURHOOD
from landwright.networks.clip.rule import SCALE


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Making(_Kept):
    """How a model was run: the same for all data sets of a suite.

    Attributes:
        model: Registry name or folder of the bundle.
        published: Its name in the registry, where the weights are those that were published.
        weights: SHA-256 of the weights.
        architecture: Image tower.
        activation: Activation of the towers.
        preset: Preset.
        attention: Attention of the last layer.
        fixed: Whether the model brings its own last layer, so that the attention was no choice.
        residual: Whether the last layer keeps residual and MLP.
        sigma: Width of the neighbourhood in patches, for the attentions that have one.
        zoom: Factor by which windows are enlarged.
        bias: Weight of the global feature.
        upsampler: Upsampling of the features.
        upsampler_weights: SHA-256 over the upsampler's tensors, if there is one.
        guide: Encoder that guides attention ``proxy``.
        templates: Prompts.
        thresholded: Whether the thresholds of the data sets' vocabularies were used.
        resize: Long side to which images were reduced, pixels; None for none.
        crop: Side of the windows, pixels.
        stride: Step of the windows, pixels.
        window: Whether windows were resized to the model's own size.
        scale: Factor before the softmax over the words.
    """

    model: str
    published: str | None = None
    weights: str
    architecture: str
    activation: str
    preset: str
    attention: str
    fixed: bool = False
    residual: bool
    sigma: float
    zoom: float = 1.0
    bias: float
    upsampler: str
    upsampler_weights: str | None = None
    guide: str | None = None
    templates: str
    thresholded: bool
    resize: int | None
    crop: int
    stride: int
    window: str
    scale: float

    @property
    def unusual(self) -> dict[str, float]:
        """Settings that no preset says and no published figure was made with."""
        settings = {"zoom": (self.zoom, 1.0), "scale": (self.scale, SCALE)}
        if self.attention in NEIGHBOURHOOD:
            settings["sigma"] = (self.sigma, 1.0)
        return {name: value for name, (value, usual) in settings.items() if value != usual}

    def sentence(self) -> str:
        """Return what a reader must know beside a figure, as one line."""
        ways = " (its own)" * self.fixed + " with residual" * self.residual
        parts = [
            f"preset {self.preset}",
            f"attention {self.attention}{ways}",
            f"activation {self.activation}",
            "thresholds of the vocabularies" if self.thresholded else "no thresholds",
            f"bias {self.bias:g}" if self.bias else "no bias",
            "no upsampler" if self.upsampler == "none" else f"upsampler {self.upsampler}",
            *(f"{name} {value:g}" for name, value in self.unusual.items()),
        ]
        return ", ".join(parts)


class Settings(_Kept):
    """Everything that the figures of one model on one data set depend on.

    Attributes:
        suite: Suite.
        dataset: Data set.
        making: How the model was run.
        classes: Class names, in the order of the indices.
        words: Words per class.
        background: Index of the background class, if the vocabulary has one.
        thresholds: Probability below which a pixel becomes background, per class; empty for none.
        images: Number of images.
        data: SHA-256 over the names and sizes of the files.
    """

    suite: str
    dataset: str
    making: Making
    classes: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    background: int | None
    thresholds: tuple[float, ...]
    images: int
    data: str

    def differences(self, other: Settings) -> list[str]:
        """Return what differs, as ``name: theirs, now ours`` with `other` being the older ones."""
        mine, theirs = (_flat(settings) for settings in (self, other))
        return [f"{name}: {theirs[name]}, now {mine[name]}" for name in mine if mine[name] != theirs[name]]


def _flat(settings: Settings) -> dict[str, str]:
    values = settings.model_dump(mode="json")
    values |= values.pop("making")
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


class SuiteScores(_Kept):
    """Scores of one model on one data set; all in 0..1, and ``None`` where undefined.

    Attributes:
        miou: Mean IoU over the classes that occur in reference or map, the background class among them.
        foreground: The same without the background class.
        aacc: Share of the pixels that are right.
        macc: Mean over the classes in the reference of the share that is right.
        classes: Scores per class.
    """

    miou: float | None
    foreground: float | None
    aacc: float | None
    macc: float | None
    classes: tuple[ClassScores, ...]


def pair_scores(matrix: Mask, names: Sequence[str], background: int | None) -> SuiteScores:
    """Compute the scores of pooled counts.

    Args:
        matrix: Counts (K, K) over the whole data set, rows reference, columns prediction; pixels without a reference
            (255) are not among them.
        names: K class names.
        background: Index of the background class; None for none.
    """
    pooled = scores(matrix, names)
    left_out = () if background is None else (names[background],)
    recalls = [row.recall for row in pooled.classes if row.recall is not None]
    return SuiteScores(
        miou=pooled.miou,
        foreground=scores(matrix, names, leave_out=left_out).miou,
        aacc=pooled.oa,
        macc=sum(recalls) / len(recalls) if recalls else None,
        classes=pooled.classes,
    )


class PairResult(_Kept):
    """One model on one data set, finished or on the way.

    Attributes:
        format: Version of this layout.
        settings: What the figures depend on.
        done: Images counted, the first ones of the sorted list.
        matrix: Counts (K, K), rows reference, columns prediction.
        seconds: Time spent, without loading the model.
        version: Version of landwright.
        notes: Remarks of the integrity check.
        scores: Scores; None on the way.
    """

    format: Literal[1] = 1
    settings: Settings
    done: int
    matrix: tuple[tuple[int, ...], ...]
    seconds: float
    version: str
    notes: tuple[str, ...] = ()
    scores: SuiteScores | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> PairResult:
        classes = len(self.settings.classes)
        if not 0 <= self.done <= self.settings.images:
            raise ValueError(f"{self.done} of {self.settings.images} images are done")
        if len(self.matrix) != classes or any(len(row) != classes or min(row) < 0 for row in self.matrix):
            raise ValueError(f"the matrix is not one of counts of {classes} classes")
        return self

    def finished(self) -> PairResult:
        """Return the result with its scores."""
        found = pair_scores(torch.tensor(self.matrix), self.settings.classes, self.settings.background)
        return self.model_copy(update={"scores": found})


def fingerprint(lines: Sequence[str]) -> str:
    """Return the SHA-256 of lines of text."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def described(vocabulary: Vocabulary) -> tuple[tuple[str, ...], ...]:
    """Return the words of each class."""
    return tuple(entry.synonyms for entry in vocabulary.classes)
