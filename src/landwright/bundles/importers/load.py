"""Turn a published checkpoint into a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle, islice
from os import PathLike
from pathlib import Path
from typing import Any

from landwright.bundles.bundle import Bundle
from landwright.bundles.card import IMAGENET_MEAN, IMAGENET_STD, Card, NetworkCard, Normalization, TilingCard
from landwright.bundles.importers.checkpoint import read_checkpoint
from landwright.bundles.importers.formats import FORMATS
from landwright.bundles.importers.legends import choose_legend
from landwright.bundles.weights import fill
from landwright.errors import UsageError
from landwright.networks import create_network

COLOURS = ("red", "green", "blue")


def import_checkpoint(
    file: str | PathLike[str], name: str, *, settings: Mapping[str, Any] | None = None, legend: str | None = None
) -> Bundle:
    """Read a checkpoint of a published system. Nothing in the file is executed.

    Args:
        file: A safetensors file, or what ``torch.save`` wrote: a state dict, alone or under ``state_dict`` or
            ``model``, its names with or without ``module.`` before them.
        name: Format of the checkpoint, such as ``clcformer``.
        settings: What the file does not say itself, such as ``{"classes": 1}``.
        legend: Shipped legend or legend file; by default ``building`` for one class logit, ``isprs-6`` for six, else
            numbered classes.

    Returns:
        The bundle, in memory; :func:`landwright.save_bundle` writes it. Its input scaling is that of the published
        recipe: values / 255 with ImageNet's mean and standard deviation, taken in turn for more than three bands.

    Raises:
        UsageError: The format, a setting or the legend is unknown or does not fit.
        DataError: The file is missing, damaged, or holds code or anything else but tensors.
        StateMismatchError: Keys are missing, unexpected or mis-shaped; the message lists them by their published
            names.
    """
    if name not in FORMATS:
        raise UsageError(f"no checkpoint format is named {name!r}", remedy=f"Known: {', '.join(sorted(FORMATS))}")
    known = FORMATS[name]
    given = {key: str(value) for key, value in (settings or {}).items()}
    options, logits, bands = known.network_options(given)
    classes = choose_legend(logits, legend)
    path = Path(file).expanduser()
    published = read_checkpoint(path)
    network = create_network(name, classes=logits, bands=bands, **options)
    theirs = {new: old for old, tensor in published.items() for new in known.convert({old: tensor}, options=options)}
    fill(
        network,
        known.convert(published, options=options),
        name=name,
        path=path,
        remedy=f"Check the settings; these were used: {', '.join(f'{key}={value}' for key, value in given.items())}",
        own=known.published_name,
        theirs=theirs,
    )
    card = Card(
        name=path.stem,
        regime="imported",
        network=NetworkCard(name=name, options=options, classes=logits),
        bands=COLOURS if bands == 3 else tuple(f"band-{number}" for number in range(1, bands + 1)),
        normalization=Normalization(
            mean=tuple(islice(cycle(IMAGENET_MEAN), bands)), std=tuple(islice(cycle(IMAGENET_STD), bands))
        ),
        legend=classes,
        tiling=TilingCard(tile=known.tile),
    )
    return Bundle(card, network.eval())
