"""CLIP of Hugging Face transformers under open_clip's names."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_TOWERS = (
    ("vision_model.encoder.layers.", "visual.transformer.resblocks."),
    ("text_model.encoder.layers.", "transformer.resblocks."),
)
_SINGLE = {
    "logit_scale": "logit_scale",
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
    "vision_model.pre_layrnorm.weight": "visual.ln_pre.weight",
    "vision_model.pre_layrnorm.bias": "visual.ln_pre.bias",
    "vision_model.post_layernorm.weight": "visual.ln_post.weight",
    "vision_model.post_layernorm.bias": "visual.ln_post.bias",
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.final_layer_norm.weight": "ln_final.weight",
    "text_model.final_layer_norm.bias": "ln_final.bias",
}
_PROJECTIONS = {"visual_projection.weight": "visual.proj", "text_projection.weight": "text_projection"}
_BLOCK = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}
_QUERY = "self_attn.q_proj"
_PACKED = ("self_attn.k_proj", "self_attn.v_proj")


def convert_hf_clip(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Turn the entries of a ``CLIPModel`` of transformers into open_clip's.

    Queries, keys and values are packed into one product, projections are transposed, and tables of indices
    (``position_ids``) are left out. What is unknown keeps its name, so that strict loading tells of it.

    Args:
        state: Entries such as ``vision_model.encoder.layers.0.self_attn.q_proj.weight``.

    Returns:
        Entries such as ``visual.transformer.resblocks.0.attn.in_proj_weight``.
    """
    found = {}
    for name, tensor in state.items():
        if name.endswith(".position_ids"):
            continue
        if name in _PROJECTIONS:
            found[_PROJECTIONS[name]] = tensor.T.contiguous()
        elif name in _SINGLE:
            found[_SINGLE[name]] = tensor
        else:
            found.update(_block_entry(name, state))
    return found


def hf_name(name: str) -> str:
    """Return the name in transformers of one of open_clip's entries, for messages; of a packed one, those of its parts.

    Args:
        name: Entry such as ``visual.transformer.resblocks.0.attn.in_proj_weight``; others come back as they are.
    """
    for published, ours in (_SINGLE | _PROJECTIONS).items():
        if ours == name:
            return published
    for published, ours in _TOWERS:
        if not name.startswith(ours):
            continue
        number, _, rest = name.removeprefix(ours).partition(".")
        if rest.startswith("attn.in_proj_"):
            kind = rest.removeprefix("attn.in_proj_")
            return ", ".join(f"{published}{number}.{part}.{kind}" for part in (_QUERY, *_PACKED))
        layer, _, kind = rest.rpartition(".")
        for theirs, own in _BLOCK.items():
            if own == layer:
                return f"{published}{number}.{theirs}.{kind}"
    return name


def _block_entry(name: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what becomes of one entry inside the blocks; keys and values go with their queries."""
    for published, ours in _TOWERS:
        if not name.startswith(published):
            continue
        number, _, rest = name.removeprefix(published).partition(".")
        layer, _, kind = rest.rpartition(".")
        if layer in _BLOCK:
            return {f"{ours}{number}.{_BLOCK[layer]}.{kind}": state[name]}
        if layer in _PACKED:
            return {}
        if layer == _QUERY:
            parts = [state[f"{published}{number}.{part}.{kind}"] for part in (_QUERY, *_PACKED)]
            return {f"{ours}{number}.attn.in_proj_{kind}": torch.cat(parts)}
    return {name: state[name]}
