"""From words to token ids: the tokenizer that belongs to a model, and what it makes of the user's words."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import torch
from torch import Tensor

from landwright.errors import DataError, UsageError
from landwright.networks.clip.towers import open_clip
from landwright.words.folders import weights_folder
from landwright.words.templates import HOLE, Templates

_SPECIAL = 2
_SHARED = ("openclip", "eva", "flair")


@dataclass(frozen=True)
class Tokenizer:
    """Token ids for the text tower of one model.

    Attributes:
        name: What tells it from others.
        context: Number of positions of the tower.
        causal: Whether a token sees only those before it, so that ids cut behind the last end token of a batch give the
            same features.
        split: Gives the ids of one text, without start, end and padding.
        pad: Gives the ids (N, context) of texts as the tower takes them, cut at its context.
        marks: Ids that begin, end or fill a text; no word may hold one.
    """

    name: str
    context: int
    causal: bool
    split: Callable[[str], Sequence[int]] = field(repr=False)
    pad: Callable[[Sequence[str]], Tensor] = field(repr=False)
    marks: frozenset[int] = frozenset()

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Return ids (N, context) of texts; what is longer than the context is cut and ends as published."""
        return self.pad(texts)


def tokenizer(family: str, architecture: str, context: int) -> Tokenizer:
    """Return the tokenizer of a model.

    Args:
        family: Kind of towers, see :class:`landwright.words.ModelInfo`.
        architecture: Name of the towers.
        context: Number of text positions.

    Returns:
        CLIP's byte-pair tokenizer for all towers that were trained with it; for SigLIP the one that the hub has, for
        TIPS a SentencePiece model in the folder of weights.

    Raises:
        UsageError: open_clip, or what SigLIP and TIPS need besides, is not installed.
        DataError: The tokenizer's file is not here, and no hub can be reached.
    """
    if family in _SHARED:
        pairs = _byte_pairs()
        marks = frozenset(pairs.all_special_ids)
        return Tokenizer(
            "clip-bpe", context, True, pairs.encode, lambda texts: cast(Tensor, pairs(list(texts), context)), marks
        )
    if family == "siglip":
        return _siglip(architecture, context)
    return _tips(context)


def cut(ids: Tensor, *, causal: bool) -> Tensor:
    """Drop the padding behind the longest text of a batch, where the tower is causal.

    Args:
        ids: Token ids (N, context), padded with zeros; the end token has the largest id.
        causal: Whether a token sees only those before it.

    Returns:
        Ids (N, L) with L the length of the longest text; the features of a causal tower do not change.
    """
    return ids[:, : int(ids.argmax(dim=1).max()) + 1] if causal and len(ids) else ids


def check_words(words: Sequence[str], tokens: Tokenizer, templates: Templates) -> None:
    """Refuse words that a text tower cannot read.

    Args:
        words: The words.
        tokens: Tokenizer of the model.
        templates: Sentences that the words go into.

    Raises:
        UsageError: A word has no tokens at all, holds a mark of the tokenizer's own such as ``<end_of_text>``, or does
            not fit into the context with the longest sentence.
    """
    room = tokens.context - _SPECIAL - max(len(tokens.split(prompt.replace(HOLE, ""))) for prompt in templates.prompts)
    for word in words:
        ids = tokens.split(word)
        length = len(ids)
        if tokens.marks.intersection(ids):
            raise UsageError(
                f"the word {_short(word)} holds a mark with which the tokenizer begins or ends a text",
                remedy="Leave marks such as <end_of_text> out",
            )
        if length == 0 or not any(character.isalnum() for character in word):
            raise UsageError(
                f"the word {word!r} has no letters, so it cannot be looked for",
                remedy="Write it in words",
            )
        if length > room:
            raise UsageError(
                f"the word {_short(word)} is {length} tokens long, but the model's context of {tokens.context} leaves "
                f"{max(room, 0)} beside the sentences of {templates.name!r}",
                remedy="Say it shorter, or take templates single, or a model with a longer context such as "
                "farslip2-b16",
            )


@cache
def _byte_pairs() -> Any:
    # The table of merges takes a moment to read.
    return open_clip().tokenizer.SimpleTokenizer()


def _siglip(architecture: str, context: int) -> Tokenizer:
    library = open_clip()
    try:
        found = library.get_tokenizer(architecture, context_length=context)
    except ImportError as error:
        raise UsageError(
            f"the tokenizer of {architecture} needs transformers", remedy="Install it with: pip install transformers"
        ) from error
    except OSError as error:
        source = library.get_model_config(architecture)["text_cfg"]["hf_tokenizer_name"]
        raise DataError(
            f"the tokenizer of {architecture} is not in the hub's cache, and the hub cannot be reached",
            remedy=f"Bring the files tokenizer.json and tokenizer_config.json of {source} into the hub's cache",
        ) from error

    def split(text: str) -> Sequence[int]:
        ids = found.tokenizer(found.clean_fn(text), add_special_tokens=False).input_ids
        return cast(Sequence[int], ids)

    def pad(texts: Sequence[str]) -> Tensor:
        return torch.as_tensor(found(list(texts), context))

    # What is unknown to the tokenizer gets an id of its own, which is no mark.
    marks = frozenset(found.tokenizer.all_special_ids) - {found.tokenizer.unk_token_id}
    return Tokenizer(architecture, context, False, split, pad, marks)


def _tips(context: int) -> Tokenizer:
    """Read TIPS's tokenizer: lower case, no begin and end, padded with 0."""
    try:
        library = importlib.import_module("sentencepiece")
    except ImportError as error:
        raise UsageError(
            "the tokenizer of TIPS needs sentencepiece", remedy="Install it with: pip install sentencepiece"
        ) from error
    file = weights_folder() / "tips.model"
    if not file.is_file():
        raise DataError(
            "the tokenizer of TIPS is not here",
            remedy=f"Get tokenizer.model of https://github.com/google-deepmind/tips and place it here as {file}",
        )
    pieces = library.SentencePieceProcessor(model_file=str(file))

    def split(text: str) -> Sequence[int]:
        return cast(Sequence[int], pieces.encode(text.lower()))

    def pad(texts: Sequence[str]) -> Tensor:
        ids = torch.zeros(len(texts), context, dtype=torch.long)
        for row, text in zip(ids, texts, strict=True):
            found = split(text)[:context]
            row[: len(found)] = torch.tensor(found)
        return ids

    return Tokenizer("tips", context, False, split, pad)


def _short(word: str) -> str:
    shown = 40
    return repr(word if len(word) <= shown else f"{word[:shown]}...")
