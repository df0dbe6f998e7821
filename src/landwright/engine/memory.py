"""How much memory this process and its tensors take, and sizes as people write them."""

from __future__ import annotations

import ctypes
import re
import sys
from contextlib import suppress
from pathlib import Path

import torch

from landwright.errors import UsageError

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?I?)B?\s*", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Read a size such as ``4GB``, ``512 MiB`` or ``1e9`` bytes without unit.

    Raises:
        UsageError: It is none, or not above 0.
    """
    match = _SIZE.fullmatch(text)
    unit = None if match is None else _UNITS.get(match[2].upper())
    size = 0 if match is None or unit is None else int(float(match[1]) * unit)
    if size <= 0:
        raise UsageError(f"{text!r} is not a size of memory", remedy="Use a number with a unit, such as 4GB or 800MB")
    return size


def size_text(size: float) -> str:
    """Write a size in bytes for people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def give_back() -> None:
    """Give memory back to the system that was freed, but that glibc keeps; elsewhere do nothing.

    Between two blocks of a map that is all the first one took.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


class Peak:
    """Peak of memory above what it was, from now on: of tensors on a GPU, of the process on a CPU.

    Args:
        device: Which of them.
    """

    def __init__(self, device: torch.device) -> None:
        """Begin anew."""
        self._device = device
        self._known = device.type == "cuda" or sys.platform == "linux"
        self._start = 0
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            self._start = torch.cuda.memory_allocated(device)
        elif self._known:
            with suppress(OSError):  # where it is not allowed, the peak since the process began counts
                Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
            self._start = _status("VmRSS")

    def __call__(self) -> int | None:
        """Return the peak in bytes so far; None where the system does not tell it."""
        if not self._known:
            return None
        cuda = self._device.type == "cuda"
        now = torch.cuda.max_memory_allocated(self._device) if cuda else _status("VmHWM")
        return max(0, now - self._start)


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) * 1024
