"""Sections of a recipe that belong to one regime: what is made of its kind of labels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from landwright.recipe.section import Fraction, Section, Share


class CoarseSpec(Section):
    """What the regime ``coarse`` does with labels that are coarse, old and partly wrong; every part can be left out.

    Attributes:
        plat: Pseudo-label-assisted training (Paraformer): half of the loss counts only labels that the network's first
            branch agrees with, step by step.
        confidence: Smallest probability with which the first branch must agree.
        keep_shares: Weigh the labels that the first branch agrees with so that every class keeps its share of all
            labels; else classes that are easy crowd out the others. Not in the published form (``loss.paper``).
        prior: Name or file of a table of soft labels: the shares of the classes that a cell of each of the product's
            classes usually holds. ``data.crosswalk``, from the same product, then serves validation alone.
        class_weights: One weight per class, or ``balanced``: the inverse square root of each class's share of the
            labels, with mean 1.
        confident_area: Use labels only where the network is at least as sure as it is on average of the class that it
            sees there (L2HNet's confident-area selection).
        vague_area: Weight of L2HNet's dynamic-vague-area loss on the features, 0 for none; 0.01 in L2HNet.
    """

    plat: bool = True
    confidence: Fraction = 0.0
    keep_shares: bool = True
    prior: str | None = None
    class_weights: list[Annotated[float, Field(ge=0)]] | Literal["balanced"] | None = None
    confident_area: bool = False
    vague_area: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _parts_fit(self) -> CoarseSpec:
        if self.confidence and not self.plat:
            raise ValueError("`confidence` is a part of `plat`, which is off")
        if isinstance(self.class_weights, list) and not any(self.class_weights):
            raise ValueError("`class_weights` are all 0, so that nothing would count")
        return self


class SyntheticSpec(Section):
    """How the regime ``synthetic`` carries what synthetic scenes teach over to real images (RS3DAda).

    Attributes:
        adapt: Learn from the target images by a teacher's pseudo-labels; else they only lend their look, and without
            ``target`` nothing but the synthetic scenes counts.
        style: How training scenes take on the look of target images: any of ``fda`` (amplitudes of low frequencies),
            ``hm`` (histogram matching) and ``pda`` (mean and standard deviation), drawn with equal odds; none for
            an empty list.
        style_share: Share of scenes that are changed so.
        style_blend: Smallest and largest share of the changed image in the result, for ``hm`` and ``pda``.
        fda_beta: Largest half side of the exchanged square of frequencies, as a share of the image's side.
        mix: How synthetic ground is laid into target images: ``classmix``, ``cutmix`` or ``none``.
        confidence: Smallest probability of a class that makes a pseudo-label certain.
        ratio: Largest ratio of two views' heights that makes a pseudo-height consistent.
        floor: Heights below this many metres count as this in that ratio, which would else be at its worst on open
            ground; not in the published form (``loss.paper``).
        raised: Names of the classes that stand above the ground; pseudo-heights of others are set to 0 (ground-guided
            refinement). By default ``tree`` and ``building``; an empty list switches it off.
        feature: Weight of the constraint that holds the encoder to what it was before; only with encoder weights.
        feature_threshold: Tokens that are more similar than this are left alone.
        ema: Largest share of the old teacher in the new one.
        height_weight: Weight of height losses.
    """

    adapt: bool = True
    style: tuple[Literal["fda", "hm", "pda"], ...] = ("fda", "hm", "pda")
    style_share: Share = 0.8
    style_blend: tuple[Share, Share] = (0.8, 1.0)
    fda_beta: Annotated[float, Field(ge=0, le=0.5)] = 0.01
    mix: Literal["classmix", "cutmix", "none"] = "classmix"
    confidence: Fraction = 0.95
    ratio: Annotated[float, Field(gt=1)] = 1.55
    floor: Annotated[float, Field(ge=0)] = 1.0
    raised: tuple[str, ...] | None = None
    feature: Annotated[float, Field(ge=0)] = 1.0
    feature_threshold: Annotated[float, Field(ge=-1, le=1)] = 0.8
    ema: Fraction = 0.99
    height_weight: Annotated[float, Field(ge=0)] = 0.8

    @model_validator(mode="after")
    def _ordered(self) -> SyntheticSpec:
        if self.style_blend[0] > self.style_blend[1]:
            raise ValueError("`style_blend` is [smallest, largest]")
        return self
