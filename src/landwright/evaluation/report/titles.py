"""Figures of protocols in words."""

from __future__ import annotations

TITLES = {
    "miou": "mean IoU",
    "mf1": "mean F1",
    "oa": "overall accuracy",
    "kappa": "Cohen's kappa",
    "fwiou": "frequency-weighted IoU",
    "mean_recall": "mean recall",
    "acc": "accuracy",
    "iou": "IoU",
    "f1": "F1",
}
