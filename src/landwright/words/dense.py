"""One dual encoder to ask: features of images and words, similarities, and maps."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from landwright.errors import UsageError
from landwright.legends.vocabulary import Vocabulary, load_vocabulary
from landwright.networks.clip import ClipNetwork
from landwright.words.checkpoints import read_clip
from landwright.words.derive import derive, rule_options
from landwright.words.features import prompt_features
from landwright.words.language import language_note
from landwright.words.loading import features_of, fingerprint_of, load_network, tokenizer_of
from landwright.words.mapping import Segmentation, map_image, normalized
from landwright.words.presets import DEFAULT_PRESET, Preset, load_preset
from landwright.words.registry import DEFAULT_MODEL, model_info
from landwright.words.templates import Templates, load_templates
from landwright.words.tokens import Tokenizer
from landwright.words.weights import find_weights


class DenseClip:
    """A published dual encoder, or one of your own, whose last layer is read patch by patch.

    Settings left at None are those of the preset where a map is made, and those of preset ``landwright`` (attention
    ``segearth`` without residual, no bias, no upsampler, windows as they are) elsewhere.

    Args:
        model: Name of the model, such as ``farslip1-b16``; ``own`` for a checkpoint of yours.
        weights: Its file; by default it is looked for on this machine and on the hub.
        attention: What replaces the last block's attention.
        residual: Whether the last block keeps its residual and its perceptron.
        bias: Factor of the whole window's similarity that is added at every pixel.
        upsampler: ``none``, ``bilinear``, ``jbu-one`` or ``jbu-stack``.
        upsampler_weights: File of the upsampler; by default it is looked for in the folder of weights.
        activation: ``quick_gelu`` or ``gelu``; by default what the weights were trained with. ``own`` needs it.
        context: Number of text tokens; by default the model's, of ``own`` the file's.
        sigma: Width of the neighbourhood of some attentions, in patches.
        window: ``as-is``, or ``native``: windows are resized to the side that the encoder was trained on.
        guide: timm's name of the self-supervised encoder of attention ``proxy``, whose weights the hub has.
        device: Device, such as ``cpu`` or ``cuda``.

    Attributes:
        info: What is known about the model.
        options: Options of the network.
        network: The network; its own queries are random until a map gives it words.
        note: What was changed when the weights were read, or None.

    Raises:
        UsageError: A name or an option is unknown, or options do not fit together.
        DataError: The weights are not here, damaged, or not those of the model.
    """

    def __init__(  # noqa: PLR0913 - one parameter for each setting
        self,
        model: str = DEFAULT_MODEL,
        weights: str | PathLike[str] | None = None,
        *,
        attention: str | None = None,
        residual: bool | None = None,
        bias: float | None = None,
        upsampler: str | None = None,
        upsampler_weights: str | PathLike[str] | None = None,
        activation: str | None = None,
        context: int | None = None,
        sigma: float = 1.0,
        window: str | None = None,
        guide: str | None = None,
        device: str | torch.device = "cpu",
    ) -> None:
        """Read the weights and build the network."""
        self.info = model_info(model)
        path = find_weights(self.info) if weights is None else Path(weights).expanduser()
        checkpoint = read_clip(path, self.info, activation=activation, context=context)
        self.note = checkpoint.note
        asked = {"attention": attention, "residual": residual, "bias": bias, "upsampler": upsampler, "window": window}
        self._given: dict[str, Any] = {
            **{name: checkpoint.options[name] for name in ("attention", "residual") if name in checkpoint.options},
            **{name: value for name, value in asked.items() if value is not None},
        }
        self._upsampler_weights = upsampler_weights
        self.options: dict[str, Any] = {
            **checkpoint.options,
            **load_preset(DEFAULT_PRESET).network,
            "sigma": sigma,
            **({} if guide is None else {"guide": guide}),
            **self._given,
        }
        network = load_network(
            model,
            path,
            checkpoint,
            self.options,
            upsampler_weights=upsampler_weights,
        )
        self.network = network.to(device)
        self._fingerprint: str | None = None
        self._known: dict[tuple[tuple[str, ...], Templates], Tensor] = {}
        self._derived: dict[str, ClipNetwork] = {}

    @property
    def device(self) -> torch.device:
        """Device of the network."""
        return self.network.queries.device

    @property
    def tokenizer(self) -> Tokenizer:
        """Tokenizer of the text tower."""
        return tokenizer_of(self.network, self.options)

    @property
    def fingerprint(self) -> str:
        """Hash of all that a text feature depends on besides the words: the text tower, its activation and context."""
        if self._fingerprint is None:
            self._fingerprint = fingerprint_of(self.network, self.options)
        return self._fingerprint

    @torch.inference_mode()
    def encode_image(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map images into the space shared with texts, patch by patch.

        Args:
            images: Normalised float32 (B, 3, H, W); H and W are multiples of the patch.

        Returns:
            What the customised last layer gives for the class token (B, D), and for the patches in row-major order
            (B, gh * gw, D); neither has unit length.
        """
        whole, patches = self.network.dense(images.to(self.device))
        return whole, patches.flatten(2).transpose(1, 2)

    @torch.no_grad()
    def encode_text(self, prompts: Sequence[str]) -> Tensor:
        """Return features (N, D) of sentences, float32 on the CPU, not of unit length.

        What is longer than the context is cut, as published.
        """
        return prompt_features(self._encode_text, self.tokenizer, list(prompts))

    def word_features(self, words: Sequence[str], templates: str | PathLike[str] | Templates = "imagenet80") -> Tensor:
        """Return one direction per word: the mean of its sentences' unit features, of unit length again.

        Features are kept in a folder from one program to the next: ``~/.cache/landwright/words``, or what
        ``LANDWRIGHT_FEATURES`` names.

        Args:
            words: The words.
            templates: Sentences around them: ``imagenet80``, ``single``, ``satellite``, or a text file.

        Returns:
            (Q, D), float32 on the CPU.

        Raises:
            UsageError: A word has no tokens or is longer than the context, or the templates are unknown.
        """
        prompts = templates if isinstance(templates, Templates) else load_templates(templates)
        name = (tuple(words), prompts)
        if name not in self._known:
            self._known[name] = features_of(self.network, self.options, words, prompts, key=self.fingerprint)
        return self._known[name]

    @torch.inference_mode()
    def similarities(self, images: Tensor, queries: Tensor) -> Tensor:
        """Compare patches with queries.

        Args:
            images: Normalised float32 (B, 3, H, W); H and W are multiples of the patch.
            queries: (Q, D) of any length.

        Returns:
            Cosines (B, Q, gh, gw) in -1..1, plus ``bias`` times those of the class token. The upsampler and the rule
            for windows belong to maps and do not count here.
        """
        whole, patches = self.network.dense(images.to(self.device))
        directions = functional.normalize(queries.to(self.device).float(), dim=-1)
        found = torch.einsum("bdhw,qd->bqhw", functional.normalize(patches.float(), dim=1), directions)
        if self.network.bias:
            found = (
                found
                + self.network.bias * (functional.normalize(whole.float(), dim=-1) @ directions.T)[..., None, None]
            )
        return found

    def segment(
        self,
        image: NDArray[np.uint8],
        vocabulary: Vocabulary | str | PathLike[str],
        *,
        preset: str = "rs-ovss",
        templates: str | PathLike[str] | Templates = "imagenet80",
        probabilities: bool = True,
        batch: int = 16,
    ) -> Segmentation:
        """Map an image that fits in memory; :func:`landwright.predict` maps rasters of any size.

        Windows and their weights are those of the preset, as in maps of rasters.

        Args:
            image: uint8 (H, W, 3), red, green, blue.
            vocabulary: Classes and words, or the name or file of a vocabulary.
            preset: ``landwright``, ``rs-ovss`` or ``segearth-ov``. What was set when this object was made holds before
                what the preset says.
            templates: Sentences around the words.
            probabilities: Whether the shares of all classes are kept; without them an image takes less memory.
            batch: Number of windows at a time.

        Returns:
            The map.

        Raises:
            UsageError: The image has another type or shape, or a name is unknown.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise UsageError(f"an image must be uint8 (H, W, 3), not {image.dtype} {image.shape}")
        settings, words = load_preset(preset), _vocabulary(vocabulary)
        network = self.words_network(words, settings, templates)
        mean, std = self.info.mean, self.info.std
        return map_image(network, image, settings, mean, std, probabilities=probabilities, batch=batch)

    def words_network(
        self,
        vocabulary: Vocabulary,
        preset: Preset | str = DEFAULT_PRESET,
        templates: str | PathLike[str] | Templates = "imagenet80",
    ) -> ClipNetwork:
        """Return a network that looks for the words of a vocabulary; it shares the weights of this object's own.

        Args:
            vocabulary: Classes and words.
            preset: Settings.
            templates: Sentences around the words.
        """
        if note := language_note(vocabulary.queries):
            warnings.warn(note, stacklevel=3)
        settings = load_preset(preset) if isinstance(preset, str) else preset
        features = self.word_features(vocabulary.queries, templates)
        options = self.network_options(vocabulary, settings)
        name = repr((sorted(options.items()), vocabulary.queries, str(templates)))
        if name not in self._derived:
            self._derived = {name: derive(self.network, options, features, upsampler_weights=self._upsampler_weights)}
        return self._derived[name]

    def network_options(self, vocabulary: Vocabulary, preset: Preset) -> dict[str, Any]:
        """Return the options of the network that :meth:`words_network` makes."""
        rule = rule_options(vocabulary, thresholds=preset.thresholds)
        return {**self.options, **preset.network, **self._given, **rule}

    def normalize(self, image: NDArray[np.uint8]) -> Tensor:
        """Scale an image uint8 (H, W, 3) as the model expects it, to float32 (3, H, W) on its device."""
        return normalized(image, self.info.mean, self.info.std, self.device)

    def _encode_text(self, ids: Tensor) -> Tensor:
        return self.network.encode_text(ids.to(self.device))


def _vocabulary(found: Vocabulary | str | PathLike[str]) -> Vocabulary:
    return found if isinstance(found, Vocabulary) else load_vocabulary(found)
