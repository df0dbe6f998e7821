"""From what a network returns to scores that may be averaged."""

from __future__ import annotations

import torch
from torch import Tensor


def probabilities(logits: Tensor, classes: int) -> Tensor:
    """Turn class logits into probabilities.

    Args:
        logits: (B, K, H, W), or (B, 1, H, W) for a sigmoid of the second of two classes.
        classes: Number of classes in the legend.

    Returns:
        (B, classes, H, W) float32 in 0..1, summing to 1.

    Raises:
        ValueError: The network's number of logits does not fit the legend.
    """
    logits = logits.float()
    if logits.shape[1] == classes:
        return logits.softmax(dim=1)
    if logits.shape[1] == 1 and classes == 2:
        # sigmoid(-x) keeps the digits that 1 - sigmoid(x) would lose.
        return torch.cat([(-logits).sigmoid(), logits.sigmoid()], dim=1)
    raise ValueError(f"{logits.shape[1]} logits do not fit {classes} classes")
