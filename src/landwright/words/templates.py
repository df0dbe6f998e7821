"""Sentences around a word: a text tower knows captions better than bare words."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from landwright.errors import DataError, UsageError
from landwright.networks.clip.towers import open_clip

HOLE = "{}"
"""Where the word goes."""

SATELLITE = ("a satellite photo of {}.", "a satellite image of {}.")
SINGLE = ("a photo of a {}.",)
NAMES = ("imagenet80", "single", "satellite")


@dataclass(frozen=True)
class Templates:
    """A set of prompts of which a word's feature is the mean.

    Attributes:
        name: Name, or that of the file that they come from, without its folder.
        prompts: Sentences, each with ``{}`` where the word goes.
    """

    name: str
    prompts: tuple[str, ...]

    @property
    def kept(self) -> tuple[str, ...]:
        """The sentences, where no name of :data:`NAMES` stands for them; else none."""
        return () if self.name in NAMES else self.prompts

    @property
    def sha256(self) -> str:
        """Hash of the sentences, whatever they are called."""
        return hashlib.sha256("\n".join(self.prompts).encode()).hexdigest()

    def fill(self, word: str) -> list[str]:
        """Return the sentences with a word in them."""
        return [prompt.replace(HOLE, word) for prompt in self.prompts]


def load_templates(name_or_path: str | PathLike[str]) -> Templates:
    """Load prompts.

    Args:
        name_or_path: ``imagenet80`` (the 80 sentences that OpenAI published for ImageNet, and both published
            pipelines take), ``single`` ("a photo of a ...."), ``satellite`` (the two of FarSLIP's tests), or a text
            file with one sentence on each line and ``{}`` where the word goes.

    Raises:
        UsageError: There are no prompts of that name, or open_clip, which has the 80, is not installed.
        DataError: The file is missing, empty, or a line has no place for the word.
    """
    name = str(name_or_path)
    if name == "imagenet80":
        sentences = open_clip().OPENAI_IMAGENET_TEMPLATES
        return Templates(name, tuple(sentence(HOLE) for sentence in sentences))
    if name in NAMES:
        return Templates(name, SINGLE if name == "single" else SATELLITE)
    path = Path(name_or_path)
    if path.suffix != ".txt":
        raise UsageError(f"there are no templates named {name!r}", remedy=f"Known: {', '.join(NAMES)}, or a .txt file")
    return Templates(path.name, _read(path))


def _read(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise DataError(
            f"the templates cannot be read: {error.strerror}", path=path, remedy="Check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError("the templates are not UTF-8 text", path=path, remedy="Save them as UTF-8") from error
    prompts = tuple(line.strip() for line in lines if line.strip())
    if not prompts:
        raise DataError("the templates are empty", path=path, remedy=f"Write one sentence per line, with {HOLE} in it")
    without = next((number for number, line in enumerate(lines, start=1) if line.strip() and HOLE not in line), None)
    if without is not None:
        raise DataError(
            f"line {without} has no {HOLE}, so the word would be missing", path=path, remedy=f"Put {HOLE} where it goes"
        )
    return prompts
