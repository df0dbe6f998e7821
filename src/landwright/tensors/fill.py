"""Fill a network with tensors, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from torch import Tensor, nn

from landwright.tensors.mismatch import Misshaped, StateMismatchError


def fill(
    network: nn.Module,
    state: Mapping[str, Tensor],
    *,
    name: str,
    path: Path,
    remedy: str,
    own: Callable[[str], str] = str,
    theirs: Mapping[str, str] | None = None,
) -> None:
    """Load a state dict into a network, strictly.

    Args:
        network: Network to fill.
        state: Tensors by the network's own names.
        name: Registry name, for the message.
        path: File that the tensors come from, for the message.
        remedy: What the user can do when they do not fit.
        own: Gives the name by which the message calls a key that is missing.
        theirs: Names by which the message calls keys that are there; by default the network's own.

    Raises:
        StateMismatchError: Keys are missing, unexpected or mis-shaped; the message lists them.
    """
    theirs = theirs or {}
    wanted = network.state_dict()
    missing = [own(key) for key in wanted if key not in state]
    unexpected = [theirs.get(key, key) for key in state if key not in wanted]
    misshaped = [
        Misshaped(theirs.get(key, key), tuple(tensor.shape), tuple(state[key].shape))
        for key, tensor in wanted.items()
        if key in state and state[key].shape != tensor.shape
    ]
    if missing or unexpected or misshaped:
        raise StateMismatchError(
            name, missing=missing, unexpected=unexpected, misshaped=misshaped, path=path, remedy=remedy
        )
    network.load_state_dict(state)
