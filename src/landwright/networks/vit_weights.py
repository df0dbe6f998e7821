"""Published weights of vision transformers: Google's JAX names to timm's, and position tables of another size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isqrt

import torch
from torch import Tensor

from landwright.networks.layers.vit import resize_positions

POSITIONS = "pos_embed"

_BLOCK = re.compile(r"Transformer/encoderblock_(\d+)/(.+)/(kernel|scale|bias)")
_LAYERS = {
    "LayerNorm_0": "norm1",
    "LayerNorm_2": "norm2",
    "MlpBlock_3/Dense_0": "mlp.fc1",
    "MlpBlock_3/Dense_1": "mlp.fc2",
    "MultiHeadDotProductAttention_1/query": "attn.query",
    "MultiHeadDotProductAttention_1/key": "attn.key",
    "MultiHeadDotProductAttention_1/value": "attn.value",
    "MultiHeadDotProductAttention_1/out": "attn.proj",
}
_WHOLE = {
    "Transformer/posembed_input/pos_embedding": POSITIONS,
    "Transformer/encoder_norm/scale": "norm.weight",
    "Transformer/encoder_norm/bias": "norm.bias",
}
_PARTS = ("query", "key", "value")


def published_vit(state: Mapping[str, Tensor], grid: int) -> dict[str, Tensor]:
    """Fit published weights of a ViT to :class:`landwright.networks.layers.vit.TokenTransformer`.

    Args:
        state: Entries of Google's ``ViT-B_16.npz`` or of a timm model; unknown names pass unchanged.
        grid: Side of the position table wanted, in tokens.

    Returns:
        The entries in timm's names. The position of the class token, which is the first of a table that has one more
        than a square, is left out, and the table is resized to ``grid``.
    """
    found = _join(dict(_rename(name, tensor) for name, tensor in state.items()))
    table = found.get(POSITIONS)
    if table is not None and table.ndim == 3:
        first = 0 if _is_square(table.shape[1]) else 1
        if _is_square(table.shape[1] - first):
            found[POSITIONS] = resize_positions(table[:, first:].float(), (grid, grid))
    return found


def _rename(name: str, tensor: Tensor) -> tuple[str, Tensor]:
    """Name a JAX entry as timm does, and turn its kernel: JAX multiplies from the right and keeps heads apart."""
    block = _BLOCK.fullmatch(name)
    if block is None or block[2] not in _LAYERS:
        return _WHOLE.get(name, name), tensor
    own = f"blocks.{block[1]}.{_LAYERS[block[2]]}.{'bias' if block[3] == 'bias' else 'weight'}"
    if block[3] == "bias":
        return own, tensor.flatten()
    if tensor.ndim == 3:
        tensor = tensor.flatten(0, 1) if own.endswith("proj.weight") else tensor.flatten(1)
    return own, tensor.T if tensor.ndim == 2 else tensor


def _join(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Stack query, key and value of every block; those that are not complete stay, for the caller to report."""
    for query in [name for name in state if ".attn.query." in name]:
        names = [query.replace(".query.", f".{part}.") for part in _PARTS]
        if all(name in state and state[name].shape == state[query].shape for name in names):
            state[query.replace(".query.", ".qkv.")] = torch.cat([state.pop(name) for name in names])
    return state


def _is_square(number: int) -> bool:
    return number > 0 and isqrt(number) ** 2 == number
