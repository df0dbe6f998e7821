"""Section of a recipe on how a network learns maps from image-level tags."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from landwright.recipe.section import Positive, Section, Share

Weight = Annotated[float, Field(ge=0)]
Threshold = Annotated[float, Field(gt=0, lt=1)]
Features = Literal["dino_tokens", "dino_head", "encoder"]


def _off(given: Any) -> Any:
    """Take what YAML makes of a bare ``off``."""
    return "off" if given is False else given


def _none(given: Any) -> Any:
    return "none" if given is False else given


_OFF = BeforeValidator(_off)


class TagsSpec(Section):
    """What the regime ``tags`` does: ToCo, CTFA or ATSG, and a switch for every part of them.

    A switch that is left out is what the method says, and with ``loss.paper`` what its published code computes.

    Attributes:
        method: ``toco``; ``ctfa``, which adds a second decoder; or ``atsg``, which adds links between tokens, and
            segments as guides where there are any.
        da: Block that the auxiliary classifier reads: the third from the end (``off``), a number from 0, or the one of
            three whose mean differs least over the batch (``official``).
        patchlink: Links between tokens of like features: beside what tags say (``union``), in place of it
            (``dino_only``), or ``off``. By default ``atsg`` has them where there are features to compare.
        link_features: What links compare: ``dino_tokens``, ``dino_head`` (of ``link_head``) or the network's own tokens
            (``encoder``). By default the head's code where there is one, DINO's tokens where its weights are given, and
            else nothing, since a network that follows its own tokens makes all of them alike.
        link_threshold: Smallest |cosine| of linked tokens: the mean over the image or the batch, or a number.
        dino: Architecture of the frozen DINO.
        dino_weights: Its weights: ``hub``, or a safetensors file in timm's names.
        link_head: File of ``landwright prepare link-head``.
        object_loss: Predictions are even within an object: ``per_object_mean``, ``official`` or ``off``.
        boundary_loss: Predictions change only where segments end (``precision``), also everywhere there (``soft``),
            ``official`` or ``off``.
        segments: ``none``, a folder of ``landwright prepare segments``, or what makes them before training: ``sam``,
            ``felzenszwalb`` or ``slic``.
        sam: Checkpoint, folder or hub name of the model for ``segments: sam``.
        affinity: Weight of the contrast of tokens; 0 leaves a term out, here and below.
        contrast: Weight of the contrast of class tokens; by default 0.5, and 0 where every class has a tag: no crop is
            empty there, so that nothing stands against anything.
        seg: Weight of the cross-entropy with pseudo-labels.
        dense_energy: Weight of the dense-energy loss.
        joint: Weight of the loss of both decoders; by default 0.3, and 0 in ``toco``.
        objects: Weight of the object loss; by default 0.3, and 0.03 where it is ``official``.
        boundary: Weight of the boundary loss; by default 0.1, and 1.2 where it is ``official``.
        seg_after: Steps before pseudo-labels are learnt from, by default a tenth of all; as published one more.
        background_score: Background against which activation maps are scored.
        high: Activation above which a class is taken for certain.
        low: Activation below which there is none.
        background: Name of the class without a tag, which must be the first; ``none``; or ``auto``: a first class that
            is called background.
        cam_scales: Scales at which activation maps are taken.
        crops: Local crops per image for the contrast of class tokens.
        crop_size: Their side in pixels; by default 0.3 of the tile.
        colour: Strength of the changes of colour and sharpness of all views: 1 as published, 0 for none. Small networks
            that learn from random weights, and small images, want less.
        field: Column, attribute or property with the tags, by default ``tags``.
        min_pixels: Pixels that a class covers to be a tag, where ``data.tags`` is ``from-masks``.
    """

    method: Literal["toco", "ctfa", "atsg"] = "atsg"
    da: Annotated[Literal["off", "official"] | Annotated[int, Field(ge=0)] | None, _OFF] = None
    patchlink: Annotated[Literal["off", "union", "dino_only"] | None, _OFF] = None
    link_features: Features | None = None
    link_threshold: Literal["batch_mean", "image_mean"] | Share | None = None
    dino: Literal["vit_base", "vit_small", "vit_tiny"] = "vit_base"
    dino_weights: str | None = None
    link_head: str | None = None
    object_loss: Annotated[Literal["off", "official", "per_object_mean"] | None, _OFF] = None
    boundary_loss: Annotated[Literal["off", "official", "soft", "precision"] | None, _OFF] = None
    segments: Annotated[str, BeforeValidator(_none)] = "none"
    sam: str | None = None
    affinity: Weight = 0.3
    contrast: Weight | None = None
    seg: Weight = 0.1
    dense_energy: Weight = 0.05
    joint: Weight | None = None
    objects: Weight | None = None
    boundary: Weight | None = None
    seg_after: Annotated[int, Field(ge=0)] | None = None
    background_score: Threshold = 0.5
    high: Threshold = 0.7
    low: Threshold = 0.25
    background: Annotated[str, BeforeValidator(_none)] = "auto"
    cam_scales: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] = (1.0, 0.5, 1.5)
    crops: Positive = 8
    crop_size: Positive | None = None
    colour: Share = 1.0
    field: str | None = None
    min_pixels: Positive = 1

    @model_validator(mode="after")
    def _parts_fit(self) -> TagsSpec:
        if self.low > self.high:
            raise ValueError("`low` is above `high`")
        self._links_fit()
        if self.segments == "sam" and self.sam is None:
            raise ValueError("`segments: sam` needs a model: `sam`, a checkpoint, a folder or a name on the hub")
        if self.sam is not None and self.segments != "sam":
            raise ValueError("`sam` goes with `segments: sam`")
        return self

    @property
    def named_features(self) -> Features | None:
        """What the section says that links compare: a head that is given is there to be used."""
        return self.link_features or (None if self.link_head is None else "dino_head")

    def _links_fit(self) -> None:
        features = self.named_features
        if features == "dino_head" and self.link_head is None:
            raise ValueError("`link_features: dino_head` needs the file of the head: `link_head`")
        if features != "dino_head" and self.link_head is not None:
            raise ValueError(f"`link_features: {features}` does not read `link_head`: use dino_head, or leave it out")
        if features in {"dino_tokens", "dino_head"} and self.dino_weights is None:
            given = "`link_head`" if self.link_features is None else f"`link_features: {features}`"
            raise ValueError(f"{given} needs `dino_weights`: hub, or a file")
        if features == "encoder" and self.dino_weights is not None:
            raise ValueError("`link_features: encoder` does not read `dino_weights`: leave one of them out")
