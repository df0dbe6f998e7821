"""SAM 3 from a folder or the hub: its configuration and weights, and words as its text tower takes them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from itertools import chain
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from torch import Tensor

from landwright.errors import DataError, UsageError
from landwright.legends.vocabulary import Vocabulary, load_vocabulary
from landwright.networks.sam3 import Sam3Network
from landwright.tensors.pretrained import fetch_folder, read_pretrained
from landwright.words.templates import HOLE, Templates
from landwright.words.tokens import check_words, tokenizer

REPOSITORY = "facebook/sam3"
"""Where the published weights are; they are given after Meta's licence is accepted there."""
CONTEXT = 32
"""Number of tokens of the published text tower."""

PUBLISHED: Mapping[str, tuple[float, float]] = {
    "openearthmap": (0.1, 0.1),
    "loveda": (0.5, 0.5),
    "isaid": (0.4, 0.5),
    "potsdam": (0.2, 0.1),
    "vaihingen": (0.4, 0.1),
    "uavid": (0.3, 0.3),
    "udd5": (0.5, 0.1),
    "vdd": (0.5, 0.3),
}
"""Confidence and threshold by vocabulary, as SegEarth-OV3 has them; those of the vocabularies are for cosines."""
SCORES = ("confidence", "threshold")
"""Settings of SAM 3 that maps are made with."""

_KINDS = ("sam3", "sam3_video")
_REMEDY = (
    f"Accept the licence at https://huggingface.co/{REPOSITORY}, get config.json and the safetensors files on a "
    "machine with access, place them in one folder here, and give that folder"
)
_BARE = Templates("the bare word", (HOLE,))


def read_sam3(source: str | PathLike[str]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read a SAM 3 checkpoint as transformers writes it, also one for video, of which the detector is taken.

    Args:
        source: Folder with ``config.json`` and safetensors files, or the name of a repository on the hub, such as
            ``facebook/sam3``, whose cache is looked at first.

    Returns:
        Options for ``create_network("sam3", ...)``, and float32 tensors by that network's names without its words: add
        ``queries``, see :func:`word_ids`.

    Raises:
        UsageError: transformers is not installed.
        DataError: There is no such folder or repository, the hub cannot be reached, or the files are not a whole SAM 3.
    """
    folder = Path(source) if Path(source).exists() else fetch_folder(str(source), remedy=_REMEDY)
    _check_kind(folder)
    library = _transformers()
    model = read_pretrained(library, "Sam3Model", folder, name="SAM 3")
    config = _differences(library.Sam3Config().to_dict(), model.config.to_dict())
    options = {"config": config} if config else {}
    return options, {f"model.{name}": tensor for name, tensor in model.state_dict().items()}


def word_ids(words: Sequence[str], context: int = CONTEXT) -> Tensor:
    """Return the token ids of words, bare as SAM 3 takes them.

    Args:
        words: The words.
        context: Number of tokens that the text tower takes.

    Returns:
        (Q, context) int64, padded with zeros behind the end token: the buffer ``queries`` of the network ``sam3``.

    Raises:
        UsageError: A word has no tokens or too many, or open_clip, which has the tokenizer, is not installed.
    """
    tokens = tokenizer("openclip", "sam3", context)
    check_words(words, tokens, _BARE)
    return tokens(words).long()


def published_scores(vocabulary: Vocabulary) -> dict[str, float] | None:
    """Return the published confidence and threshold of a vocabulary; None unless it is a shipped one, word for word."""
    if vocabulary.name not in PUBLISHED:
        return None
    shipped = load_vocabulary(vocabulary.name)
    alike = (shipped.queries, shipped.background) == (vocabulary.queries, vocabulary.background)
    return dict(zip(SCORES, PUBLISHED[vocabulary.name], strict=True)) if alike else None


def sam3_thresholds(vocabulary: Vocabulary, threshold: float) -> tuple[float, ...]:
    """Give every class of a vocabulary one threshold; none where it is 0.

    Raises:
        UsageError: It is not in 0..1, or there is no background class for pixels below it.
    """
    if not 0 <= threshold <= 1:
        raise UsageError(f"threshold must be in 0..1, not {threshold}", remedy="Take threshold=0.5, or 0 for none")
    if threshold and vocabulary.background is None:
        raise UsageError(
            f"threshold {threshold} sends pixels to the background class, and the words have none",
            remedy="Add one, such as background, or take threshold 0",
        )
    return (threshold,) * len(vocabulary) if threshold else ()


def derive_sam3(
    network: Sam3Network, vocabulary: Vocabulary, *, confidence: float | None = None, threshold: float | None = None
) -> Sam3Network:
    """Make a network that looks for other words and shares the weights of another.

    Args:
        network: The network whose model is taken.
        vocabulary: Classes and words; its own thresholds are for shares among words, and do not count here.
        confidence: Score above which an instance counts; by default the network's.
        threshold: Score below which a pixel goes to the background class; 0 keeps the best class. By default the
            network's; of several, the largest.

    Returns:
        The network in eval mode on the device of the other. Its parameters are the other's own.

    Raises:
        UsageError: A word cannot be read, a value is out of its range, or there is a threshold but no background class.
    """
    wanted = max(network.rule.thresholds, default=0.0) if threshold is None else threshold
    thresholds = sam3_thresholds(vocabulary, wanted)
    ids = word_ids(vocabulary.queries, network.context)
    tensors = chain(network.parameters(), network.buffers())
    other = copy.deepcopy(network, {id(tensor): tensor for tensor in tensors})
    other.set_queries(ids, vocabulary.synonyms, thresholds=thresholds, background=vocabulary.background)
    other.confidence = network.confidence if confidence is None else confidence
    return other.eval()


def _check_kind(folder: Path) -> None:
    """Refuse a folder that holds something else."""
    if not folder.is_dir():
        raise DataError(
            "is a file, but SAM 3 is a folder with config.json and safetensors files",
            path=folder,
            remedy="Give the folder that it lies in",
        )
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"has no config.json that can be read ({error})",
            path=folder,
            remedy=f"Give a folder with the files of https://huggingface.co/{REPOSITORY}",
        ) from error
    kind = config.get("model_type") if isinstance(config, Mapping) else None
    if kind not in _KINDS:
        raise DataError(
            f"holds a model of the type {kind!r}, not SAM 3",
            path=folder,
            remedy=f"Give a folder with the files of https://huggingface.co/{REPOSITORY}",
        )


def _differences(base: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """What a configuration changes in another, section by section."""
    found: dict[str, Any] = {}
    for key, value in other.items():
        before = base.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if inside := _differences(before, value):
                found[key] = inside
        elif value != before and not _is_about_the_file(key):
            found[key] = value
    return found


def _is_about_the_file(key: str) -> bool:
    return key.startswith("_") or key in {"architectures", "dtype", "transformers_version"}


def _transformers() -> ModuleType:
    try:
        import transformers
    except ImportError as error:
        raise UsageError("SAM 3 needs transformers", remedy="Install it with: pip install 'landwright[sam]'") from error
    return cast(ModuleType, transformers)
