"""Refuse weights that are not numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from landwright.errors import DataError


def check_finite(state: Mapping[str, Tensor], *, path: Path, published: Callable[[str], str] = str) -> None:
    """Refuse a state dict with a value that is NaN or infinite: whatever it scores is NaN too.

    Args:
        state: Tensors by name.
        path: File that they come from, for the message.
        published: Gives the name by which the message calls a tensor.

    Raises:
        DataError: There is such a value; the message names the tensor.
    """
    for name, tensor in state.items():
        if not tensor.is_floating_point() or not tensor.numel():
            continue
        # Smallest and largest are NaN where anything is: one pass, and nothing of the tensor's size is made.
        if not torch.stack(torch.aminmax(tensor)).isfinite().all():
            raise DataError(
                f"its tensor {published(name)} holds values that are not finite (NaN or infinite)",
                path=path,
                remedy="Copy the file again from its source; if it is so there, the training has diverged: take an "
                "earlier checkpoint",
            )
