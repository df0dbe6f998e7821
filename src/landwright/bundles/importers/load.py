"""Turn a published checkpoint into a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from landwright.bundles.bundle import Bundle
from landwright.bundles.card import Card, NetworkCard, TilingCard
from landwright.bundles.cardfile import CARD
from landwright.bundles.importers.clip import SAM3, import_words, is_model_of_words
from landwright.bundles.importers.formats import FORMATS, CheckpointFormat
from landwright.bundles.importers.legends import choose_legend
from landwright.bundles.locate import PICKLES
from landwright.errors import DataError, UsageError
from landwright.legends.vocabulary import Vocabulary
from landwright.networks import create_network, network_info
from landwright.networks.registry import choose
from landwright.tensors import Unfilled, fill, read_checkpoint
from landwright.words.registry import list_models


def import_checkpoint(
    file: str | PathLike[str],
    name: str,
    *,
    settings: Mapping[str, Any] | None = None,
    legend: str | None = None,
    vocabulary: Vocabulary | str | PathLike[str] | None = None,
    templates: str | PathLike[str] | None = None,
    preset: str | None = None,
) -> Bundle:
    """Read a checkpoint of a published system. Nothing in the file is executed.

    Args:
        file: A safetensors file, a TorchScript archive, or what ``torch.save`` wrote: a state dict, alone or under
            ``state_dict`` or ``model``, its names with or without ``module.`` before them. For ``sam3``, a folder.
        name: Format of the checkpoint, ``clcformer``, ``ctfa``, ``paraformer`` or ``rs3dada``; or a model of words,
            such as ``farslip1-b16`` (see ``landwright.words.list_models``), ``own`` or ``sam3``.
        settings: What the file does not say itself, such as ``{"classes": 1}`` for ``clcformer``. The files of
            ``paraformer`` and ``rs3dada`` say everything themselves; ``{"heads": "height"}`` takes one head alone of
            an ``rs3dada`` file that has two. ``{"aux_block": "dynamic"}`` reads a ``ctfa`` file as ATSG does. Of a
            model of words: options of the network ``clip`` such as ``{"attention": "gem"}``, and
            ``{"activation": "quick_gelu"}``, which ``own`` needs.
        legend: Shipped legend or legend file. By default the one of the published data: ``building`` for one class
            logit of ``clcformer`` and ``isprs-6`` for six, ``isaid-16`` for 16 of ``ctfa``, ``nlcd-paraformer`` for
            17 of ``paraformer``, ``openearthmap-8`` for eight of ``rs3dada``; else numbered classes. The first logit
            of ``paraformer`` means "no label" and is never trained. A legend with one class less than there are
            logits, such as ``nlcd``, leaves it out, so that no pixel can be mapped as such.
        vocabulary: Of a model of words: classes and words, or the name or file of a vocabulary; by default
            ``openearthmap``.
        templates: Of a model of words: sentences around the words, by default ``imagenet80``.
        preset: Of a model of words: ``landwright`` (default), ``rs-ovss`` or ``segearth-ov``.

    Returns:
        The bundle, in memory; :func:`landwright.save_bundle` writes it. Its input scaling is that of the published
        recipe. ``clcformer`` and ``ctfa``: values / 255 with ImageNet's mean and standard deviation, taken in turn for
        more than three bands. ``rs3dada``: the same for values of 0 to 255. ``paraformer``: constants of NAIP for four
        bands, of the Poland set for three, else 127 and 127.

    Raises:
        UsageError: The format, a setting or the legend is unknown or does not fit.
        DataError: The file is missing, damaged, or holds code or anything else but tensors.
        StateMismatchError: Keys are missing, unexpected or mis-shaped; the message lists them by their published
            names.
    """
    given = {key: str(value) for key, value in (settings or {}).items()}
    if name != SAM3:
        _refuse_folder(Path(file).expanduser())
    if is_model_of_words(name):
        if legend is not None:
            raise UsageError(
                "the classes of a model of words are those of its words, not of a legend",
                remedy="Give words or a vocabulary instead of a legend",
            )
        return import_words(file, name, settings=given, vocabulary=vocabulary, templates=templates, preset=preset)
    choose("checkpoint format", name, (*FORMATS, *list_models(), SAM3))
    if (vocabulary, templates, preset) != (None, None, None):
        raise UsageError(f"{name} knows no words", remedy="Give its classes as a legend")
    known = FORMATS[name]
    path = Path(file).expanduser()
    published = read_checkpoint(path)
    options, logits, bands = known.network_options(given, published)
    classes = choose_legend(logits, legend, known.legends, unlabelled=bool(known.unlabelled))
    if len(classes) == logits - 1:
        logits -= 1
        heads = {entry: published[entry] for entry in known.unlabelled if entry in published}
        published |= {entry: tensor[1:] for entry, tensor in heads.items() if tensor.ndim}
    with Unfilled():
        network = create_network(name, classes=logits, bands=bands, **options)
    used = {"classes": logits, "bands": bands, **options}
    _fill(network, published, known, options, path, ", ".join(f"{key}={value}" for key, value in used.items()))
    inputs = known.inputs(bands)
    card = Card(
        name=path.stem,
        regime="imported",
        network=NetworkCard(name=name, options=options, classes=logits),
        bands=inputs.bands,
        normalization=inputs.normalization,
        outputs=network_info(name, **options).heads,
        gsd=known.gsd,
        legend=classes,
        tiling=TilingCard(tile=options.get("img_size", known.tile), overlap=known.overlap),
    )
    return Bundle(card, network.eval())


def _refuse_folder(path: Path) -> None:
    """Refuse a folder where a file is needed, and name the files in it that may be meant."""
    if not path.is_dir():
        return
    files = sorted(entry.name for entry in path.iterdir() if entry.suffix in (".safetensors", ".npz", *PICKLES))
    if (path / CARD).is_file():
        raise DataError("is a model bundle already", path=path, remedy=f"Use it as it is: --model {path}")
    raise DataError(
        "is a folder, but a checkpoint is a file",
        path=path,
        remedy=f"Name the file in it: {' or '.join(files[:3])}" if files else "Name the file with the weights",
    )


def _fill(
    network: nn.Module,
    published: Mapping[str, Tensor],
    known: CheckpointFormat,
    options: Mapping[str, Any],
    path: Path,
    used: str,
) -> None:
    """Load a published state dict strictly; messages speak of its own names."""
    converted = known.convert(published, options=options)
    theirs = {new: old for old, tensor in published.items() for new in known.convert({old: tensor}, options=options)}
    theirs |= {new: ", ".join(names) for new in converted if len(names := known.published_names(new)) > 1}

    def absent(own: str) -> str:
        return ", ".join(entry for entry in known.published_names(own) if entry not in published)

    remedy = f"Check the settings; these were used: {used}"
    fill(network, converted, name=known.name, path=path, remedy=remedy, own=absent, theirs=theirs)
