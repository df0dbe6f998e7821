"""The list of networks by name, with what a user must know before choosing one."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from torch import nn

from landwright.errors import UsageError

Builder = Callable[..., nn.Module]
Head = Literal["classes", "height"]

HEADS: Mapping[str, tuple[Head, ...]] = {"both": ("classes", "height"), "classes": ("classes",), "height": ("height",)}
"""What a network returns, by its option ``heads``."""


@dataclass(frozen=True)
class NetworkInfo:
    """What the registry knows about a network.

    Attributes:
        name: Registry name, such as ``clcformer``.
        description: One sentence.
        stride: The network pads its input to a multiple of this many pixels and crops back.
        min_tile: Smallest sensible tile side in pixels.
        default_tile: Tile side in pixels that it was designed for.
        normalization: Input scaling that the encoder's published weights expect after division to 0..1:
            ``imagenet`` (ImageNet mean and standard deviation), ``clip`` (those of CLIP), ``half`` (0.5 and 0.5) or
            ``none``.
        gsd: Smallest and largest ground sampling distance in metres of the published work, if it names any.
        licence: Licence of the implementation and what is known about the published one.
        paper: Reference of the source paper.
        options: Name of every option and what it may be, in words.
        branches: Whether ``auxiliary`` holds the logits of parallel branches whose mean is ``classes``.
        features: Whether ``features`` is filled.
        heads: Which of ``classes`` and ``height`` are filled.
        dates: Number of images of one place that it takes; their bands follow one another.
        tokens: Whether ``tokens`` is filled. Such a network has a method ``encode``, which maps images to the same
            tokens without the heads, and a module ``encoder``, of which a frozen copy can be kept alone:
            ``encoder(image)[-1]`` are the tokens of an image whose sides are multiples of ``stride``.
        queries: Whether ``queries`` is filled. Such a network has an attribute ``rule``
            (:class:`landwright.networks.clip.QueryRule`), which says what the queries mean for classes.
        tags: Whether ``tags`` is filled, so that the network can learn from image-level tags. Such a network has the
            methods ``step`` and ``cams`` and the attributes ``tagged`` and ``background`` of
            :class:`landwright.networks.ctfa.Ctfa`.
    """

    name: str
    description: str
    stride: int = 32
    min_tile: int = 64
    default_tile: int = 512
    normalization: str = "imagenet"
    gsd: tuple[float, float] | None = None
    licence: str = "Apache-2.0"
    paper: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    branches: bool = False
    features: bool = False
    heads: tuple[Head, ...] = ("classes",)
    tokens: bool = False
    dates: int = 1
    queries: bool = False
    tags: bool = False


@dataclass(frozen=True)
class _Entry:
    info: NetworkInfo
    build: Builder
    variants: Mapping[tuple[str, Any], Mapping[str, Any]]


_ENTRIES: dict[str, _Entry] = {}


def register(
    name: str, *, variants: Mapping[tuple[str, Any], Mapping[str, Any]] | None = None, **metadata: Any
) -> Callable[[Builder], Builder]:
    """Enter a network into the registry; used as a decorator on its class or on a function that builds it.

    Args:
        name: Registry name. A name that ends in ``:`` is a family: the builder gets the rest of the asked name as
            its first argument.
        variants: Metadata that differs for one value of one option: ``{("encoder", "compact"): {...}}``.
        **metadata: The other fields of :class:`NetworkInfo`.

    Returns:
        A decorator that returns its argument unchanged.
    """

    def enter(build: Builder) -> Builder:
        _ENTRIES[name] = _Entry(NetworkInfo(name=name, **metadata), build, variants or {})
        return build

    return enter


def list_networks() -> list[str]:
    """Return the registered names; ``smp:`` stands for a whole family, ``smp:<architecture>:<encoder>``."""
    return sorted(_ENTRIES)


def network_info(name: str, **options: Any) -> NetworkInfo:
    """Return the metadata of a network as it is with the given options.

    Args:
        name: Registry name.
        **options: Options as for :func:`create_network`; some change the metadata (an encoder's input scaling).

    Returns:
        The metadata.

    Raises:
        UsageError: The name is unknown.
    """
    entry, _ = _find(name)
    changes: dict[str, Any] = {"name": name}
    for (option, value), fields in entry.variants.items():
        if options.get(option) == value:
            changes.update(fields)
    return replace(entry.info, **changes)


def create_network(name: str, *, classes: int, bands: int | None = None, **options: Any) -> nn.Module:
    """Build a network with random weights.

    Args:
        name: Registry name, such as ``clcformer`` or ``smp:unet:resnet34``.
        classes: Number of class logits, >= 1; 1 means one foreground logit for a sigmoid.
        bands: Number of input bands, >= 1; by default 3, and 6 for a network that takes two dates.
        **options: Options of this network, see ``network_info(name).options``.

    Returns:
        A module whose ``forward`` takes normalised float32 (B, bands, H, W) of any H and W and returns
        :class:`landwright.networks.Outputs` at that size.

    Raises:
        UsageError: The name or an option is unknown, or a value does not fit.
    """
    entry, rest = _find(name)
    bands = 3 * entry.info.dates if bands is None else bands
    for label, value in (("classes", classes), ("bands", bands)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UsageError(f"{label} must be a whole number of at least 1, not {value!r}")
    unknown = sorted(set(options) - set(entry.info.options))
    if unknown:
        known = entry.info.options
        raise UsageError(f"network {name!r} has no option {unknown[0]!r}", remedy=_near(unknown[0], known))
    return entry.build(*rest, classes=classes, bands=bands, **options)


def choose(option: str, value: Any, allowed: Iterable[str]) -> str:
    """Return ``value`` if it is one of ``allowed``.

    Args:
        option: Name of the option, for the message.
        value: What the user gave.
        allowed: Values that fit.

    Returns:
        The value.

    Raises:
        UsageError: The value is none of them.
    """
    known = sorted(allowed)
    if value not in known:
        raise UsageError(f"{option} {value!r} is unknown", remedy=_near(str(value), known))
    return str(value)


def _find(name: str) -> tuple[_Entry, tuple[str, ...]]:
    family, colon, rest = name.partition(":")
    if colon and f"{family}:" in _ENTRIES:
        return _ENTRIES[f"{family}:"], (rest,)
    if name in _ENTRIES and not name.endswith(":"):
        return _ENTRIES[name], ()
    raise UsageError(f"network {name!r} is unknown", remedy=_near(name, _ENTRIES))


def _near(word: str, known: Iterable[str]) -> str:
    """Name the known words, those that look like ``word`` first."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=3)
    if close:
        return f"Did you mean {' or '.join(map(repr, close))}?"
    return f"Known: {', '.join(map(repr, names))}" if names else "It takes none"
