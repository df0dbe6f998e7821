"""A loaded model of words: how it maps an image of a data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.evaluation.suite.result import Making
from landwright.evaluation.suite.runner import Classify
from landwright.legends.vocabulary import Vocabulary
from landwright.networks.clip import ClipNetwork, slide
from landwright.words import Preset, resize_long_side
from landwright.words.enlarge import enlarged

_ROWS = 64
"""Rows decided at a time."""


@dataclass(frozen=True)
class Words:
    """A model that is loaded.

    Attributes:
        making: How it is run.
        preset: Settings of images and windows.
        mean: Mean of red, green and blue in 0..1 that the model expects to be subtracted.
        std: Standard deviation that it expects to be divided by.
        network_for: Gives a network that looks for the words of a vocabulary.
    """

    making: Making
    preset: Preset
    mean: tuple[float, ...]
    std: tuple[float, ...]
    network_for: Callable[[Vocabulary], ClipNetwork]

    def classifier(self, vocabulary: Vocabulary) -> Classify:
        """Return what maps images with these words; see :class:`landwright.evaluation.suite.Segmenter`."""
        network = self.network_for(vocabulary)
        return lambda image: self._classify(network, image)

    @torch.inference_mode()
    def _classify(self, network: ClipNetwork, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        small = image if self.preset.resize is None else resize_long_side(image, self.preset.resize)
        device = network.queries.device
        mean, std = (torch.tensor(values, device=device)[:, None, None] for values in (self.mean, self.std))
        pixels = (torch.from_numpy(small).to(device).permute(2, 0, 1).float() / 255 - mean) / std
        scores = slide(network, pixels[None], crop=self.making.crop, stride=self.making.stride)[0]
        height, width = image.shape[:2]
        strips = [
            network.rule.decide(enlarged(scores, (height, width), row, min(row + _ROWS, height)))[0].cpu().numpy()
            for row in range(0, height, _ROWS)
        ]
        return np.concatenate(strips)
