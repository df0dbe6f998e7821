"""What a network returns: named tensors at the size of its input."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Outputs:
    """Named tensors of one forward pass, all but ``tokens`` and ``tags`` at the input's height and width.

    Attributes:
        classes: Class logits (B, K, H, W); K = 1 means one foreground logit for a sigmoid. None for networks
            without a class head.
        height: Height above ground in metres (B, 1, H, W), or None.
        auxiliary: Further class logits (B, K, H, W) for deep supervision, coarsest first, or the logits of parallel
            branches whose mean is ``classes`` (``NetworkInfo.branches``). Filled in eval mode too.
        features: Features (B, F, H, W) that the class head reads, or None.
        tokens: Last feature map (B, D, h, w) of the encoder, normalised as the heads see it, or None
            (``NetworkInfo.tokens``). It covers the input as padded to the network's stride and is not cropped back.
        queries: How alike pixels and words are (B, Q, H, W), for Q words of all classes in order, or None
            (``NetworkInfo.queries``). Such maps, and not ``classes``, are averaged over windows.
        tags: Logits (B, T) of which classes are in the image, the last block's first, or nothing
            (``NetworkInfo.tags``).
        foreground: Class logits (B, K, H, W) of a second decoder that learns with the first from tags, or None.
    """

    classes: Tensor | None
    height: Tensor | None = None
    auxiliary: tuple[Tensor, ...] = ()
    features: Tensor | None = None
    tokens: Tensor | None = None
    queries: Tensor | None = None
    tags: tuple[Tensor, ...] = ()
    foreground: Tensor | None = None


# Lets torch.export and functional transforms look inside.
torch.export.register_dataclass(Outputs, serialized_type_name="landwright.Outputs")
