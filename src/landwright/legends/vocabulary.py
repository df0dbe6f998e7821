"""The Vocabulary: a legend whose classes carry the words by which a vision-language model looks for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError, model_validator

from landwright.errors import DataError, UsageError
from landwright.legends import lookup
from landwright.legends.colours import Rgb, choose_colours
from landwright.legends.legend import Legend, LegendClass, Name
from landwright.legends.shipped import find_table, read_table, shipped

_FORM: Final = 'Write classes apart by ";" and the words of a class apart by ",": "building, roof; road; water"'
_REST: Final = ("background", "clutter", "other")

Probability = Annotated[float, Field(ge=0, le=1)]


class VocabularyClass(LegendClass):
    """One class and the words by which it is looked for.

    Attributes:
        synonyms: The words, each a query of its own; by default the name alone. The best of them speaks for the class.
        background: Whether the class gets the pixels that no class is sure of (see `Vocabulary.threshold`).
        threshold: Probability below which a pixel of this class goes to the background class; by default that of the
            vocabulary.
    """

    synonyms: tuple[Name, ...] = ()
    background: bool = False
    threshold: Probability | None = None

    @model_validator(mode="before")
    @classmethod
    def _the_name_is_a_word(cls, content: Any) -> Any:
        if isinstance(content, Mapping) and "name" in content and not content.get("synonyms"):
            return {**content, "synonyms": (content["name"],)}
        return content


class Vocabulary(Legend):
    """Ordered classes with their words: the position of a class is its index in masks and network outputs.

    A file may leave out the codes of all classes (then they count from 1) and the colour of any class (then it gets
    the usual one for its words, or another that no class has).

    Probabilities are those of a softmax over all words, of which the best one of a class counts: more words leave less
    for each, so a threshold belongs to the list of words that it was chosen for.

    Attributes:
        classes: The classes in index order, 2..254 of them.
        threshold: Probability, 0..1, below which a pixel goes to the background class; 0 keeps the best class.

    Raises:
        pydantic.ValidationError: If there are fewer than two classes or more than codes, a word is in two classes or
            twice in one, more than one class is the background, or a threshold has no background class to send to.
    """

    classes: Annotated[tuple[VocabularyClass, ...], Field(max_length=lookup.UNKNOWN)]
    threshold: Probability = 0.0

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, content: Any) -> Any:
        classes = content.get("classes") if isinstance(content, Mapping) else None
        if not isinstance(classes, Sequence) or isinstance(classes, str):
            return content
        _check_number(classes)
        if not all(isinstance(entry, Mapping) for entry in classes):
            return content
        numbered = any("code" in entry for entry in classes)
        colours = choose_colours([_words(entry) for entry in classes], [_colour(entry) for entry in classes])
        filled = [
            {"colour": colour, **({} if numbered else {"code": code}), **entry}
            for code, (entry, colour) in enumerate(zip(classes, colours, strict=True), start=1)
        ]
        return {**content, "classes": filled}

    @model_validator(mode="after")
    def _words_mean_one_class(self) -> Vocabulary:
        owner: dict[str, str] = {}
        for entry in self.classes:
            for word in entry.synonyms:
                key = " ".join(word.casefold().split())
                if key in owner:
                    where = "twice" if owner[key] == entry.name else f"in class {owner[key]!r} too"
                    raise ValueError(f"class {entry.name!r} has the word {word!r}, which is there {where}")
                owner[key] = entry.name
        rest = [entry.name for entry in self.classes if entry.background]
        if len(rest) > 1:
            raise ValueError(f"more than one class is the background: {', '.join(rest)}")
        if not rest and any(self.thresholds):
            raise ValueError("a threshold needs a class with background: true, which gets the pixels below it")
        return self

    @property
    def queries(self) -> tuple[str, ...]:
        """All words in order: those of the first class, those of the second, and so on."""
        return tuple(word for entry in self.classes for word in entry.synonyms)

    @property
    def synonyms(self) -> tuple[int, ...]:
        """Number of words of each class, in index order."""
        return tuple(len(entry.synonyms) for entry in self.classes)

    @property
    def thresholds(self) -> tuple[float, ...]:
        """Threshold of each class in index order, 0 where there is none."""
        return tuple(self.threshold if entry.threshold is None else entry.threshold for entry in self.classes)

    @property
    def background(self) -> int | None:
        """Index of the background class, or None."""
        return next((index for index, entry in enumerate(self.classes) if entry.background), None)

    def legend(self) -> Legend:
        """The classes without their words, as maps carry them."""
        fields = set(Legend.model_fields) - {"classes"}
        classes = [entry.model_dump(include=set(LegendClass.model_fields)) for entry in self.classes]
        return Legend.model_validate({**self.model_dump(include=fields), "classes": classes})


def parse_words(words: str) -> Vocabulary:
    """Read classes from one line, such as ``"building, roof; road; tree, forest; water"``.

    The first word of a class is its name. Codes count from 1; a class that has the word background, clutter or other
    is the background class.

    Args:
        words: Classes apart by semicolons, the words of a class apart by commas; blank ones are left out.

    Raises:
        UsageError: If there are fewer than two classes or more than 254, or a word is there twice.
    """
    classes = [found for part in words.split(";") if (found := _split(part))]
    try:
        return _from_words("words", classes, first=1)
    except ValidationError as error:
        raise UsageError(f"{_shorten(words)} is no vocabulary: {_findings(error)}", remedy=_FORM) from error


def load_vocabulary(name_or_path: str | PathLike[str]) -> Vocabulary:
    """Load a vocabulary.

    Args:
        name_or_path: Name of a shipped vocabulary, a YAML file (`.yaml`, `.yml`) with the fields of `Vocabulary`, or a
            text file (`.txt`) with one class on each line, words apart by commas, as RS-OVSS and SegEarth-OV have
            them: there the code of a class is the number of its line, from 0.

    Raises:
        UsageError: If there is no shipped vocabulary of that name.
        DataError: If the file is missing or is not a valid vocabulary.
    """
    path = Path(name_or_path)
    if path.suffix == ".txt":
        return _read_lines(path)
    return read_table(find_table(name_or_path, "vocabularies", "vocabulary"), Vocabulary, "vocabulary")


def list_vocabularies() -> list[str]:
    """Names of the shipped vocabularies."""
    return shipped("vocabularies")


def _read_lines(path: Path) -> Vocabulary:
    try:
        lines = path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except OSError as error:
        raise DataError(
            f"the vocabulary cannot be read: {error.strerror}", path=path, remedy="Check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError("the vocabulary is not UTF-8 text", path=path, remedy="Save it as UTF-8") from error
    classes = [_split(line) for line in lines]
    if [] in classes:
        raise DataError(
            f"line {classes.index([]) + 1} has no words, but the number of a line is the code of its class",
            path=path,
            remedy="Take the line out, or write the words of its class",
        )
    try:
        return _from_words(path.stem, classes, first=0)
    except ValidationError as error:
        raise DataError(
            f"not a valid vocabulary: {_findings(error)}",
            path=path,
            remedy="Write one class on each line, its words apart by commas, and every word once",
        ) from error


def _from_words(name: str, classes: Sequence[Sequence[str]], *, first: int) -> Vocabulary:
    rest = next(
        (index for word in _REST for index, words in enumerate(classes) if word in map(str.casefold, words)), -1
    )
    entries = [
        {"code": first + index, "name": words[0], "synonyms": words, "background": index == rest}
        for index, words in enumerate(classes)
    ]
    return Vocabulary.model_validate({"name": name, "classes": entries})


def _split(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := " ".join(part.split()))]


def _check_number(classes: Sequence[Any]) -> None:
    if not classes:
        raise ValueError("it has no classes")
    if len(classes) == 1:
        raise ValueError("it has one class only, but a pixel can be told only from something else; add a second class")
    if len(classes) > lookup.UNKNOWN:
        raise ValueError(f"it has {len(classes)} classes, but a map has codes for {lookup.UNKNOWN}")


def _words(entry: Mapping[str, Any]) -> list[str]:
    """The words of a class that is not checked yet."""
    synonyms = entry.get("synonyms")
    listed = synonyms if isinstance(synonyms, Iterable) and not isinstance(synonyms, str) else ()
    return [word for word in (entry.get("name"), *listed) if isinstance(word, str)]


def _colour(entry: Mapping[str, Any]) -> Rgb | None:
    """The colour of a class that is not checked yet; a wrong one is found later."""
    match entry.get("colour"):
        case [int(red), int(green), int(blue)]:
            return red, green, blue
        case _:
            return None


def _findings(error: ValidationError) -> str:
    return "; ".join(dict.fromkeys(problem["msg"].removeprefix("Value error, ") for problem in error.errors()))


def _shorten(words: str) -> str:
    shown = 60
    return repr(words if len(words) <= shown else f"{words[:shown]}...")
