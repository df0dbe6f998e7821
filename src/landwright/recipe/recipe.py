"""The whole recipe."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from landwright.recipe.data import AugmentSpec, DataSpec, ImagesSpec, NormalizeSpec, TargetSpec
from landwright.recipe.section import Section
from landwright.recipe.supervision import CoarseSpec, SyntheticSpec
from landwright.recipe.tags import TagsSpec
from landwright.recipe.training import LossSpec, NetworkSpec, OptimSpec, ValidateSpec
from landwright.recipe.words import WordsSpec

_UNLABELLED = {"words": "loss", "tags": "tag_ap"}
"""Regimes that learn from images without masks, and the figure that chooses weights there."""


def _listed(given: Any) -> Any:
    """Take one section for a list of one."""
    if given is None:
        return ()
    return (given,) if isinstance(given, dict | TargetSpec) else given


class Recipe(Section):
    """A whole recipe.

    Attributes:
        regime: Kind of labels.
        classes: Shipped legend or legend file; in the regime ``words`` also a vocabulary, or the words themselves:
            ``building, roof; road; water``.
        data: Images and labels.
        network: Network.
        augment: Augmentation.
        normalize: Input scaling.
        loss: Loss.
        coarse: What is made of coarse labels (regime ``coarse``).
        target: Real images to adapt to (regime ``synthetic``): one section, or a list of them.
        synthetic: How it is done (regime ``synthetic``).
        words: What a dual encoder learns from (regime ``words``).
        tags: How maps are learnt from tags (regime ``tags``).
        optim: Optimisation.
        validate: Validation (key ``validate`` in YAML).
        seed: Seed of everything random.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    regime: Literal["masks", "coarse", "synthetic", "words", "tags"]
    classes: str
    data: DataSpec
    network: NetworkSpec
    augment: AugmentSpec = AugmentSpec()
    normalize: NormalizeSpec = NormalizeSpec()
    loss: LossSpec = LossSpec()
    coarse: CoarseSpec | None = None
    target: Annotated[tuple[TargetSpec, ...], BeforeValidator(_listed)] = ()
    synthetic: SyntheticSpec | None = None
    words: WordsSpec | None = None
    tags: TagsSpec | None = None
    optim: OptimSpec = OptimSpec()
    validation: ValidateSpec = Field(default=ValidateSpec(), alias="validate")
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="before")
    @classmethod
    def _figure_of_the_regime(cls, document: Any) -> Any:
        """Choose weights without labels where the network adapts, by errors of heights where it has no classes.

        In the regimes ``words`` and ``tags``, by the loss and by how well tags are told where there is no mask to
        score a map by.
        """
        if not isinstance(document, dict) or document.get("regime") not in {"synthetic", *_UNLABELLED}:
            return document
        if (regime := document["regime"]) in _UNLABELLED:
            data, validate = (document.get(name) or {} for name in ("data", "validate"))
            if not (isinstance(data, dict) and isinstance(validate, dict)):
                return document
            masks = any(data.get(name) is not None for name in ("labels", "layout", "pairs"))
            return document if masks else {**document, "validate": {"metric": _UNLABELLED[regime], **validate}}
        sections = [document.get(name) or {} for name in ("synthetic", "validate", "network")]
        if not all(isinstance(section, dict) for section in sections):
            return document
        synthetic, validate, network = sections
        if document.get("target") and synthetic.get("adapt", True):
            return {**document, "validate": {"metric": "agreement", **validate}}
        if network.get("heads") == "height":
            return {**document, "validate": {"metric": "mae", **validate}}
        return document

    @field_validator("data", mode="wrap")
    @classmethod
    def _images_alone(cls, data: Any, usual: ValidatorFunctionWrapHandler, info: ValidationInfo) -> DataSpec:
        if info.data.get("regime") in _UNLABELLED and isinstance(data, dict):
            return ImagesSpec.model_validate(data)
        found: DataSpec = usual(data)
        return found

    @model_validator(mode="after")
    def _sections_of_the_regime(self) -> Recipe:
        if self.data.tags is not None and self.regime != "tags":
            raise ValueError("`data.tags` belongs to the regime `tags`")
        given = {
            "coarse": self.coarse,
            "target": self.target or None,
            "synthetic": self.synthetic,
            "words": self.words,
            "tags": self.tags,
        }
        for section, value in given.items():
            regime = "synthetic" if section == "target" else section
            if value is not None and self.regime != regime:
                raise ValueError(f"the section `{section}` belongs to the regime `{regime}`")
        return self

    def dump(self) -> dict[str, Any]:
        """Return the resolved recipe as plain data, ready for YAML."""
        return self.model_dump(mode="json", by_alias=True)

    def hash(self) -> str:
        """Return the SHA-256 of the resolved recipe, recorded in the bundle's card."""
        return hashlib.sha256(json.dumps(self.dump(), sort_keys=True).encode()).hexdigest()
