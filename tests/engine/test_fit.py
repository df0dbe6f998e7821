"""The batch fills the memory that there is, and no more."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from landwright.engine import fit
from landwright.engine.fit import check_sums, fit_batch, map_bytes, sum_bytes
from landwright.errors import UsageError

MB = 10**6


class Machine:
    """A device whose memory the test makes up: a batch takes ``base`` and so much for every window."""

    channels = 3

    def __init__(
        self, kind: str, free: int, base: int = 100 * MB, each: int = 50 * MB, leap: int | None = None
    ) -> None:
        self.device = torch.device(kind)
        self.free, self.base, self.each, self.leap = free, base, each, leap
        self.highest = 0
        self.batches: list[int] = []

    def __call__(self, pixels: Any, valid: Any) -> torch.Tensor:
        batch, bands, height, width = pixels.shape
        assert (bands, height, width) == (4, 32, 32)
        assert valid.shape == (batch, 32, 32)
        self.batches.append(batch)
        needed = self.base + batch * self.each
        if needed > self.free or (self.leap is not None and batch > self.leap):
            raise torch.OutOfMemoryError
        self.highest = max(self.highest, needed)
        return torch.zeros(batch, 3, height, width)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    def machine(kind: str, free: int, **settings: Any) -> Machine:
        made = Machine(kind, free, **settings)
        monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, 2 * free))
        monkeypatch.setattr(fit, "Peak", lambda _: lambda: made.highest)
        return made

    return machine


def fitted(scorer: Machine, **settings: Any) -> int:
    return fit_batch(scorer, tile=32, bands=4, **({"usual": 8} | settings))


@pytest.mark.parametrize(
    ("free", "settings", "batch"),
    [
        (1000, {}, 16),  # 900 of 1000 are used: 100 + 16 x 50
        (1000, {"limit": 500 * MB}, 8),
        (1000, {"limit": 5000 * MB}, 16),
        (1000, {"reserved": 300 * MB}, 10),
        (100_000, {}, 64),
        (170, {}, 1),
    ],
)
def test_on_a_gpu_the_batch_fills_the_memory(machine: Any, free: int, settings: dict[str, int], batch: int) -> None:
    assert fitted(machine("cuda", free * MB), **settings) == batch


def test_a_batch_that_does_not_go_through_is_halved(machine: Any) -> None:
    scorer = machine("cuda", 1000 * MB, leap=5)
    assert fitted(scorer) == 4
    assert scorer.batches == [1, 1, 2, 2, 16, 8, 4, 4]


def test_where_two_windows_do_not_fit_it_is_one(machine: Any) -> None:
    assert fitted(machine("cuda", 180 * MB, base=0, each=100 * MB)) == 1


@pytest.mark.parametrize("settings", [{}, {"limit": 120 * MB}, {"reserved": 800 * MB}])
def test_a_window_that_does_not_fit_is_refused(machine: Any, settings: dict[str, int]) -> None:
    free = 1000 if settings else 120
    with pytest.raises(UsageError, match="not even one window of 32 pixels") as caught:
        fitted(machine("cuda", free * MB), **settings)
    assert "--tile" in (caught.value.remedy or "")


def test_on_a_cpu_the_usual_batch_is_kept_without_a_measurement(machine: Any) -> None:
    scorer = machine("cpu", 10**12)
    assert fitted(scorer) == 8
    assert not scorer.batches


@pytest.mark.parametrize(("limit", "usual", "batch"), [(310, 8, 4), (5000, 8, 8), (5000, 1, 1), (160, 8, 1)])
def test_on_a_cpu_a_limit_makes_it_smaller(machine: Any, limit: int, usual: int, batch: int) -> None:
    assert fitted(machine("cpu", 10**12), limit=limit * MB, usual=usual) == batch


def test_where_memory_is_not_told_the_usual_batch_is_kept(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = machine("cpu", 10**12)
    monkeypatch.setattr(fit, "Peak", lambda _: lambda: None)
    assert fitted(scorer, limit=MB) == 8


def test_a_real_network_is_measured_on_this_processor(identity: Any) -> None:
    assert fit_batch(identity(3), tile=64, bands=3, usual=4, limit=2 * 10**9) == 4


def test_sums_that_do_not_fit_are_refused_with_what_would() -> None:
    assert sum_bytes(8, 512, 100_000) == 1_638_400_000
    check_sums(8, 512, 100_000, 1_638_400_000)
    with pytest.raises(UsageError, match=r"take 1\.6 GB, 8 channels of 512 x 100000 pixels") as caught:
        check_sums(8, 512, 100_000, 500 * MB)
    assert "--block 29493" in (caught.value.remedy or "")
    with pytest.raises(UsageError, match="on cuda:1") as caught:
        check_sums(8, 512, 100_000, 10 * MB, device=torch.device("cuda", 1))
    assert "--block" not in (caught.value.remedy or "")
    assert "--tile" in (caught.value.remedy or "")


def test_what_a_map_takes_is_about_what_was_measured() -> None:
    """4096 columns, 8 classes, of which benchmarks/mapping.md tells the peak with a batch of one window."""
    assert 0.8 < map_bytes(8, 512, 4096, bands=3) / (213 * MB) < 1.2
