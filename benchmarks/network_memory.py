"""Peak memory of the networks that `networks.py` times, each run in a fresh process."""

from __future__ import annotations

import ctypes
import gc
import re
from pathlib import Path

import torch
from fresh import fresh
from network_cases import Case, batch, contenders, runs

STEPS = 2
"""The optimiser's own memory is there from the second step on."""


def peaks(case: Case, names: list[str]) -> list[tuple[str, str, float, float]]:
    """Measure every contender: what is run, whose, megabytes held before (the weights included), largest during it."""
    jobs = [(case, name, kind) for kind in ("forward", "train step") for name in names]
    return [(kind, name, *fresh(_peak, case, name, kind)) for case, name, kind in jobs]


def _peak(case: Case, name: str, kind: str) -> tuple[float, float]:
    network, loss = contenders(case)[name]
    run = runs(network, loss, case.subject, *batch(case))[kind]
    gc.collect()
    before = _restart(case.device)
    for _ in range(STEPS):
        run()
    return before, _largest(case.device)


def _restart(device: torch.device) -> float:
    """Forget the peak of building the networks, and return what is held."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    else:
        # The C library keeps what it was given back; it would count for the contender that was built last.
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
    return _largest(device)


def _largest(device: torch.device) -> float:
    """Return the peak in MB: of torch's allocator on a GPU, else of the resident set (Linux only)."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * 1024 / 1e6
