"""The packages that ONNX files need."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from landwright.errors import UsageError


def onnx_library(name: str) -> ModuleType:
    """Import a package of the extra ``export``.

    Args:
        name: ``onnx``, ``onnxscript`` or ``onnxruntime``.

    Raises:
        UsageError: It is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise UsageError(
            f"ONNX files need {error.name or name}", remedy="Install it with: pip install 'landwright[export]'"
        ) from error
