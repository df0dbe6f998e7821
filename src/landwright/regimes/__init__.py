"""Regimes: one per kind of label, each a module and a dataset; the trainer is the same for all."""

from landwright.regimes.training import TrainingInterrupted, TrainResult, train

__all__ = ["TrainResult", "TrainingInterrupted", "train"]
