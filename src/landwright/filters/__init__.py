"""Filters of maps that follow the edges of an image; pure torch, on any device."""

from landwright.filters.bilateral import bilateral_features, spatial_features
from landwright.filters.crf import dense_crf
from landwright.filters.labels import cam_labels, refined_labels, refined_scores, roi_map, token_labels
from landwright.filters.lattice import Lattice
from landwright.filters.par import pixel_adaptive_refinement

__all__ = [
    "Lattice",
    "bilateral_features",
    "cam_labels",
    "dense_crf",
    "pixel_adaptive_refinement",
    "refined_labels",
    "refined_scores",
    "roi_map",
    "spatial_features",
    "token_labels",
]
