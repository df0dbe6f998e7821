"""From an image with tags to class activation maps and a pseudo label."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landwright.bundles import Bundle
from landwright.evaluation.confusion import IGNORE
from landwright.evaluation.tags.source import has_background
from landwright.filters.labels import cam_labels, refined_scores
from landwright.networks.ctfa import SCALES, Ctfa, multi_scale_cams
from landwright.recipe import load_recipe


@dataclass(frozen=True)
class StageRules:
    """How the stages are made.

    Attributes:
        background_score: Activation up to which a pixel is background; by default as published for iSAID.
        scales: Sizes that activation maps are made at, each with its mirror image.
    """

    background_score: float = 0.5
    scales: tuple[float, ...] = SCALES


def rules_of(run: Path | None) -> StageRules:
    """Return how a run made the stages in its validation; as published where there is no run of the regime ``tags``."""
    path = None if run is None else run / "recipe.yaml"
    tags = load_recipe(path, saved=True).tags if path is not None and path.is_file() else None
    return StageRules() if tags is None else StageRules(tags.background_score, tags.cam_scales)


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
    """Makes both, by the rules of the validation published with ToCo, CTFA and ATSG.

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
        self._divide = bundle.card.normalization.divide
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
        score = self._rules.background_score
        logits = self._network(shown).tags[0][0].float().cpu()
        cam, _ = multi_scale_cams(self._network, shown, self._rules.scales)
        label = cam_labels(cam, present, known, background=self._background, bkg=score)
        refined = refined_scores(
            image / self._divide,
            cam,
            present,
            background=self._background,
            bkg=score if self._background else None,
        )
        strength, strongest = (cam * present[:, :, None, None]).max(1)
        lit = strength > 0
        return Stages(
            cam=_bytes(label),
            # Without a background an image without tags has nothing to choose from.
            pseudo=_bytes(refined.argmax(1).masked_fill(~known | (not self._background and not tags.any()), IGNORE)),
            strength=_bytes((strength * 255).round().masked_fill(~known, 0)),
            strongest=_bytes((strongest + self._background).masked_fill(~(known & lit), IGNORE)),
            logits=logits,
        )


def _bytes(values: Tensor) -> NDArray[np.uint8]:
    return values[0].to(torch.uint8).cpu().numpy()
