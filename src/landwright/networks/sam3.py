"""SAM 3 asked for every word: instances and a semantic map, joined to one score map per word, without training.

Carion et al., "SAM 3: Segment Anything with Concepts", 2025, arXiv 2511.16719; how its outputs become maps of land is
that of Li et al., "SegEarth-OV3: Exploring SAM 3 for Open-Vocabulary Semantic Segmentation in Remote Sensing Images",
2025, arXiv 2512.08730.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from types import ModuleType
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from landwright.errors import UsageError
from landwright.networks.clip.rule import query_rule
from landwright.networks.outputs import Outputs
from landwright.networks.registry import choose, register

CONFIDENCE = 0.5
"""Score above which SAM 3 itself keeps an instance."""

_START, _END = 49406, 49407
_QUERIES_AT_ONCE = 4
_MASKS_AT_ONCE = 16

COMPACT: Mapping[str, Any] = {
    "vision_config": {
        "backbone_config": {
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 56,
            "pretrain_image_size": 28,
            "window_size": 2,
            "global_attn_indexes": [1],
        },
        "fpn_hidden_size": 32,
        "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
    },
    "text_config": {
        "hidden_size": 32,
        "intermediate_size": 64,
        "projection_dim": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    },
    **{
        f"{part}_config": {"hidden_size": 32, "intermediate_size": 64, "num_layers": 2, "num_attention_heads": 2}
        for part in ("geometry_encoder", "detr_encoder", "detr_decoder")
    },
    "mask_decoder_config": {"hidden_size": 32, "num_attention_heads": 2},
}
"""What the architecture ``compact`` changes: a model of milliseconds, for tests and for trying things out."""

ARCHITECTURES: Mapping[str, Mapping[str, Any]] = {"sam3": {}, "compact": COMPACT}


@register(
    "sam3",
    description="SAM 3 asked for every word in turn: maps from words with the outlines of objects, on a GPU",
    stride=14,
    min_tile=224,
    default_tile=1008,
    normalization="half",
    licence="Apache-2.0 (written from a description; transformers is Apache-2.0); the weights have Meta's SAM licence",
    paper="Li et al., SegEarth-OV3, 2025, arXiv 2512.08730; Carion et al., SAM 3, 2025, arXiv 2511.16719",
    options={
        "architecture": "sam3 (default), or compact, a small one for tests",
        "config": "what differs from the architecture in transformers' configuration, section by section",
        "confidence": "score in 0..1 above which an instance counts, 0.5 by default",
        "synonyms": "number of queries of every class, one each by default",
        "thresholds": "smallest score in 0..1 with which every class may win; none by default",
        "background": "index of the class that pixels below the threshold get",
    },
    variants={("architecture", "compact"): {"min_tile": 28, "default_tile": 56}},
    queries=True,
)
class Sam3Network(nn.Module):
    """Scores of pixels for words, and the classes that they give.

    A window is brought to the side that the model was made for, whatever its own sides are, and its scores back to the
    window's size. For every word, with presence p of the whole image, an instance counts where its score p * s is above
    ``confidence``, and a pixel gets p * max(semantic map, largest of instance mask * p * s) (SegEarth-OV3). Scores of
    words do not compete: the best one wins.

    Args:
        classes: Number of classes, >= 2.
        bands: Number of input bands.
        architecture: Where the configuration starts from.
        config: What differs from it.
        confidence: Score above which an instance counts.
        synonyms: Number of queries of every class.
        thresholds: Smallest score of every class, in 0..1.
        background: Class of pixels below it.

    Attributes:
        model: Transformers' Sam3Model.
        queries: Token ids (Q, L), int64; no words at first, see :meth:`set_queries`.
        rule: How queries become classes.

    Raises:
        UsageError: transformers is not installed, an option has no such value, or options do not fit together.
    """

    queries: Tensor

    def __init__(
        self,
        classes: int,
        bands: int = 3,
        *,
        architecture: str = "sam3",
        config: Mapping[str, Any] | None = None,
        confidence: float = CONFIDENCE,
        synonyms: Sequence[int] | None = None,
        thresholds: Sequence[float] | None = None,
        background: int | None = None,
    ) -> None:
        """Build the network with random weights and without words."""
        super().__init__()
        if classes < 2:
            raise UsageError("one class alone wins everywhere", remedy="Add a class for the rest, such as background")
        self.confidence = confidence
        self.rule = query_rule(classes, synonyms, scale=None, thresholds=thresholds, background=background)
        start = ARCHITECTURES[choose("architecture", architecture, ARCHITECTURES)]
        model: Any = _build(start, config or {}, {"vision_config": {"backbone_config": {"num_channels": bands}}})
        self.model: Any = model
        self.context = int(model.config.text_config.max_position_embeddings)
        self.side = int(model.config.image_size)
        words = torch.zeros(self.rule.queries, self.context, dtype=torch.int64)
        words[:, 0], words[:, 1] = _START, _END
        self.register_buffer("queries", words)
        self._known: tuple[Tensor, torch.dtype, Tensor] | None = None
        cast(Any, self).register_load_state_dict_post_hook(_forget)

    def set_queries(
        self,
        ids: Tensor,
        synonyms: Sequence[int],
        *,
        thresholds: Sequence[float] = (),
        background: int | None = None,
    ) -> None:
        """Look for other words from now on.

        Args:
            ids: Token ids (Q, L) of all classes' queries in order, padded behind the end token, whose id is the
                largest.
            synonyms: Number of queries of every class.
            thresholds: Smallest score of every class; none where empty.
            background: Class of pixels below it.

        Raises:
            UsageError: The numbers do not fit together.
        """
        rule = query_rule(len(synonyms), synonyms, scale=None, thresholds=thresholds, background=background)
        if ids.shape != (rule.queries, self.context):
            wanted = (rule.queries, self.context)
            raise UsageError(f"token ids of queries have shape {tuple(ids.shape)}, but {wanted} is needed")
        self.rule = rule
        self.queries = ids.detach().to(self.queries)

    @property
    def confidence(self) -> float:
        """Score above which an instance counts, in 0..1 and below 1."""
        return self._confidence

    @confidence.setter
    def confidence(self, value: float) -> None:
        if not 0 <= value < 1:
            raise UsageError(
                f"confidence must be in 0..1 and below 1, not {value}", remedy=f"Take confidence={CONFIDENCE}, or less"
            )
        self._confidence = value

    def similarities(self, image: Tensor) -> Tensor:
        """Score every pixel for every query.

        The image is encoded once, and the queries are asked a few at a time.

        Args:
            image: Normalised (B, bands, H, W), any H and W.

        Returns:
            Float32 scores (B, Q, H, W) in 0..1.
        """
        size = (image.shape[-2], image.shape[-1])
        features, seen = self._words(), self._seen()
        # As SAM 3's own processor: to the model's side without regard to the ratio of the sides.
        native = F.interpolate(image, (self.side, self.side), mode="bilinear", antialias=True)
        vision = self.model.get_vision_features(native)
        parts = [slice(start, start + _QUERIES_AT_ONCE) for start in range(0, self.rule.queries, _QUERIES_AT_ONCE)]
        maps = [
            torch.cat([self._ask(vision, index, features[part], seen[part], size) for part in parts])
            for index in range(len(image))
        ]
        return torch.stack(maps)

    def forward(self, image: Tensor) -> Outputs:
        """Map normalised images (B, bands, H, W) of any size.

        Returns:
            ``queries``: scores (B, Q, H, W); ``classes``: logarithm of the best one of every class (B, K, H, W).
        """
        found = self.similarities(image)
        return Outputs(classes=self.rule.log_probabilities(found, 1), queries=found)

    def train(self, mode: bool = True) -> Sam3Network:
        """Switch the mode; weights may have changed since the words were last encoded."""
        self._known = None
        return super().train(mode)

    def _seen(self) -> Tensor:
        """Return which tokens (Q, L) belong to the words: those up to the end token."""
        places = torch.arange(self.context, device=self.queries.device)
        return places <= self.queries.argmax(dim=1, keepdim=True)

    def _words(self) -> Tensor:
        """Return text features (Q, L, C); they stay the same from window to window."""
        precision = self.model.text_projection.weight.dtype
        passing = self.training or torch.is_grad_enabled()
        if not passing and self._known is not None and self._known[0] is self.queries and self._known[1] == precision:
            return self._known[2]
        features: Tensor = self.model.get_text_features(self.queries, attention_mask=self._seen()).pooler_output
        self._known = None if passing else (self.queries, precision, features)
        return features

    def _ask(self, vision: Any, index: int, features: Tensor, seen: Tensor, size: tuple[int, int]) -> Tensor:
        """Return scores (n, H, W) of one image of a batch for n words."""
        # Releases of transformers take the features themselves (5.0) or what holds them as pooler_output (5.23).
        text: Any = features.view_as(features)
        text.pooler_output = features
        found = self.model(vision_embeds=_one(vision, index, len(seen)), text_embeds=text, attention_mask=seen)
        presence = found.presence_logits.float().sigmoid().flatten(1)
        scores = found.pred_logits.float().sigmoid() * presence
        semantic = _enlarge(found.semantic_seg, size)[:, 0].sigmoid()
        maps = []
        for word, score in enumerate(scores):
            best, kept = semantic[word], (score > self.confidence).nonzero()[:, 0]
            for start in range(0, len(kept), _MASKS_AT_ONCE):
                some = kept[start : start + _MASKS_AT_ONCE]
                masks = _enlarge(found.pred_masks[word : word + 1, some], size)[0].sigmoid()
                best = torch.maximum(best, (masks * score[some, None, None]).amax(dim=0))
            maps.append(best * presence[word])
        return torch.stack(maps)


def _forget(module: nn.Module, _: Any) -> None:
    cast(Sam3Network, module)._known = None


def _enlarge(logits: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(logits.float(), size, mode="bilinear")


def _one(vision: Any, index: int, times: int) -> Any:
    """The features of one image of a batch, as often as there are words to ask it for."""

    def repeated(levels: Sequence[Tensor]) -> tuple[Tensor, ...]:
        return tuple(level[index : index + 1].expand(times, -1, -1, -1) for level in levels)

    return type(vision)(
        fpn_hidden_states=repeated(vision.fpn_hidden_states),
        fpn_position_encoding=repeated(vision.fpn_position_encoding),
    )


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        inside = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if inside else value
    return merged


def _build(*changes: Mapping[str, Any]) -> nn.Module:
    """Build the model of the published configuration with some changes, later ones on top."""
    from huggingface_hub.errors import StrictDataclassError

    library = _transformers()
    try:
        # Sections that are given in part would lose SAM 3's own values for the rest.
        config = reduce(_merge, changes, library.Sam3Config().to_dict())
        return cast(nn.Module, library.Sam3Model(library.Sam3Config(**config)))
    except (TypeError, ValueError, KeyError, AttributeError, RuntimeError, StrictDataclassError) as error:
        raise UsageError(
            f"the configuration is none of SAM 3: {error}", remedy="Take that of the checkpoint, its config.json"
        ) from error


def _transformers() -> ModuleType:
    try:
        import transformers
    except ImportError as error:
        raise UsageError(
            "the network sam3 needs transformers", remedy="Install it with: pip install 'landwright[sam]'"
        ) from error
    return cast(ModuleType, transformers)
