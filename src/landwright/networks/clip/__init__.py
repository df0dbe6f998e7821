"""Dual encoders of images and texts, read patch by patch."""

from landwright.networks.clip.encoder import DenseEncoder
from landwright.networks.clip.network import ClipNetwork
from landwright.networks.clip.rule import QueryRule
from landwright.networks.clip.slide import slide

__all__ = ["ClipNetwork", "DenseEncoder", "QueryRule", "slide"]
