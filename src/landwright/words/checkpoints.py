"""Published CLIP checkpoints in all the forms that they come in, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

from torch import Tensor

from landwright.errors import DataError, UsageError
from landwright.networks.clip.huggingface import convert_hf_clip, hf_name
from landwright.networks.clip.positions import LONG_CONTEXT, merge_positions
from landwright.networks.clip.towers import open_clip
from landwright.networks.registry import choose
from landwright.tensors import check_finite, read_checkpoint
from landwright.words.families import Published, open_clip_name, read_family
from landwright.words.kinds import PLAIN, kind_of
from landwright.words.registry import OWN, Activation, ModelInfo, list_models, model_info
from landwright.words.shapes import CONV, NEEDED, POSITIONS, TEXT_POSITIONS, Towers, architectures, measure, sizes

LONG = "positional_embedding_res"
"""Second table of text positions, which LongCLIP's files have and no others."""

_CONTEXT = 77
_MASKS = ("mask1", "mask2")
_NOTES = ("input_resolution", "context_length", "vocab_size", "attn_mask")
_HUGGING_FACE, _NO_CLIP = ("vision_model.", "text_model."), "vision_model.head."


@dataclass(frozen=True)
class ClipCheckpoint:
    """A checkpoint, ready for a network.

    Attributes:
        options: Options of the network ``clip``: architecture, family, activation, context, and attention and residual
            where the model has only one way.
        state: Tensors, float32, by the names of :attr:`landwright.networks.clip.ClipNetwork.encoder`.
        note: What was changed on the way, for the user, or None.
        published: Gives the file's own name of a tensor, for messages.
    """

    options: dict[str, Any]
    state: dict[str, Tensor]
    note: str | None = None
    published: Published = open_clip_name


def read_clip(
    path: str | Path, info: ModelInfo, *, activation: str | None = None, context: int | None = None
) -> ClipCheckpoint:
    """Read the weights of a dual encoder. Nothing in the file is executed.

    Architecture, patch, width and context are taken from the shapes in the file and must be those of the model. What
    no file tells is the activation.

    Args:
        path: A safetensors file, a state dict of ``torch.save`` (alone, in a training checkpoint under ``state_dict``,
            with or without ``module.`` before the names), a TorchScript archive, a file of Hugging Face's CLIPModel,
            or of LongCLIP.
        info: The model that it is said to be.
        activation: ``quick_gelu`` or ``gelu``; by default the model's, needed for ``own``.
        context: Number of text tokens; by default the model's, for ``own`` the file's.

    Returns:
        Options and tensors.

    Raises:
        UsageError: The activation is unknown, or is needed and not given, or the model has another context.
        DataError: The file is missing, damaged, holds numbers that are not finite, or is not what it is said to be; the
            message says what it is.
    """
    path = Path(path).expanduser()
    chosen = _activation(info, activation)
    if info.family != "openclip":
        if context not in (None, info.context):
            raise UsageError(f"{info.name} reads {info.context} tokens, not {context}", remedy="Leave context out")
        options, state, name_of = read_family(path, info)
        check_finite(state, path=path, published=name_of)
        return ClipCheckpoint({**options, **_fixed(info), "activation": chosen}, state, published=name_of)
    state = {name: tensor for name, tensor in read_checkpoint(path).items() if name not in _NOTES}
    published: Published = open_clip_name
    if _is_hugging_face(state):
        published = _hf_name
        state = _from_hugging_face(path, state)
    _refuse_others(path, info, state)
    state, found = _join_positions(path, state)
    wanted = context or info.context or found
    if found != wanted:
        raise DataError(
            f"its texts have {_long(found)}, not the {_long(wanted)} of {info.name}",
            path=path,
            remedy=f"If this is right for the file, say so with context={found}: landwright models import FILE --as "
            f"{info.name} --set context={found}",
        )
    towers = measure(state)
    architecture = _architecture(path, info, towers)
    note = _fit_grid(state, architecture, towers)
    options = {"architecture": architecture, "activation": chosen, "context": wanted, **_fixed(info)}
    tensors = {f"clip.{name}": tensor.float() for name, tensor in state.items()}
    check_finite(tensors, path=path, published=published)
    return ClipCheckpoint(options, tensors, note, published)


def _is_hugging_face(state: Mapping[str, Tensor]) -> bool:
    """Tell whether these are both towers of a CLIPModel of transformers, and not a SigLIP's."""
    begins = [any(name.startswith(beginning) for name in state) for beginning in (*_HUGGING_FACE, _NO_CLIP)]
    return begins == [True, True, False]


def _from_hugging_face(path: Path, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    try:
        return convert_hf_clip(state)
    except KeyError as error:
        raise DataError(
            f"is a CLIPModel of transformers, but {error} is missing", path=path, remedy="Copy the file again"
        ) from error


def _hf_name(name: str) -> str:
    return hf_name(open_clip_name(name))


def _activation(info: ModelInfo, asked: str | None) -> str:
    if asked is None and info.activation is None:
        raise UsageError(
            "no file tells the activation that its weights were trained with",
            remedy="Say it with activation=quick_gelu (OpenAI's CLIP and what was trained from it) or activation=gelu "
            "(OpenCLIP on LAION): landwright models import FILE --as own --set activation=quick_gelu -o BUNDLE",
        )
    return choose("activation", asked or info.activation, get_args(Activation))


def _fixed(info: ModelInfo) -> dict[str, Any]:
    """Return options that the model has only one way of."""
    given = {"attention": info.attention, "residual": info.residual}
    family = {} if info.family == "openclip" else {"family": info.family}
    return {**family, **{name: value for name, value in given.items() if value is not None}}


def _refuse_others(path: Path, info: ModelInfo, state: Mapping[str, Tensor]) -> None:
    missing = [name for name in NEEDED if name not in state]
    if not missing and state[CONV].ndim == 4:
        return
    kind, remedy = kind_of(state)
    if kind == PLAIN:
        raise DataError(
            f"is a CLIP with a part missing or mis-shaped: {', '.join(missing or [CONV])}",
            path=path,
            remedy="Copy the file again from its source",
        )
    what = "the weights of a CLIP" if info.name == OWN else f"the weights of {info.name}"
    raise DataError(
        f"is {kind}, not {what} (both towers, images by a plain vision transformer)", path=path, remedy=remedy
    )


def _join_positions(path: Path, state: dict[str, Tensor]) -> tuple[dict[str, Tensor], int]:
    """Join LongCLIP's two tables, and return the number of text positions."""
    joined = {name: tensor for name, tensor in state.items() if name not in (LONG, *_MASKS)}
    if LONG in state:
        first, second = state[TEXT_POSITIONS], state[LONG]
        if first.shape != second.shape:
            raise DataError(
                f"its two tables of text positions do not go together: {list(first.shape)} and {list(second.shape)}; "
                "the file was saved half-way between CLIP and LongCLIP",
                path=path,
                remedy="Take a file that LongCLIP's own training saved",
            )
        joined[TEXT_POSITIONS] = merge_positions(first, second)
    return joined, joined[TEXT_POSITIONS].shape[0]


def _architecture(path: Path, info: ModelInfo, towers: Towers) -> str:
    names = architectures(towers)
    if info.architecture is None and names:
        return names[0]
    if info.architecture in names:
        return str(info.architecture)
    if not names:
        expected = f" (those of {info.name} have {sizes(info.architecture).words})" if info.architecture else ""
        raise DataError(
            f"holds towers of no known architecture: {towers.words}{expected}",
            path=path,
            remedy="Take a file with one of open_clip's plain vision transformers",
        )
    fitting = [name for name in list_models() if model_info(name).architecture in names]
    alike = [name for name in fitting if name.split("-")[0] == info.name.split("-")[0]] or [OWN]
    raise DataError(
        f"holds the towers of {names[0]} ({towers.words}), not those of {info.architecture}, which {info.name} is",
        path=path,
        remedy=f"Name the model that it is: {' or '.join(alike)}",
    )


def _fit_grid(state: dict[str, Tensor], architecture: str, towers: Towers) -> str | None:
    """Bring image positions of another image size to the architecture's grid, as open_clip does at loading."""
    grid = sizes(architecture).grid
    if towers.grid == grid:
        return None
    shape = SimpleNamespace(visual=SimpleNamespace(grid_size=(grid, grid)))
    state[POSITIONS] = state[POSITIONS].float()
    open_clip().model.resize_pos_embed(state, shape)
    return (
        f"image positions of {towers.grid} x {towers.grid} patches were fitted to the {grid} x {grid} of {architecture}"
    )


def _long(context: int) -> str:
    kinds = {_CONTEXT: " of plain CLIP", LONG_CONTEXT: " of LongCLIP"}
    return f"{context} positions{kinds.get(context, '')}"
