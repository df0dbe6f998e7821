"""How far teacher and student agree on images without labels."""

from __future__ import annotations

import torch
from torch import Tensor

from landwright.losses import height_consistency
from landwright.networks import Outputs
from landwright.recipe import SyntheticSpec

CLASSES, HEIGHT, PIXELS, RAISED = range(4)
FIGURES = ("agreement", "classes_agreement", "height_agreement")


class Agreement:
    """Counts of the pixels where two networks say the same with confidence.

    A class counts where both see it and the teacher is at least as sure as a pseudo-label must be. Of the pixels that
    either sees above ``floor``, a height counts where the two differ by less than the ratio that makes a pseudo-height
    consistent; networks that see no heights anywhere agree on none. A network that is sure of one class everywhere
    agrees with itself, too: the figure compares steps of one run, and is no accuracy.

    Args:
        spec: The recipe's section ``synthetic``.
        heads: What both networks return of ``classes`` and ``height``.
    """

    def __init__(self, spec: SyntheticSpec, heads: tuple[str, ...]) -> None:
        """Start with no counts."""
        self._spec = spec
        self._heads = heads
        self._counts = torch.zeros(4, dtype=torch.float64)

    def update(self, student: Outputs, teacher: Outputs, valid: Tensor) -> None:
        """Count a batch of tiles; ``valid`` is bool (B, H, W)."""
        spec, pixels = self._spec, valid.sum((1, 2)).double()
        found = {PIXELS: pixels.sum()}
        if student.classes is not None and teacher.classes is not None:
            best, label = teacher.classes.softmax(1).max(1)
            same = (student.classes.argmax(1) == label) & (best >= spec.confidence)
            found[CLASSES] = (same & valid).sum()
        if student.height is not None and teacher.height is not None:
            seen = valid & raised_pixels(student.height, teacher.height, spec.floor)
            shares = height_consistency(student.height, teacher.height, spec.ratio, floor=spec.floor, valid=seen)
            found[RAISED] = seen.sum()
            found[HEIGHT] = (shares * seen.sum((1, 2))).sum()
        for kind, count in found.items():
            self._counts[kind] += float(count)

    def state(self) -> Tensor:
        """Return the counts; the vectors of several processes may be summed."""
        return self._counts

    def load_state(self, state: Tensor) -> None:
        """Take the sum of what :meth:`state` returned in several processes."""
        self._counts = state.cpu()

    def values(self) -> dict[str, float | None]:
        """Return ``agreement``, the mean over classes and height, each 0..1, and both of them."""
        if not float(self._counts[PIXELS]):
            return {"agreement": None}
        places = {"classes": (CLASSES, PIXELS), "height": (HEIGHT, RAISED)}
        shares = {}
        for head in self._heads:
            agreed, counted = (float(self._counts[place]) for place in places[head])
            shares[head] = agreed / counted if counted else 0.0
        mean = sum(shares.values()) / len(shares)
        return {"agreement": mean, **{f"{head}_agreement": share for head, share in shares.items()}}


def raised_pixels(first: Tensor, second: Tensor, floor: float) -> Tensor:
    """Return where at least one of two maps of heights (B, 1, H, W) is above ``floor`` metres, bool (B, H, W)."""
    return torch.maximum(first, second)[:, 0] > floor
