"""Whether words are in the language that a model was trained on, which is English for all that are listed here."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

# What people map most, in German, French, Spanish, Portuguese, Italian, Dutch and Polish, where no English word is
# written like it.
_NAMES = """
    gebaeude haus haeuser dach strasse strassen baum baeume wald wiese wasser fluss acker feld parkplatz hintergrund
    maison maisons batiment batiments toit arbre arbres foret eau riviere voiture
    edificio edificios casa casas tejado calle carretera arbol arboles bosque hierba agua rio campo coche
    telhado estrada arvore arvores floresta grama
    edifici tetto strada albero alberi foresta acqua fiume
    gebouw gebouwen huis huizen straat bomen bos akker
    budynek budynki domy droga drzewo drzewa trawa woda rzeka
"""
_FOREIGN = frozenset(_NAMES.split())
_SHOWN = 5


def language_note(words: Sequence[str]) -> str | None:
    """Say that words do not look English, if some do not.

    A word counts as foreign if it has letters beyond those of English, or is a common name of a kind of land in
    another European language. The test is rough: what it finds is worth a look, what it does not find may be foreign.

    Args:
        words: The words of a vocabulary.

    Returns:
        A sentence for the user, or None.
    """
    found = [word for word in words if any(map(_is_foreign, word.split()))]
    if not found:
        return None
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return (
        f"{', '.join(map(repr, found[:_SHOWN]))}{more} {'does' if len(found) == 1 else 'do'} not look English, but the "
        "model was trained on English captions; English words will be found better"
    )


def _is_foreign(part: str) -> bool:
    plain = part.strip(".,;:!?()'\"").casefold()
    return plain in _FOREIGN or any(character.isalpha() and not character.isascii() for character in _composed(plain))


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
