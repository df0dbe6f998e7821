"""Lookahead with the timing of the published CLCFormer training script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from timm.optim import Lookahead


class PublishedLookahead(Lookahead):  # type: ignore[misc]
    """Lookahead (Zhang et al., NeurIPS 2019) whose slow weights start after the first fast step.

    timm's own takes the slow copy at the first synchronisation, after step ``k``. The published script takes it after
    step 1 and synchronises after steps ``k + 1``, ``2 k + 1``, ... Everything else, also what makes it resumable, is
    timm's: the slow weights and the step counter live in the state of the base optimiser.

    Args:
        base_optimizer: The fast optimiser.
        alpha: Share of the way from the slow to the fast weights, in [0, 1].
        k: Fast steps between synchronisations, >= 1.
    """

    def __init__(self, base_optimizer: Any, alpha: float = 0.5, k: int = 5) -> None:
        """Wrap a fast optimiser."""
        super().__init__(base_optimizer, alpha=alpha, k=k)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make one fast step, and a slow one where it is due.

        Args:
            closure: Recomputes the loss.

        Returns:
            What the closure returned.
        """
        loss = self._base_optimizer.step(closure)
        for group in self._base_optimizer.param_groups:
            # At the counter's 0 there is no slow copy yet: update_slow makes it from the fast weights, and no more.
            if group["lookahead_step"] % group["lookahead_k"] == 0:
                self.update_slow(group)
            group["lookahead_step"] += 1
        return loss
