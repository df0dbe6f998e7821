"""Losses in at least single precision, whatever precision the step runs in."""

from __future__ import annotations

import torch
from torch import Tensor


def wide(values: Tensor) -> Tensor:
    """Return values in at least float32: sums over many pixels need it. Double stays double."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def full_precision(values: Tensor) -> torch.autocast:
    """Return a context in which matrix products on the values' device are not cut to half precision."""
    return torch.autocast(values.device.type, enabled=False)
