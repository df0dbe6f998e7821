"""Features of words: the mean over sentences, kept on disk."""

from __future__ import annotations

import hashlib
import os
import secrets
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from landwright.words.folders import FEATURES_VARIABLE
from landwright.words.templates import Templates
from landwright.words.tokens import Tokenizer, check_words, cut

BATCH = 80
"""Sentences that go through the text tower at once."""

EncodeText = Callable[[Tensor], Tensor]


def word_features(
    encode_text: EncodeText,
    tokens: Tokenizer,
    words: Sequence[str],
    templates: Templates,
    *,
    key: str | None = None,
    cache: Path | None = None,
) -> Tensor:
    """Return one direction per word: the mean of its sentences' unit features, of unit length again.

    Args:
        encode_text: Maps token ids (N, L) to features (N, D).
        tokens: Tokenizer of the model.
        words: The words.
        templates: Sentences around them.
        key: What tells the text tower from all others, as :func:`text_fingerprint` gives it; needed with ``cache``.
        cache: Folder in which features are kept from one call to the next; None keeps none. Several processes may
            share it. Where it cannot be written to, a warning says so, and nothing is kept.

    Returns:
        Unit features (Q, D), float32 on the CPU.

    Raises:
        UsageError: A word has no tokens or is longer than the context.
    """
    check_words(words, tokens, templates)
    places: dict[str, Path] = {}
    if cache is not None and key is not None:
        folder = cache / _hash(key, templates.sha256, tokens.name, str(tokens.context))[:32]
        places = {word: folder / f"{_hash(word)[:32]}.safetensors" for word in words}
    known = {word: found for word in dict.fromkeys(words) if (found := _read(places.get(word), word)) is not None}
    new = _encode(encode_text, tokens, [word for word in dict.fromkeys(words) if word not in known], templates)
    if places:
        _keep(new, places)
    known |= new
    return torch.stack([known[word] for word in words])


def prompt_features(encode_text: EncodeText, tokens: Tokenizer, prompts: Sequence[str]) -> Tensor:
    """Return features (N, D) of whole sentences, float32 on the CPU, not of unit length.

    Sentences of like length go through the tower together, each batch cut at its longest one.

    Args:
        encode_text: Maps token ids (N, L) to features (N, D).
        tokens: Tokenizer of the model.
        prompts: The sentences, at least one.
    """
    ids = tokens(prompts)
    order = ids.argmax(dim=1).argsort(stable=True) if tokens.causal else torch.arange(len(ids))
    parts = [
        encode_text(cut(ids[part], causal=tokens.causal)).detach().float().cpu() for part in torch.split(order, BATCH)
    ]
    features = torch.cat(parts)
    return torch.empty_like(features).index_copy_(0, order, features)


def text_fingerprint(state: Mapping[str, Tensor], *facts: object) -> str:
    """Return a hash of all that a text feature depends on besides the words.

    Args:
        state: State dict of both towers; entries of the image tower, whose names have a part ``visual``, do not count.
        facts: What no tensor tells, such as the activation.
    """
    digest = hashlib.sha256(repr(facts).encode())
    for name, tensor in sorted(state.items()):
        if "visual" not in name.split("."):
            values = tensor.detach().cpu().contiguous()
            digest.update(f"{name} {values.dtype} {tuple(values.shape)}".encode())
            digest.update(values.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


@torch.no_grad()
def _encode(
    encode_text: EncodeText, tokens: Tokenizer, words: Sequence[str], templates: Templates
) -> dict[str, Tensor]:
    if not words:
        return {}
    prompts = [prompt for word in words for prompt in templates.fill(word)]
    features = F.normalize(prompt_features(encode_text, tokens, prompts), dim=-1)
    mean = features.view(len(words), len(templates.prompts), -1).mean(dim=1)
    return dict(zip(words, F.normalize(mean, dim=-1), strict=True))


def _read(path: Path | None, word: str) -> Tensor | None:
    """Return a kept feature; what is missing, damaged or of another word counts as not kept."""
    if path is None:
        return None
    try:
        if not path.is_file():
            return None
        with safe_open(path, framework="pt") as file:
            stored: Tensor = file.get_tensor("feature")
            return stored if (file.metadata() or {}).get("word") == word else None
    except (SafetensorError, OSError):
        return None


def _keep(features: Mapping[str, Tensor], places: Mapping[str, Path]) -> None:
    """Write features, or warn once where that cannot be done: they are only there to save time."""
    for word, feature in features.items():
        try:
            _write(places[word], word, feature)
        except (OSError, SafetensorError) as error:
            warnings.warn(
                f"features of words cannot be kept in {places[word].parent.parent} ({error}), so they will be computed "
                f"again the next time; another folder can be named with {FEATURES_VARIABLE}",
                stacklevel=3,
            )
            return


def _write(path: Path, word: str, feature: Tensor) -> None:
    """Write a feature under another name and rename it: readers see all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        save_file({"feature": feature.contiguous()}, temporary, metadata={"word": word})
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
