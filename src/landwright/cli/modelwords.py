"""What ``landwright models`` says of models of words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from landwright.cli.common import emit
from landwright.errors import UsageError

if TYPE_CHECKING:
    from landwright.bundles import Bundle
    from landwright.legends import Vocabulary


def named_words(words: str | None, vocabulary: str | None) -> Vocabulary | None:
    """Return the vocabulary that ``--words`` or ``--vocabulary`` names, or None.

    Raises:
        UsageError: Both are given, or the words are no vocabulary.
    """
    from landwright.legends import load_vocabulary, parse_words

    if words is not None and vocabulary is not None:
        raise UsageError("words and a vocabulary are both given", remedy="Give --words or --vocabulary")
    if words is not None:
        return parse_words(words)
    return None if vocabulary is None else load_vocabulary(vocabulary)


def say_notes(bundle: Bundle, further: Sequence[str] = ()) -> None:
    """Say on standard error what was changed in the weights, and that words are not in the language of the model.

    Args:
        bundle: The model.
        further: Other notes.
    """
    from landwright.words import language_note

    words = bundle.card.words
    of_words = () if words is None else (words.note, language_note(words.vocabulary.queries))
    for note in (*of_words, *further):
        if note:
            typer.echo(f"note: {note}", err=True)


def classes_words(bundle: Bundle) -> str:
    """Say what the classes of an imported bundle are."""
    card = bundle.card
    if card.words is not None:
        return (
            f"It looks for: {words_of(bundle)} (preset {card.words.preset}, templates {card.words.templates}). "
            f"Licence of the weights: {card.licence or 'not known'}."
        )
    return (
        f"Classes of the legend {card.legend.name}: {'; '.join(card.legend.names)}. "
        "If that is not what it was trained with, name another with --legend."
    )


def is_published(model: str) -> bool:
    """Tell whether a name is that of a published model of words."""
    from landwright.words import list_models

    return model in list_models() and not Path(model).exists()


def show_published(name: str, *, as_json: bool) -> None:
    """Show what is known about a published model of words."""
    from landwright.words import model_info

    info = model_info(name)
    where = f"{info.hub.file} of https://huggingface.co/{info.hub.repo}" if info.hub else info.url
    activation = info.activation or "not told by any file: --set activation=quick_gelu or gelu"
    note = f" ({info.activation_note})" if info.activation_note else ""
    other = info.reference_activation
    lines = [
        f"{info.name}: {info.title}",
        f"architecture {info.architecture or 'as the file has it'}",
        f"activation   {activation}{note}",
        *([f"             {other} in the published table of RS-OVSS"] if other else []),
        f"context      {info.context or 'as the file has it'} tokens",
        f"licence      {info.licence_words}",
        *([f"weights      {where}"] if where else []),
        *([f"paper        {info.paper}"] if info.paper else []),
        f"compared     {'with stored outputs of the published code' if info.tested else 'with nothing published'}",
    ]
    emit(info.model_dump(), as_json=as_json, text="\n".join(lines))


def words_of(bundle: Bundle) -> str | None:
    """Return the words of a bundle in one line, or None."""
    from landwright.bundles import name_words

    return name_words(bundle)


def word_lines(bundle: Bundle) -> list[str]:
    """Describe what a bundle looks for; no lines where it looks for nothing."""
    words = bundle.card.words
    if words is None:
        return []
    size = f", images brought to {words.resize} pixels first" if words.resize else ""
    return [
        f"model        {words.model}, preset {words.preset}, templates {words.templates}{size}",
        *([f"sentences    {'; '.join(words.prompts)}"] if words.prompts else []),
        *([f"note         {words.note}"] if words.note else []),
        f"words        {words_of(bundle)}",
    ]
