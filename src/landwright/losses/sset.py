"""A code for the tokens of a frozen encoder in which alike tokens lie together (SSET of ATSG).

ATSG's figure shows this training and its code does not have it. Built after Seong et al., "Leveraging Hidden Positives
for Unsupervised Semantic Segmentation", CVPR 2023, with the mean cosine as the threshold, as the figure says.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.losses.precision import full_precision, wide

TEMPERATURE = 0.4


def sset_loss(code: Tensor, features: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Draw the codes of tokens together whose features are more alike than two tokens are on the mean.

    Args:
        code: (N, P) of any length.
        features: (N, D), the tokens that the codes were made of.
        temperature: Divides the cosines of codes.

    Returns:
        Scalar, the mean over all tokens; those that have no other alike add 0.
    """
    code, features = F.normalize(wide(code), dim=1), F.normalize(wide(features.detach()), dim=1)
    itself = torch.eye(len(code), dtype=torch.bool, device=code.device)
    with full_precision(code):
        cosines = features @ features.T
        mean = cosines.masked_fill(itself, 0.0).sum() / max(1, len(code) * (len(code) - 1))
        alike = (cosines > mean) & ~itself
        scores = (code @ code.T / temperature).masked_fill(itself, -torch.inf)
    said = scores.log_softmax(1).masked_fill(~alike, 0.0).sum(1)
    return -(said / alike.sum(1).clamp(min=1)).mean()
