"""The confusion matrix of class index masks, and the scores that follow from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from torch import Tensor
from torchmetrics.functional.classification import multiclass_confusion_matrix

IGNORE = 255
"""Index of pixels without a reference, and of pixels without a prediction."""

Mask = Tensor | NDArray[np.integer]


def confusion(reference: Mask, prediction: Mask, classes: int) -> Tensor:
    """Count how reference and prediction meet.

    Args:
        reference: Class indices 0..K-1 of any shape; 255 is not counted.
        prediction: Class indices 0..K-1 of the same shape; 255 says that the map is empty there.
        classes: K, at most 254.

    Returns:
        int64 (K, K + 1) on the device of ``prediction``: rows are reference classes, columns are predicted classes,
        and the last column counts the pixels that have a reference but no prediction.

    Raises:
        ValueError: The shapes differ, or an index is neither below K nor 255.
    """
    predicted = torch.as_tensor(prediction)
    wanted = torch.as_tensor(reference).to(predicted.device)
    if wanted.shape != predicted.shape:
        raise ValueError(f"reference {tuple(wanted.shape)} and prediction {tuple(predicted.shape)} differ in shape")
    for what, mask in (("reference", wanted), ("prediction", predicted)):
        if bool(((mask < 0) | ((mask >= classes) & (mask != IGNORE))).any()):
            raise ValueError(f"the {what} holds indices other than 0..{classes - 1} and {IGNORE}")
    predicted = torch.where(predicted == IGNORE, classes, predicted.long())
    counts = multiclass_confusion_matrix(
        predicted, wanted.long(), num_classes=classes + 1, ignore_index=IGNORE, validate_args=False
    )
    # No reference pixel has the index that stands for "unmapped", so that its row is empty.
    return counts[:classes]


class ClassScores(BaseModel):
    """Scores of one class; all in 0..1, and ``None`` where they are undefined (division by nothing).

    Attributes:
        name: Class.
        iou: Intersection over union.
        f1: Harmonic mean of precision and recall, as 2 TP / (2 TP + FP + FN).
        precision: Share of the pixels mapped as this class that are right (user's accuracy).
        recall: Share of the reference pixels of this class that were found (producer's accuracy).
        reference: Reference pixels.
        predicted: Predicted pixels.
        in_mean: Whether the class enters the means.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    iou: float | None
    f1: float | None
    precision: float | None
    recall: float | None
    reference: int
    predicted: int
    in_mean: bool


class Scores(BaseModel):
    """Scores of a confusion matrix; all in 0..1, and ``None`` where they are undefined.

    Attributes:
        classes: Per class, in the order of the legend.
        miou: Mean IoU over the classes in the mean.
        mf1: Mean F1 over the same classes.
        oa: Overall accuracy.
        kappa: Cohen's kappa (this one lies in -1..1).
        fwiou: IoU weighted by the reference pixels of each class.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    classes: tuple[ClassScores, ...]
    miou: float | None
    mf1: float | None
    oa: float | None
    kappa: float | None
    fwiou: float | None


def scores(
    matrix: Mask, names: Sequence[str], *, leave_out: Sequence[str] = (), missed: Mask | Sequence[int] | None = None
) -> Scores:
    """Compute the scores of a confusion matrix.

    A class that occurs neither in the reference nor in the prediction has no score and does not enter the means. A
    class that was predicted although the reference has none of it scores 0 and does enter them, as in torchmetrics.

    Args:
        matrix: Counts (K, K), rows reference, columns prediction.
        names: K class names.
        leave_out: Names of classes that a protocol keeps out of the means.
        missed: Reference pixels (K,) that count as errors although they have no prediction. They lower recall, IoU and
            overall accuracy, and are nobody's prediction.

    Returns:
        The scores, computed in float64.

    Raises:
        ValueError: The matrix is not K x K, or ``missed`` is not K long.
    """
    counts = torch.as_tensor(matrix).cpu().numpy().astype(np.float64)
    lost = np.zeros(len(names)) if missed is None else torch.as_tensor(missed).cpu().numpy().astype(np.float64)
    if counts.shape != (len(names), len(names)) or lost.shape != (len(names),):
        raise ValueError(f"matrix {counts.shape} or missed {lost.shape} does not fit {len(names)} classes")
    right, wanted, found = np.diag(counts), counts.sum(1) + lost, counts.sum(0)
    total = wanted.sum()
    columns = {
        "iou": _divide(right, wanted + found - right),
        "f1": _divide(2 * right, wanted + found),
        "precision": _divide(right, found),
        "recall": _divide(right, wanted),
    }
    enters = [bool(present) and name not in leave_out for present, name in zip(wanted + found, names, strict=True)]
    table = tuple(
        ClassScores(
            name=name,
            **{column: _optional(values[row]) for column, values in columns.items()},
            reference=int(wanted[row]),
            predicted=int(found[row]),
            in_mean=enters[row],
        )
        for row, name in enumerate(names)
    )
    share = _divide(wanted, np.full_like(wanted, total))
    chance = float((share * _divide(found, np.full_like(found, total))).sum())
    accuracy = float(_divide(right.sum(), total))
    return Scores(
        classes=table,
        miou=_mean(columns["iou"], enters),
        mf1=_mean(columns["f1"], enters),
        oa=_optional(accuracy),
        kappa=_optional(float(_divide(np.float64(accuracy - chance), np.float64(1 - chance)))),
        fwiou=_optional(float(np.nansum(share * columns["iou"]))) if total else None,
    )


def _divide(top: NDArray[np.float64] | np.float64, bottom: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    return np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=np.asarray(bottom) != 0)


def _mean(values: NDArray[np.float64], enters: Sequence[bool]) -> float | None:
    return float(values[list(enters)].mean()) if any(enters) else None


def _optional(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
