"""State dicts: read from files of others without running anything in them, filled into networks strictly."""

from landwright.tensors.files import read_checkpoint, read_safetensors
from landwright.tensors.fill import fill
from landwright.tensors.finite import check_finite
from landwright.tensors.mismatch import Misshaped, StateMismatchError
from landwright.tensors.unfilled import Unfilled

__all__ = ["Misshaped", "StateMismatchError", "Unfilled", "check_finite", "fill", "read_checkpoint", "read_safetensors"]
