"""Networks that are built to be filled need no random weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_DRAWS: frozenset[Callable[..., Any]] = frozenset((Tensor.uniform_, Tensor.normal_, Tensor.erfinv_))


class Unfilled(TorchFunctionMode):
    """A context in which no random numbers are drawn for parameters: their values are whatever was in memory.

    Buffers, which constructors compute and no checkpoint need hold, are made as ever. All parameters have to be filled
    afterwards.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Leave a parameter as it is where it would be initialised."""
        if func in _DRAWS or getattr(func, "__module__", None) == nn.init.__name__:
            tensor = args[0] if args else (kwargs or {})["tensor"]
            if isinstance(tensor, nn.Parameter):
                return tensor
        return func(*args, **(kwargs or {}))
