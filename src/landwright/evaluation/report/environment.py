"""What the figures were made with."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version

import torch

from landwright import __version__

PACKAGES = ("torch", "timm", "torchmetrics", "numpy", "rasterio")


def environment() -> dict[str, str]:
    """Return versions, machine and time; no names of hosts or people."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.machine()
    return {
        "landwright": __version__,
        "Python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "System": platform.system(),
        "Processor": f"{device}, {os.cpu_count()} CPU cores",
        "Scored": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
