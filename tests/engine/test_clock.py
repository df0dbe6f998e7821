"""The stages of mapping are timed without changing what comes out."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import numpy as np
import pytest
import torch

from landwright.engine import clock as clocks
from landwright.engine.clock import Clock
from landwright.engine.stream import Tiling, map_windows


class Ticks:
    """Time that passes only where the test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("cores", [64, 1], ids=["beside", "in the network's thread"])
def test_every_stage_has_its_share_and_the_scores_are_the_same(
    monkeypatch: pytest.MonkeyPatch, reader: Any, sink: Any, identity: Any, cores: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    image = reader(np.random.default_rng(0).random((2, 90, 70), dtype=np.float32))
    tiling = Tiling(32, 0.25, batch=2)
    plain, timed = sink(2, 90, 70), sink(2, 90, 70)
    map_windows(image, identity(2), plain, tiling)
    clock, told = Clock(), []
    started = time.perf_counter()
    parts = clock.around(image, identity(2), timed, lambda done, total: told.append((done, total)))
    tally = map_windows(*parts[:3], tiling, progress=parts[3], summing=parts[4])
    seconds = time.perf_counter() - started
    assert tally.valid == 90 * 70
    np.testing.assert_array_equal(timed.scores, plain.scores)
    assert told[-1] == (90 * 70, 90 * 70)
    assert parts[0].shape == (90, 70)
    assert parts[1].channels == 2
    assert min(clock.read, clock.compute, clock.blend, clock.write) > 0
    assert clock.wait >= 0
    beside = 0.0 if cores == 1 else clock.blend + clock.write
    assert clock.compute + clock.blend + clock.write + clock.wait == pytest.approx(clock.total + beside)
    assert clock.total <= seconds


def test_summing_is_blending_but_for_what_the_sink_takes(
    monkeypatch: pytest.MonkeyPatch, reader: Any, identity: Any
) -> None:
    ticks = Ticks()
    monkeypatch.setattr(clocks.time, "perf_counter", ticks)

    class Slow(identity):  # type: ignore[misc]
        def __call__(self, pixels: Any, valid: Any) -> torch.Tensor:
            ticks.now += 5
            scores: torch.Tensor = super().__call__(pixels, valid)
            return scores

    class Taking:
        def write(self, row: int, scores: torch.Tensor, valid: Any) -> None:
            ticks.now += 2

    clock = Clock()
    _, scorer, taker, progress, summing = clock.around(reader(np.zeros((1, 4, 4))), Slow(1), Taking(), None)
    scores = scorer(np.zeros((1, 1, 4, 4)), np.ones((1, 4, 4), bool))

    def job() -> None:
        ticks.now += 1
        taker.write(0, scores[0], np.ones((4, 4), bool))

    summing(job)
    ticks.now += 0.5
    progress(16, 16)
    assert (clock.compute, clock.blend, clock.write, clock.wait, clock.total) == (5, 1, 2, 0.5, 8.5)
    beside = threading.Thread(target=summing, args=(job,))
    beside.start()
    beside.join()
    progress(16, 16)
    # The network's thread did nothing meanwhile.
    assert (clock.compute, clock.blend, clock.write, clock.wait, clock.total) == (5, 2, 4, 3.5, 11.5)


def test_on_a_gpu_it_waits_for_what_was_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = []
    monkeypatch.setattr(torch.cuda, "synchronize", waited.append)
    assert clocks._now_on(torch.device("cuda", 1))() > 0
    assert waited == [torch.device("cuda", 1)]
