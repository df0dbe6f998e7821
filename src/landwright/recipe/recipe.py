"""The whole recipe."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from landwright.recipe.data import AugmentSpec, DataSpec, NormalizeSpec, TargetSpec
from landwright.recipe.section import Section
from landwright.recipe.supervision import CoarseSpec, SyntheticSpec
from landwright.recipe.training import LossSpec, NetworkSpec, OptimSpec, ValidateSpec


def _listed(given: Any) -> Any:
    """Take one section for a list of one."""
    if given is None:
        return ()
    return (given,) if isinstance(given, dict | TargetSpec) else given


class Recipe(Section):
    """A whole recipe.

    Attributes:
        regime: Kind of labels.
        classes: Shipped legend or legend file.
        data: Images and labels.
        network: Network.
        augment: Augmentation.
        normalize: Input scaling.
        loss: Loss.
        coarse: What is made of coarse labels (regime ``coarse``).
        target: Real images to adapt to (regime ``synthetic``): one section, or a list of them.
        synthetic: How it is done (regime ``synthetic``).
        optim: Optimisation.
        validate: Validation (key ``validate`` in YAML).
        seed: Seed of everything random.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    regime: Literal["masks", "coarse", "synthetic"]
    classes: str
    data: DataSpec
    network: NetworkSpec
    augment: AugmentSpec = AugmentSpec()
    normalize: NormalizeSpec = NormalizeSpec()
    loss: LossSpec = LossSpec()
    coarse: CoarseSpec | None = None
    target: Annotated[tuple[TargetSpec, ...], BeforeValidator(_listed)] = ()
    synthetic: SyntheticSpec | None = None
    optim: OptimSpec = OptimSpec()
    validation: ValidateSpec = Field(default=ValidateSpec(), alias="validate")
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="before")
    @classmethod
    def _figure_of_the_regime(cls, document: Any) -> Any:
        """Choose weights without labels where the network adapts, by errors of heights where it has no classes."""
        if not isinstance(document, dict) or document.get("regime") != "synthetic":
            return document
        sections = [document.get(name) or {} for name in ("synthetic", "validate", "network")]
        if not all(isinstance(section, dict) for section in sections):
            return document
        synthetic, validate, network = sections
        if document.get("target") and synthetic.get("adapt", True):
            return {**document, "validate": {"metric": "agreement", **validate}}
        if network.get("heads") == "height":
            return {**document, "validate": {"metric": "mae", **validate}}
        return document

    @model_validator(mode="after")
    def _sections_of_the_regime(self) -> Recipe:
        given = {"coarse": self.coarse, "target": self.target or None, "synthetic": self.synthetic}
        for section, value in given.items():
            regime = "coarse" if section == "coarse" else "synthetic"
            if value is not None and self.regime != regime:
                raise ValueError(f"the section `{section}` belongs to the regime `{regime}`")
        return self

    def dump(self) -> dict[str, Any]:
        """Return the resolved recipe as plain data, ready for YAML."""
        return self.model_dump(mode="json", by_alias=True)

    def hash(self) -> str:
        """Return the SHA-256 of the resolved recipe, recorded in the bundle's card."""
        return hashlib.sha256(json.dumps(self.dump(), sort_keys=True).encode()).hexdigest()
