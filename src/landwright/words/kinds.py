"""What a file is that is no CLIP with plain vision transformer, told by the names of its tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor

# The first of these whose names all begin a tensor's name is what the file is.
_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("a CLIP with a ResNet as image tower, which has no patches", ("visual.layer1.0.conv1.", "token_embedding.")),
    ("the image tower of a CLIP with a ResNet", ("visual.layer1.0.conv1.",)),
    ("a CLIP with an image tower of timm, such as SigLIP", ("visual.trunk.",)),
    ("an EVA-CLIP, such as CLIPSelf or FineCLIP", ("visual.blocks.0.attn.q_proj.",)),
    ("a Segment Anything model, whose masks have no names", ("image_encoder.", "mask_decoder.")),
    ("a Segment Anything 2 model, whose masks have no names", ("image_encoder.trunk.", "sam_mask_decoder.")),
    ("a SAM 3 model", ("detector_model.",)),
    ("a SAM 3 model", ("detector.",)),
    ("weights of a landwright bundle", ("encoder.clip.", "queries")),
    ("a BLIP model", ("visual_encoder.", "text_encoder.")),
    ("a DINO encoder, which knows no words", ("cls_token", "blocks.0.norm1.", "patch_embed.")),
    ("a SigLIP model of transformers", ("vision_model.head.", "text_model.")),
    ("the image tower of a CLIP of transformers alone; its text tower is needed too", ("vision_model.",)),
    ("the text tower of a CLIP of transformers alone; its image tower is needed too", ("text_model.",)),
    ("the image tower of a CLIP alone; its text tower is needed too", ("visual.conv1.", "visual.transformer.")),
    ("the image tower of a CLIP alone, without its name before it", ("conv1.", "class_embedding", "transformer.")),
    ("the text tower of a CLIP alone; its image tower is needed too", ("token_embedding.", "text_projection")),
    ("a feature upsampler (JBU)", ("upsampler.",)),
    ("a feature upsampler (JBU)", ("up.range_temp",)),
    ("a feature upsampler (JBU)", ("up1.range_temp",)),
)
_REMEDIES = {
    "weights of a landwright bundle": "Give the bundle's folder where a model is asked for",
    "a SAM 3 model": "Import its folder with --as sam3",
}
_SHOWN = 4


def kind_of(state: Mapping[str, Tensor]) -> tuple[str, str | None]:
    """Say what a file is instead.

    Args:
        state: Tensors by name.

    Returns:
        A noun phrase, and what the user can do about it where there is something.
    """
    for kind, beginnings in _KINDS:
        if all(_any_begins(state, beginning) for beginning in beginnings):
            return kind, _REMEDIES.get(kind)
    shown = ", ".join(list(state)[:_SHOWN])
    return f"something else, with tensors such as {shown}", None


def _any_begins(names: Iterable[str], beginning: str) -> bool:
    return any(name.startswith(beginning) for name in names)
