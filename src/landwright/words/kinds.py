"""What a file is that is not the model it is said to be, told by the names of its tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor

from landwright.words.registry import list_models, model_info

PLAIN = "a plain CLIP, both towers"
"""The kind of what every model of the family ``openclip`` is."""

_BOTH = "Take the file with both towers, as the model is published"
_SEES_ONLY = "Take a dual encoder of images and texts, such as farslip1-b16 (all: landwright models list)"
_SAM = "Take a dual encoder such as farslip1-b16, or SAM 3, which takes words: its folder with --as sam3"
_PLAIN = "Name the model that it is, such as clip-b16 (all: landwright models list), or own for one of yours"
_UPSAMPLER = "It goes with a model: name it with upsampler_weights=FILE beside upsampler=jbu-one or jbu-stack"

# The first of these whose beginnings all begin a tensor's name is what the file is: kind, beginnings, remedy. A remedy
# in braces is a family, whose models are named.
_KINDS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "a CLIP with a ResNet as image tower, which has no patches",
        ("visual.layer1.0.conv1.", "token_embedding."),
        "Take the same model with a vision transformer, such as ViT-B-16",
    ),
    (
        "the image tower of a CLIP with a ResNet",
        ("visual.layer1.0.conv1.",),
        "Take the same model with a vision transformer, such as ViT-B-16, and with both towers",
    ),
    ("a FLAIR model", ("image_post.", "text_post."), "{flair}"),
    ("an EVA-CLIP, such as CLIPSelf or FineCLIP", ("visual.blocks.0.attn.q_proj.",), "{eva}"),
    ("an EVA-CLIP, such as CLIPSelf or FineCLIP", ("visual.trunk.blocks.0.attn.q_proj.",), "{eva}"),
    ("a CLIP with an image tower of timm, such as SigLIP", ("visual.trunk.",), "{siglip}"),
    ("a Segment Anything model, whose masks have no names", ("image_encoder.", "mask_decoder."), _SAM),
    ("a Segment Anything 2 model, whose masks have no names", ("image_encoder.trunk.", "sam_mask_decoder."), _SAM),
    ("a SAM 3 model", ("detector_model.",), "Import its folder with --as sam3"),
    ("a SAM 3 model", ("detector.",), "Import its folder with --as sam3"),
    (
        "weights of a landwright bundle",
        ("encoder.clip.", "queries"),
        "Give the bundle's folder where a model is asked for",
    ),
    ("a BLIP model", ("visual_encoder.", "text_encoder."), _SEES_ONLY),
    ("a DINO encoder, which knows no words", ("cls_token", "blocks.0.norm1.", "patch_embed."), _SEES_ONLY),
    (
        "a SigLIP model of transformers",
        ("vision_model.head.", "text_model."),
        "Take the same model in open_clip's names, such as open_clip_model.safetensors of timm/ViT-B-16-SigLIP",
    ),
    ("the image tower of a CLIP of transformers alone; its text tower is needed too", ("vision_model.",), _BOTH),
    ("the text tower of a CLIP of transformers alone; its image tower is needed too", ("text_model.",), _BOTH),
    (PLAIN, ("visual.conv1.", "visual.transformer.", "token_embedding.", "transformer."), _PLAIN),
    ("the image tower of a CLIP alone; its text tower is needed too", ("visual.conv1.", "visual.transformer."), _BOTH),
    (
        "the image tower of a CLIP alone, without its name before it",
        ("conv1.", "class_embedding", "transformer."),
        _BOTH,
    ),
    ("the text tower of a CLIP alone; its image tower is needed too", ("token_embedding.", "text_projection"), _BOTH),
    ("a feature upsampler (JBU)", ("upsampler.",), _UPSAMPLER),
    ("a feature upsampler (JBU)", ("up.range_temp",), _UPSAMPLER),
    ("a feature upsampler (JBU)", ("up1.range_temp",), _UPSAMPLER),
)
_SHOWN = 4


def kind_of(state: Mapping[str, Tensor]) -> tuple[str, str]:
    """Say what a file is instead.

    Args:
        state: Tensors by name.

    Returns:
        A noun phrase, and what the user can do about it.
    """
    for kind, beginnings, remedy in _KINDS:
        if all(_any_begins(state, beginning) for beginning in beginnings):
            return kind, _named(remedy[1:-1]) if remedy.startswith("{") else remedy
    shown = ", ".join(list(state)[:_SHOWN])
    return f"something else, with tensors such as {shown}", _SEES_ONLY


def _named(family: str) -> str:
    names = [name for name in list_models() if model_info(name).family == family]
    return f"Name the model that it is: {' or '.join(names)}"


def _any_begins(names: Iterable[str], beginning: str) -> bool:
    return any(name.startswith(beginning) for name in names)
