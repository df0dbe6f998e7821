"""All terms of one training step of the regime ``tags``, as a function of network, batch and plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.filters.labels import refined_labels, roi_map, token_labels
from landwright.losses import (
    balanced_cross_entropy,
    boundary_loss,
    class_contrast,
    consecutive_objects,
    joint_loss,
    object_loss,
    patch_links,
    relation,
    tag_loss,
    token_contrast,
)
from landwright.losses.dense_energy import dense_energy
from landwright.networks.ctfa import Ctfa, CtfaStep, multi_scale_cams
from landwright.regimes.tags_crops import local_crops
from landwright.regimes.tags_plan import TagsPlan

ENERGY_SCALE = 1e-7
"""Published factor of the dense energy, besides its weight."""

_WHITE = 255

Features = Callable[[Tensor, tuple[int, int]], Tensor]
"""Returns features (B, D, h, w) of pictures (B, 3, H, W) in 0..1 on a grid of tokens."""


class TagBatch(NamedTuple):
    """A batch as the losses take it.

    Attributes:
        image: Normalised float32 (B, C, H, W), sides multiples of the network's stride.
        picture: Float32 (B, 3, H, W) in 0..1: the same as colours.
        tags: 0 or 1, float32 (B, T).
        valid: Bool (B, H, W): pixels that show the image.
        local: Normalised float32 (B, C, H, W): the same ground in other colours, or None without contrast.
        second: Normalised float32 (B, C, H, W): another view of the image, or None without contrast.
        objects: Integer (B, H, W): numbers of segments, or None.
        boundary: Integer (B, H, W): 1 where segments end (255 in published padding), or None.
    """

    image: Tensor
    picture: Tensor
    tags: Tensor
    valid: Tensor
    local: Tensor | None = None
    second: Tensor | None = None
    objects: Tensor | None = None
    boundary: Tensor | None = None


class Crops(NamedTuple):
    """Local crops (n * B, C, s, s), the first of all images first, and which show something, bool (n, B)."""

    image: Tensor
    positive: Tensor


def tag_losses(
    network: Ctfa,
    batch: TagBatch,
    plan: TagsPlan,
    *,
    mapped: bool,
    features: Features | None = None,
    crops: Crops | None = None,
    move_teacher: bool = True,
) -> dict[str, Tensor]:
    """Return the terms of the loss of one batch, unweighted, with their weighted sum as ``loss``.

    Terms without a weight are not computed. As published, objects and boundaries count from the first step; mended,
    together with pseudo-labels.

    Args:
        network: The network.
        batch: The batch.
        plan: Weights and switches.
        mapped: Whether the warm-up is over, so that pseudo-labels are learnt from.
        features: What links compare; by default the network's own tokens.
        crops: Local crops; drawn from ``local`` by default.
        move_teacher: Whether the teacher's head first moves towards the student's.
    """
    seen = None if plan.paper else batch.valid
    cam, cam_aux = multi_scale_cams(network, batch.image, plan.cam_scales, valid=seen)
    step = network.step(batch.image)
    terms = {"tags": tag_loss(step.cls, batch.tags), "tags_aux": tag_loss(step.cls_aux, batch.tags)}
    weights = {"tags": 1.0, "tags_aux": 1.0}

    def add(name: str, weight: float, term: Tensor) -> None:
        terms[name], weights[name] = term, weight

    if plan.affinity:
        add("affinity", plan.affinity, _affinity(step, cam_aux, batch, plan, features))
    if plan.contrast:
        if move_teacher:
            network.update_teacher()
        add("contrast", plan.contrast, _contrast(network, step, cam_aux, batch, plan, crops))
    guided = plan.objects or plan.boundary
    if mapped or (guided and plan.paper):
        # In full precision: sums over all pixels follow.
        seg, foreground = (_enlarged(logits, batch.image) for logits in (step.seg, step.foreground))
        shown = None if plan.paper else batch.valid
        if plan.objects and batch.objects is not None:
            objects = consecutive_objects(batch.objects) if plan.object_loss == "official" else batch.objects
            add("objects", plan.objects, object_loss(seg, objects, mode=plan.object_loss, valid=shown))
        if plan.boundary and batch.boundary is not None:
            # The published loss computes with the number of the padding, too; to the others it is no boundary.
            ends = batch.boundary if plan.boundary_loss == "official" else batch.boundary == 1
            add("boundary", plan.boundary, boundary_loss(seg, ends, mode=plan.boundary_loss, valid=shown))
    if mapped and (plan.seg or plan.dense_energy or plan.joint):
        labels = pseudo_labels(cam, batch, plan)
        if plan.seg:
            add("seg", plan.seg, balanced_cross_entropy(seg, labels, background=plan.background))
        if plan.dense_energy:
            energy = dense_energy(batch.picture * _WHITE, seg.softmax(1), batch.valid, labels)
            add("dense_energy", plan.dense_energy, ENERGY_SCALE * energy)
        if plan.joint:
            add("joint", plan.joint, joint_loss(foreground, seg, labels))
    return {**terms, "loss": torch.stack([weights[name] * term for name, term in terms.items()]).sum()}


def pseudo_labels(cam: Tensor, batch: TagBatch, plan: TagsPlan) -> Tensor:
    """Return the labels (B, H, W) that decoders learn from: activation maps (B, T, H, W) that follow the colours."""
    return refined_labels(
        batch.picture,
        cam,
        batch.tags,
        batch.valid,
        background=plan.background,
        high=plan.high,
        low=plan.low,
        official=plan.paper,
    )


def _affinity(step: CtfaStep, cam_aux: Tensor, batch: TagBatch, plan: TagsPlan, features: Features | None) -> Tensor:
    height, width = step.tokens.shape[-2:]
    labels, shown = token_labels(
        cam_aux,
        batch.tags,
        batch.valid,
        (height, width),
        background=plan.background,
        high=plan.high,
        low=plan.low,
        official=plan.paper,
    )
    related = relation(labels)
    if plan.patchlink != "off":
        related = patch_links(
            related,
            step.tokens.detach() if features is None else features(batch.picture, (height, width)),
            mode=plan.patchlink,
            threshold=plan.link_threshold,
            official=plan.paper,
            valid=None if plan.paper else shown,
        )
    return token_contrast(step.tokens, related)


def _contrast(
    network: Ctfa, step: CtfaStep, cam_aux: Tensor, batch: TagBatch, plan: TagsPlan, crops: Crops | None
) -> Tensor:
    assert batch.second is not None
    if crops is None:
        assert batch.local is not None
        roi = roi_map(cam_aux, batch.tags, plan.high, plan.low)
        valid = None if plan.paper else batch.valid
        crops = Crops(*local_crops(batch.local, roi, count=plan.crops, size=plan.crop_size, valid=valid))
    # The encoder is shared: what the student has read of the whole views serves the teacher too.
    whole = torch.cat((step.cls_token, network.cls_tokens(batch.second)))
    student = network.project(torch.cat((whole, network.cls_tokens(crops.image))))
    positive = torch.cat((crops.positive.new_ones(2, len(batch.image)), crops.positive))
    return class_contrast(student, network.teach(whole.detach()), positive)


def _enlarged(logits: Tensor, image: Tensor) -> Tensor:
    return F.interpolate(logits.float(), size=image.shape[-2:], mode="bilinear", align_corners=False)
