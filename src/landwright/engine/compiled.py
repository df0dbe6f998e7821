"""Networks compiled for the machine that they run on."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from landwright.errors import UsageError
from landwright.networks import Outputs


def check_compile(network: nn.Module, resize: int) -> None:
    """Refuse to compile what does not gain by it.

    Args:
        network: The model's.
        resize: Length in pixels that the longer side of images is brought to first, or 0.

    Raises:
        UsageError: The network is an exported file, or sees every image in another shape.
    """
    if getattr(network, "precision", None) is not None:
        raise UsageError(
            "the model is an exported file, which torch cannot compile",
            remedy="Leave --compile out, or map with the bundle",
        )
    if resize:
        raise UsageError(
            f"images are brought to {resize} pixels and seen as a whole, so that the network would be compiled anew "
            "for every shape",
            remedy="Leave --compile out, or map with --preset landwright",
        )


class Compiled:
    """A network compiled by torch, anew for every shape of its batches; scores move in their last bits.

    The first batch of a shape takes as long as compiling does. What was compiled stays in torch's cache on disk, for
    other processes too.

    Args:
        network: Returns `networks.Outputs`; on its device, in evaluation mode and with channels last.
    """

    def __init__(self, network: nn.Module) -> None:
        """Compile nothing yet."""
        self._compiled = torch.compile(network, dynamic=False)

    def __call__(self, images: Tensor) -> Outputs:
        """Return what the network says of images (B, C, H, W).

        Raises:
            UsageError: It cannot be compiled here.
        """
        from torch._dynamo.exc import TorchDynamoException

        # What test-time augmentation turned lies otherwise in memory, and would be compiled for once more.
        alike = torch.empty_like(images, memory_format=torch.channels_last).copy_(images)
        try:
            return cast("Outputs", self._compiled(alike))
        except TorchDynamoException as error:
            reason = str(error).strip().partition("\n")[0]
            raise UsageError(
                f"the network cannot be compiled here: {reason}",
                remedy="Leave --compile out, or install what torch.compile needs: a C++ compiler, such as g++, and for "
                "a GPU Triton",
            ) from error
