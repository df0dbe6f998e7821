"""How the blocks of a run are shared out among workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from landwright.errors import UsageError


@dataclass(frozen=True)
class ExecutorOptions:
    """How many workers there are, and what they do when something goes wrong.

    Attributes:
        workers: Number of workers; by default one for each GPU, or one on a CPU (with Ray as many as have room).
        shard: Take only the blocks of this share (index, count); by default any block that is free.
        address: Of a Ray cluster; by default the one that ``RAY_ADDRESS`` or this machine knows, or a new one here.
        lease_seconds: See `landwright.runs.pull`.
        retries: See `landwright.runs.pull`.
        on_error: See `landwright.runs.pull`.

    Raises:
        UsageError: There are no workers.
    """

    workers: int | None = None
    shard: tuple[int, int] | None = None
    address: str | None = None
    lease_seconds: float = 60.0
    retries: int = 2
    on_error: Literal["skip", "fail"] = "skip"

    def __post_init__(self) -> None:
        """Check what `pull` does not check itself."""
        if self.workers is not None and self.workers < 1:
            raise UsageError(f"{self.workers} workers are not possible", remedy="Use 1 or more")

    @property
    def pulling(self) -> dict[str, Any]:
        """What `landwright.runs.pull` is to know."""
        return {
            "lease_seconds": self.lease_seconds,
            "retries": self.retries,
            "on_error": self.on_error,
            "shard": self.shard,
        }
