"""From an image with tags to class activation maps and a pseudo label."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landwright.bundles import Bundle
from landwright.errors import UsageError
from landwright.evaluation.confusion import IGNORE
from landwright.evaluation.tags.picture import picture
from landwright.evaluation.tags.source import has_background
from landwright.filters.labels import cam_labels, refined_scores
from landwright.networks.ctfa import SCALES, Ctfa, multi_scale_cams
from landwright.networks.ctfa.cam import HasCams
from landwright.recipe import load_recipe


@dataclass(frozen=True)
class StageRules:
    """How the stages are made.

    Attributes:
        background_score: Activation up to which a pixel is background; by default as published for iSAID.
        scales: Sizes that activation maps are made at, each with its mirror image.
        min_pixels: Pixels of a class in a mask that make it a tag.
        official: As published: maps are stretched over nodata and padding too, and colours cut to 256 levels.
    """

    background_score: float = 0.5
    scales: tuple[float, ...] = SCALES
    min_pixels: int = 1
    official: bool = False


def rules_of(bundle: Bundle, run: Path | None, background_score: float | None = None) -> StageRules:
    """Return how a run made the stages in its validation; the default where there is no run of the regime ``tags``.

    Args:
        bundle: The model.
        run: Its run folder, or None.
        background_score: The background instead of the run's.

    Raises:
        UsageError: A background is given, and the model has none.
        DataError: The run's recipe cannot be read.
    """
    if background_score is not None and not has_background(bundle):
        raise UsageError(
            f"every class of model {bundle.card.name} has a tag: there is no background to score",
            remedy="Leave --background-score out",
        )
    path = None if run is None else run / "recipe.yaml"
    recipe = load_recipe(path, saved=True) if path is not None and path.is_file() else None
    tags = None if recipe is None else recipe.tags
    rules = StageRules()
    if recipe is not None and tags is not None:
        rules = StageRules(tags.background_score, tags.cam_scales, tags.min_pixels, recipe.loss.paper)
    return rules if background_score is None else replace(rules, background_score=background_score)


class StageLabels(NamedTuple):
    """What images came to: activation (B, T, H, W) in 0..1; labels of both stages, int64 (B, H, W), 255 = none."""

    activation: Tensor
    cam: Tensor
    pseudo: Tensor


def stage_labels(
    network: HasCams,
    image: Tensor,
    colours: Tensor,
    tags: Tensor,
    valid: Tensor,
    rules: StageRules,
    *,
    background: bool,
) -> StageLabels:
    """Make both stages, by the rules of the validation published with ToCo, CTFA and ATSG.

    Args:
        network: A network with class activation maps.
        image: Normalised (B, C, H, W).
        colours: (B, 3, H, W) in 0..1: what refined maps follow.
        tags: (B, T), above 0 for what an image holds; no other class is chosen.
        valid: Bool (B, H, W); other pixels get no label.
        rules: How.
        background: Whether class 0 has no tag.
    """
    cam, _ = multi_scale_cams(network, image, rules.scales, valid=None if rules.official else valid)
    score = rules.background_score if background else None
    refined = refined_scores(colours, cam, tags, background=background, bkg=score, official=rules.official)
    # Without a background an image without tags has nothing to choose from.
    none = ~valid if background else ~(valid & (tags > 0).any(1)[:, None, None])
    return StageLabels(
        activation=cam,
        cam=cam_labels(cam, tags, valid, background=background, bkg=score),
        pseudo=refined.argmax(1).masked_fill(none, IGNORE),
    )


@dataclass(frozen=True)
class Stages:
    """What one image came to.

    Attributes:
        cam: uint8 (h, w), class by the class activation maps, 255 = none.
        pseudo: uint8 (h, w), class by the refined maps, 255 = none.
        strength: uint8 (h, w), activation of the strongest tag in 1/255.
        strongest: uint8 (h, w), its class, 255 = none.
        logits: float32 (T,), how surely the image has each tag.
    """

    cam: NDArray[np.uint8]
    pseudo: NDArray[np.uint8]
    strength: NDArray[np.uint8]
    strongest: NDArray[np.uint8]
    logits: Tensor


class Stager:
    """Makes both of one image at a time.

    Args:
        bundle: A model whose network has class activation maps.
        device: Where to compute.
        rules: How.
    """

    def __init__(self, bundle: Bundle, device: torch.device, rules: StageRules) -> None:
        """Move the network and the coefficients to the device."""
        self._network = cast(Ctfa, bundle.network.to(device).eval())
        self._background = has_background(bundle)
        self._rules = rules
        self._device = device
        self._scale, self._shift = (
            torch.from_numpy(values).to(device) for values in bundle.card.normalization.coefficients()
        )

    @torch.inference_mode()
    def __call__(self, pixels: NDArray[Any], valid: NDArray[np.bool_], tags: NDArray[np.bool_]) -> Stages:
        """Look at one image.

        Args:
            pixels: (C, h, w) in sensor units.
            valid: (h, w); other pixels reach the network as 0.
            tags: (T,), which classes the image holds; no other class is chosen.
        """
        known = torch.from_numpy(valid).to(self._device)[None]
        image = torch.from_numpy(pixels).to(self._device).float().masked_fill(~known, 0.0)[None]
        shown = image * self._scale + self._shift
        present = torch.from_numpy(tags).to(self._device).float()[None]
        logits = self._network(shown).tags[0][0].float().cpu()
        found = stage_labels(
            self._network, shown, picture(shown), present, known, self._rules, background=self._background
        )
        strength, strongest = (found.activation * present[:, :, None, None]).max(1)
        lit = strength > 0
        return Stages(
            cam=_bytes(found.cam),
            pseudo=_bytes(found.pseudo),
            strength=_bytes((strength * 255).round().masked_fill(~known, 0)),
            strongest=_bytes((strongest + self._background).masked_fill(~(known & lit), IGNORE)),
            logits=logits,
        )


def _bytes(values: Tensor) -> NDArray[np.uint8]:
    return values[0].to(torch.uint8).cpu().numpy()
