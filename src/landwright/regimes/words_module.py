"""Learning to tell places by words: FarSLIP's losses on a dual encoder."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any, Self, cast

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from landwright.bundles.card import Normalization
from landwright.evaluation.protocols import ProtocolResult
from landwright.legends.vocabulary import Vocabulary
from landwright.losses import ema_decay, update_teacher
from landwright.networks.clip import ClipNetwork
from landwright.networks.clip.openclip import OpenClipEncoder
from landwright.networks.clip.positions import KEPT, LONG_CONTEXT
from landwright.recipe import Recipe, WordsSpec
from landwright.regimes.module import RegimeModule
from landwright.regimes.optimizer import build_schedule
from landwright.regimes.source import with_total
from landwright.regimes.words_losses import LARGEST_SCALE, WordBatch, word_losses
from landwright.words.features import word_features
from landwright.words.templates import load_templates
from landwright.words.tokens import Tokenizer, cut

BETAS = (0.9, 0.98)
EPSILON = 1e-6

_TERMS = ("caption", "region", "distillation")


class MeanLosses:
    """Terms of the loss, averaged over validation batches.

    Attributes:
        sums: Float64 (7,): sum and number of batches of every term, and number of views.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.sums = torch.zeros(2 * len(_TERMS) + 1, dtype=torch.float64)

    def update(self, terms: dict[str, Tensor], views: int) -> None:
        """Add the terms of a batch."""
        for place, name in enumerate(_TERMS):
            if name in terms:
                self.sums[2 * place] += terms[name].double().cpu()
                self.sums[2 * place + 1] += 1
        self.sums[-1] += views

    def state(self) -> Tensor:
        """Return all that was added."""
        return self.sums

    def load_state(self, state: Tensor) -> None:
        """Take the sum of several processes."""
        self.sums = state.cpu()

    def result(self) -> ProtocolResult:
        """Return the means as figures."""
        means = {
            name: float(self.sums[2 * place] / self.sums[2 * place + 1])
            for place, name in enumerate(_TERMS)
            if self.sums[2 * place + 1]
        }
        return ProtocolResult(
            protocol="words-loss",
            description="Weighted terms of the training loss, each a mean over batches, and their sum; less is better. "
            "Losses of other batch sizes do not compare.",
            values={"loss": sum(means.values()) if means else None, **means},
            per_class=(),
            in_mean=(),
            images=int(self.sums[-1]),
            pixels=0,
            unmapped=(),
            matrix=(),
        )


class WordsModule(RegimeModule):
    """Fine-tuning of both towers by captions, regions with a category, and regions against their crops.

    Args:
        recipe: The recipe.
        network: The network, its encoder one of open_clip's towers.
        vocabulary: Classes of the maps, and of the masks where there are any.
        scaling: Input scaling.
        spec: The recipe's section ``words``.
        tokens: Tokenizer of the text tower.
        told: Whether anything is said of the images; without, the text tower stays as it is.
        scored: Whether validation tiles have masks.
    """

    network: ClipNetwork

    def __init__(
        self,
        recipe: Recipe,
        network: ClipNetwork,
        vocabulary: Vocabulary,
        scaling: Normalization,
        spec: WordsSpec,
        tokens: Tokenizer,
        *,
        told: bool,
        scored: bool,
    ) -> None:
        """Keep the parts; what does not learn gets no gradients."""
        super().__init__(recipe, network, vocabulary, scaling)
        self.spec, self.scored = spec, scored
        self.vocabulary = vocabulary
        self._tokens = tokens
        self._templates = load_templates(spec.templates)
        self._means = MeanLosses()
        self.teacher: OpenClipEncoder | None = None
        if spec.teacher != "active":
            self.teacher = copy.deepcopy(self.encoder).requires_grad_(False).eval()
        network.requires_grad_(False)
        part = self.encoder if told else self.encoder.clip.visual
        part.requires_grad_(True)
        positions = self.encoder.clip.positional_embedding
        kept = positions[:KEPT] if self.encoder.context == LONG_CONTEXT else positions[:0]
        self.register_buffer("kept", kept.detach().clone(), persistent=False)

    kept: Tensor

    @property
    def encoder(self) -> OpenClipEncoder:
        """Both towers."""
        return cast(OpenClipEncoder, self.network.encoder)

    def train(self, mode: bool = True) -> Self:
        """Train the network alone."""
        super().train(mode)
        if self.teacher is not None:
            self.teacher.eval()
        return self

    def configure_optimizers(self) -> Any:
        """Return AdamW as published: no weight decay on vectors and scalars."""
        optim = self.recipe.optim
        learnt = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        groups = [
            {"params": [weight for weight in learnt if weight.ndim >= 2], "weight_decay": optim.weight_decay},
            {"params": [weight for weight in learnt if weight.ndim < 2], "weight_decay": 0.0},
        ]
        optimizer = AdamW(groups, lr=optim.lr, betas=BETAS, eps=EPSILON)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": build_schedule(optimizer, optim), "interval": "step"},
        }

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """Step, then hold the scale of similarities in 1..100, and LongCLIP's first positions where they were."""
        super().optimizer_step(*args, **kwargs)
        with torch.no_grad():
            self.encoder.clip.logit_scale.clamp_(0, math.log(LARGEST_SCALE))
            self.encoder.clip.positional_embedding[: len(self.kept)] = self.kept

    def training_step(self, batch: Any, batch_idx: int) -> Tensor | None:
        """Learn from a batch of :class:`landwright.data.views.WordItem`."""
        if self.teacher is not None and self.spec.teacher == "ema" and batch_idx % self.recipe.optim.accumulate == 0:
            update_teacher(self.teacher, self.encoder, ema_decay(self.global_step, self.spec.decay))
        terms = self.terms(batch)
        if self._is_silent(terms):
            return None
        losses = with_total(terms) if terms else {"loss": self._nothing()}
        if self.trainer.world_size > 1:  # what a device has no use for must take part all the same
            losses["loss"] = losses["loss"] + self._nothing()
        return self.report_losses(losses, batch["source"])

    def terms(self, batch: Any) -> dict[str, Tensor]:
        """Return the weighted terms of the loss of a batch."""
        return word_losses(self.encoder, self.collated(batch), self.spec, teacher=self.teacher)

    def collated(self, batch: Any) -> WordBatch:
        """Leave out the views that are not there, and turn words into token ids."""
        used = batch["used"]
        labels = batch["labels"][used]
        by_item = list(zip(*batch["categories"], strict=True))
        places = used.nonzero()
        words = [by_item[item][view] for item, view in places.tolist()]
        phrases = [
            self.spec.phrase.format(word) for word, label in zip(words, labels.tolist(), strict=True) if label >= 0
        ]
        categories, named = _once(phrases)
        captions, said = _once(batch["caption"])
        return WordBatch(
            image=self.scaled(batch["image"]),
            crops=self.scaled(batch["crops"][used]),
            boxes=batch["boxes"][used],
            places=places[:, 0],
            labels=labels,
            categories=self._ids(categories),
            named=named.to(self.device),
            captions=self._ids(captions),
            said=said.to(self.device),
        )

    def on_validation_epoch_start(self) -> None:
        """Start with no counts; where maps are scored, read the words of the classes anew."""
        self._means = MeanLosses()
        if self.scored:
            super().on_validation_epoch_start()
        self.read_words()

    def read_words(self) -> None:
        """Set the network's queries to what the text tower says now."""
        features = word_features(
            lambda ids: self.network.encode_text(ids.to(self.device)),
            self._tokens,
            self.vocabulary.queries,
            self._templates,
        )
        self.network.queries.copy_(features)

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Score maps where there are masks; else measure the loss."""
        if self.scored:
            super().validation_step(batch, batch_idx)
        else:
            self._means.update(self.terms(batch), len(batch["image"]))

    def collect(self) -> ProtocolResult:
        """Return the scores of the maps, or the mean losses."""
        if self.scored:
            return super().collect()
        self.share(self._means)
        return self._means.result()

    def _ids(self, texts: list[str]) -> Tensor:
        if not texts:
            return torch.zeros(0, self._tokens.context, dtype=torch.int64, device=self.device)
        return cut(self._tokens(texts), causal=self._tokens.causal).to(self.device)

    def _is_silent(self, terms: dict[str, Tensor]) -> bool:
        """Whether a batch teaches nothing on any device; it is counted and skipped."""
        silent = not terms
        if self.trainer.world_size > 1:
            silent = self.trainer.strategy.reduce_boolean_decision(silent, all=True)
        self.skipped += silent
        return silent

    def _nothing(self) -> Tensor:
        weights: list[nn.Parameter] = [weight for weight in self.network.parameters() if weight.requires_grad]
        return torch.stack([weight.sum() for weight in weights]).sum() * 0


def _once(texts: Sequence[str]) -> tuple[list[str], Tensor]:
    """Return texts without repetition, and the row of each; -1 for an empty one."""
    rows = {text: row for row, text in enumerate(dict.fromkeys(text for text in texts if text))}
    return list(rows), torch.tensor([rows.get(text, -1) for text in texts], dtype=torch.int64)
