"""Run models on data sets, one pair after the other, each from where it was stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from landwright import __version__
from landwright.errors import DataError
from landwright.evaluation.confusion import confusion
from landwright.evaluation.suite.data import SuiteData
from landwright.evaluation.suite.definition import Suite
from landwright.evaluation.suite.result import Making, PairResult, Settings
from landwright.evaluation.suite.store import Store, UnwritableError
from landwright.legends.vocabulary import Vocabulary

Classify = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
"""From an RGB image (H, W, 3) to class indices (H, W)."""

Progress = Callable[[str, str, int, int], None]
"""Called with model, data set, images done and images in all."""

Checking = Callable[[str, int, int], None]
"""Called with data set, pairs checked and pairs in all."""

SAVE_EVERY = 60.0
"""Seconds after which a pair under way is saved, for the case that the process is killed."""


class Segmenter(Protocol):
    """A model that is loaded."""

    @property
    def making(self) -> Making:
        """How it is run."""

    def classifier(self, vocabulary: Vocabulary) -> Classify:
        """Return what maps images with these words; their features are computed once, here."""


class Opener(Protocol):
    """A model that can be loaded."""

    @property
    def name(self) -> str:
        """Name in the table."""

    def open(self) -> Segmenter:
        """Load it.

        Raises:
            UsageError: The options do not fit the model.
            DataError: Its files are missing or damaged.
        """


@dataclass
class SuiteRun:
    """What a run did.

    Attributes:
        results: Finished pairs, those of earlier runs among them.
        failures: What went wrong, by model and data set.
    """

    results: list[PairResult] = field(default_factory=list)
    failures: dict[tuple[str, str], DataError] = field(default_factory=dict)


def run_suite(
    suite: Suite,
    openers: Sequence[Opener],
    data: Sequence[SuiteData],
    store: Store,
    *,
    progress: Progress = lambda _model, _dataset, _done, _total: None,
    checking: Checking = lambda _dataset, _done, _total: None,
) -> SuiteRun:
    """Score every model on every data set.

    All models are loaded once before the work begins, so that what is wrong with one is told at once. A data set that
    fails its integrity check, or an image that cannot be read, fails the pairs that need it; the others go on. What is
    stopped keeps the images counted so far and goes on with the next one.

    Args:
        suite: What is run.
        openers: Models.
        data: Data sets.
        store: Where the results are kept.
        progress: Called after every image.
        checking: Called after every pair of an integrity check.

    Returns:
        What was done.

    Raises:
        UsageError: A model does not fit its options, or has results of other settings.
        DataError: A model's files are missing or damaged.
    """
    wanted = {opener.name: _settle(suite, opener.open(), data, store) for opener in openers}
    run = SuiteRun()
    checked: dict[str, tuple[str, ...] | DataError] = {}
    for opener in openers:
        segmenter: Segmenter | None = None
        for one, settings in zip(data, wanted[opener.name], strict=True):
            earlier = store.load(settings)
            if earlier is not None and earlier.scores is not None:
                run.results.append(earlier)
                progress(opener.name, one.name, len(one.pairs), len(one.pairs))
                continue
            if one.name not in checked:
                checked[one.name] = _check(one, checking)
            notes = checked[one.name]
            if isinstance(notes, DataError):
                run.failures[opener.name, one.name] = notes
                progress(opener.name, one.name, len(one.pairs), len(one.pairs))
                continue
            segmenter = segmenter or opener.open()
            begun = earlier or _begin(settings, notes)
            try:
                run.results.append(_run_pair(segmenter, one, begun, store, progress))
            except UnwritableError:
                raise
            except DataError as error:
                run.failures[opener.name, one.name] = error
    return run


def _settle(suite: Suite, segmenter: Segmenter, data: Sequence[SuiteData], store: Store) -> list[Settings]:
    wanted = [one.settings(suite.name, segmenter.making) for one in data]
    store.settle(wanted)
    return wanted


def _check(one: SuiteData, checking: Checking) -> tuple[str, ...] | DataError:
    try:
        return one.check(partial(checking, one.name))
    except DataError as error:
        return error


def _begin(settings: Settings, notes: tuple[str, ...]) -> PairResult:
    empty = tuple((0,) * len(settings.classes) for _ in settings.classes)
    return PairResult(settings=settings, done=0, matrix=empty, seconds=0.0, version=__version__, notes=notes)


def _run_pair(segmenter: Segmenter, data: SuiteData, begun: PairResult, store: Store, progress: Progress) -> PairResult:
    model, classes = begun.settings.making.model, len(begun.settings.classes)
    counts = torch.tensor(begun.matrix)
    done, started = begun.done, time.monotonic()
    saved = started

    def state() -> PairResult:
        spent = begun.seconds + time.monotonic() - started
        return begun.model_copy(
            update={"done": done, "matrix": tuple(map(tuple, counts.tolist())), "seconds": round(spent, 3)}
        )

    try:
        progress(model, data.name, done, len(data.pairs))
        classify = segmenter.classifier(data.vocabulary)
        for image, label in data.pairs[done:]:
            picture, reference = data.read(image, label)
            found = counts + confusion(reference, classify(picture), classes)[:, :classes].cpu()
            counts, done = found, done + 1  # together: Ctrl-C must not part them
            progress(model, data.name, done, len(data.pairs))
            if time.monotonic() - saved > SAVE_EVERY:
                store.save(state())
                saved = time.monotonic()
    except BaseException:
        # Ctrl-C above all; the counts of the images done are small, and hours of work may stand behind them.
        if done > begun.done:
            store.save(state())
        raise
    result = state().finished()
    store.save(result)
    return result
