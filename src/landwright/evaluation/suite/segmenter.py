"""A loaded model of words: how it maps an image of a data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landwright.evaluation.suite.result import Making
from landwright.evaluation.suite.runner import Classify
from landwright.legends.vocabulary import Vocabulary
from landwright.networks.clip import ClipNetwork
from landwright.words import Preset
from landwright.words.mapping import map_image


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

    def _classify(self, network: ClipNetwork, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return map_image(network, image, self.preset, self.mean, self.std).indices
