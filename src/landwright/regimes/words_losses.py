"""The whole loss of the regime ``words``: global, regional, and between a region and its crop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.losses import info_nce, multi_positive, region_distillation, region_features
from landwright.networks.clip.attention import attend
from landwright.networks.clip.openclip import OpenClipEncoder
from landwright.recipe import WordsSpec

LARGEST_SCALE = 100.0
"""Largest factor of similarities that is learnt, as published with CLIP."""


@dataclass(frozen=True)
class WordBatch:
    """Images, views of their parts, and what is said of both.

    Attributes:
        image: Normalised (B, C, S, S).
        crops: Normalised (N, C, S, S), parts of any of the images.
        boxes: Where they are: (N, 4) left, top, right and bottom as shares of the image.
        places: Int64 (N,): image of every crop.
        labels: Int64 (N,): category of every crop, -1 for none.
        categories: Token ids (n, L) of the crops' categories, each once.
        named: Int64 (k,): row of ``categories`` for every crop with a category, in their order.
        captions: Token ids (M, L) of captions, each once.
        said: Int64 (B,): row of ``captions`` that is said of every image, -1 for none.
    """

    image: Tensor
    crops: Tensor
    boxes: Tensor
    places: Tensor
    labels: Tensor
    categories: Tensor
    named: Tensor
    captions: Tensor
    said: Tensor


class Views(NamedTuple):
    """What an encoder says of images.

    Attributes:
        cls: Ordinary features (B, D), not of unit length.
        patches: (B, D, h, w) as the customised last layer gives them, not of unit length.
    """

    cls: Tensor
    patches: Tensor


def view(encoder: OpenClipEncoder, image: Tensor, attention: str) -> Views:
    """Run an encoder once and its last block twice: as it is, and with another attention.

    ``maskclip`` keeps residual and perceptron here, as it does in the published training, and does not when maps are
    made.

    Args:
        encoder: The towers.
        image: Normalised (B, C, H, W), sides multiples of the patch.
        attention: ``segearth`` or ``maskclip``.
    """
    grid = (image.shape[2] // encoder.patch, image.shape[3] // encoder.patch)
    tokens = encoder.tokens(image)
    cls = encoder.joint(encoder.block(tokens, -1)[:, :1])[:, 0]
    query, key, value = encoder.qkv(encoder.normed(tokens))
    last = encoder.project(attend(attention, query, key, value, grid, encoder.prefix))
    if attention == "maskclip":
        last = encoder.finish(tokens, last)
    patches = encoder.joint(last[:, encoder.prefix :])
    return Views(cls, patches.transpose(1, 2).reshape(*patches.shape[::2], *grid))


def word_losses(
    encoder: OpenClipEncoder,
    batch: WordBatch,
    spec: WordsSpec,
    *,
    teacher: OpenClipEncoder | None = None,
) -> dict[str, Tensor]:
    """Return the weighted terms of the loss that a batch has anything for.

    Negatives are those of the batch on one device. Images of which the very same is said are no negatives of one
    another: their texts cannot be told apart, and the loss is at its least where they are equally sure.

    Args:
        encoder: What is trained.
        batch: What it learns from.
        spec: The recipe's section ``words``: weights, attention and what regions are compared with.
        teacher: What sees the crops for the comparison with regions; by default the encoder, with gradients.

    Returns:
        Any of ``caption``, ``region`` and ``distillation``; none where the batch teaches nothing.
    """
    named, compared = batch.labels >= 0, bool(spec.distillation and len(batch.crops))
    told, learnt = bool(spec.caption and (batch.said >= 0).any()), bool(spec.region and named.any())
    whole, parts = _look(encoder, batch, spec, crops=learnt or (compared and teacher is None))
    said, texts = batch.said[batch.said >= 0], {}
    if told:
        texts["caption"] = encoder.encode_text(batch.captions)
    if learnt:
        texts["region"] = encoder.encode_text(batch.categories)
    shown = parts
    if compared and teacher is not None:
        with torch.no_grad():
            shown = view(teacher, batch.crops, spec.attention)
    # Half precision would lose what tells texts apart: their cosines differ by hundredths.
    with torch.autocast(batch.image.device.type, enabled=False):
        scale = encoder.clip.logit_scale.float().exp()
        terms = {}
        if told:
            text = _unit(texts["caption"])[said]
            terms["caption"] = spec.caption * info_nce(_unit(whole.cls[batch.said >= 0]), text, scale)
        if learnt and parts is not None:
            text = _unit(texts["region"])[batch.named]
            terms["region"] = spec.region * multi_positive(_unit(parts.cls[named]), text, scale, batch.labels[named])
        if compared and shown is not None:
            regions = region_features(whole.patches.float(), batch.boxes, batch.places)
            patches = shown.patches.float().flatten(2).transpose(1, 2)
            difference = region_distillation(regions, patches, shown.cls.float(), align=spec.align)
            terms["distillation"] = spec.distillation * difference
    return terms


def _look(encoder: OpenClipEncoder, batch: WordBatch, spec: WordsSpec, *, crops: bool) -> tuple[Views, Views | None]:
    """See images and, where asked for, crops in one pass."""
    count = len(batch.image)
    seen = view(encoder, torch.cat((batch.image, batch.crops)) if crops else batch.image, spec.attention)
    whole = Views(seen.cls[:count], seen.patches[:count])
    return whole, Views(seen.cls[count:], seen.patches[count:]) if crops else None


def _unit(features: Tensor) -> Tensor:
    return F.normalize(features.float(), dim=-1)
