"""Open vocabulary: models, words, and what they say of an image."""

from landwright.words.checkpoints import ClipCheckpoint, read_clip
from landwright.words.dense import DenseClip
from landwright.words.features import word_features
from landwright.words.language import language_note
from landwright.words.mapping import Segmentation
from landwright.words.preprocess import CLIP_MEAN, CLIP_STD, resize_long_side
from landwright.words.presets import DEFAULT_PRESET, PRESETS, Preset, load_preset
from landwright.words.registry import DEFAULT_MODEL, ModelInfo, list_models, model_info
from landwright.words.templates import Templates, load_templates
from landwright.words.tokens import Tokenizer, tokenizer
from landwright.words.weights import find_weights

__all__ = [
    "CLIP_MEAN",
    "CLIP_STD",
    "DEFAULT_MODEL",
    "DEFAULT_PRESET",
    "PRESETS",
    "ClipCheckpoint",
    "DenseClip",
    "ModelInfo",
    "Preset",
    "Segmentation",
    "Templates",
    "Tokenizer",
    "find_weights",
    "language_note",
    "list_models",
    "load_preset",
    "load_templates",
    "model_info",
    "read_clip",
    "resize_long_side",
    "tokenizer",
    "word_features",
]
