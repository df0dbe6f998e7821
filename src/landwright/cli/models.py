"""``landwright models``: networks, model bundles, and published checkpoints that become bundles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from landwright.cli.common import emit, guard
from landwright.cli.modelwords import (
    classes_words,
    is_published,
    named_words,
    say_notes,
    show_published,
    word_lines,
    words_of,
)
from landwright.errors import UsageError

if TYPE_CHECKING:
    from landwright.bundles import Bundle, Card
    from landwright.networks import NetworkInfo

app = typer.Typer(help="Networks, model bundles and published checkpoints.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]


@app.command("list")
@guard
def list_models(as_json: Json = False) -> None:
    """List the networks by name, the models of words, and the published checkpoints that can be imported."""
    from landwright.bundles.importers import FORMATS
    from landwright.bundles.importers.clip import SETTING_WORDS
    from landwright.networks import list_networks, network_info
    from landwright.words import list_models, model_info

    infos = [
        network_info(name if not name.endswith(":") else f"{name}ARCHITECTURE:ENCODER") for name in list_networks()
    ]
    width = max(len(info.name) for info in infos) + 2
    lines = ["networks"]
    lines += [f"  {info.name:<{width}}{info.description}" for info in infos]
    lines += ["", "checkpoints (landwright models import FILE --as NAME -o BUNDLE)"]
    lines += [f"  {known.name:<{width}}{known.description}" for known in FORMATS.values()]
    models = [model_info(name) for name in list_models()]
    lines += ["", "models of words (predict --words ..., or models import FILE --as NAME -o BUNDLE)"]
    lines += [f"  {model.name:<{width}}{model.title}; licence: {model.licence_words}" for model in models]
    payload = {
        "networks": [_plain(info) for info in infos],
        "models": [{**model.model_dump(), "settings": dict(SETTING_WORDS)} for model in models],
        "checkpoints": [
            {"name": known.name, "description": known.description, "settings": dict(known.settings)}
            for known in FORMATS.values()
        ],
    }
    emit(payload, as_json=as_json, text="\n".join(lines))


@app.command("show")
@guard
def show_model(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Bundle folder, run folder, hub id, network or model of words.")
    ],
    as_json: Json = False,
) -> None:
    """Show the card of a model bundle, or what is known about a network or a published model of words."""
    if is_published(model):
        show_published(model, as_json=as_json)
    elif _is_network(model):
        _show_network(model, as_json=as_json)
    else:
        from landwright.bundles import load_bundle

        _show_bundle(load_bundle(model), as_json=as_json)


@app.command("import")
@guard
def import_model(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Checkpoint: a safetensors file or a torch state dict.")],
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Kind of checkpoint, see `models list`.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="BUNDLE", help="Folder of the new bundle.")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="What the file does not say, as classes=1; for ATSG's files of ctfa aux_block=dynamic.",
        ),
    ] = None,
    legend: Annotated[
        str | None,
        typer.Option(
            help="Its classes: a shipped legend or a .yaml file. For paraformer one with one class less (nlcd) leaves "
            'the first output, "no label", out.'
        ),
    ] = None,
    words: Annotated[
        str | None, typer.Option(help='Of a model of words, what to look for: "building, roof; road; tree; water".')
    ] = None,
    vocabulary: Annotated[
        str | None, typer.Option(metavar="NAME", help="The same from a file (.yaml, .txt) or shipped; openearthmap.")
    ] = None,
    templates: Annotated[
        str | None, typer.Option(help="Sentences around the words: imagenet80, single, satellite or a .txt file.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="How words are looked for: landwright, rs-ovss, segearth-ov; --set holds.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an older bundle.")] = False,
    as_json: Json = False,
) -> None:
    """Turn a published checkpoint into a model bundle. Code in the file is never run."""
    from landwright.bundles.importers import import_checkpoint

    given = _pairs(settings or [])
    bundle = import_checkpoint(
        file,
        name,
        settings=given,
        legend=legend,
        vocabulary=named_words(words, vocabulary),
        templates=templates,
        preset=preset,
    )
    bundle.save(output, overwrite=force)
    card, parameters = bundle.card, _count(bundle)
    say_notes(bundle, _unsaid(name, given))
    scaling = _scaling_words(card)
    emit(
        {
            "bundle": str(output),
            "network": card.network.name,
            "legend": card.legend.name,
            "words": words_of(bundle),
            "bands": list(card.bands),
            "scaling": scaling,
            "parameters": parameters,
        },
        as_json=as_json,
        text=f"{output} holds {file.name}: network {card.network.name}, {parameters / 1e6:.2f} M parameters.\n"
        f"{classes_words(bundle)}\n"
        f"Bands: {', '.join(card.bands)}. Input scaling: {scaling}.\n"
        f"next\n  landwright predict IMAGE --model {output} -o map.tif",
    )


def _unsaid(name: str, given: Mapping[str, str]) -> list[str]:
    """Return what was taken for granted because neither the file nor a setting says it."""
    from landwright.bundles.importers import FORMATS

    notes = FORMATS[name].unsaid if name in FORMATS else {}
    return [note for key, note in notes.items() if key not in given]


def _scaling_words(card: Card) -> str:
    from landwright.bundles.importers import FORMATS

    if card.network.name in FORMATS:
        return FORMATS[card.network.name].inputs(len(card.bands)).words
    return "what the model was trained with, after division by 255"


def _pairs(settings: list[str]) -> dict[str, str]:
    pairs = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not (key and equals and value):
            raise UsageError(f"setting {setting!r} is not of the form key=value", remedy="Use --set classes=1")
        pairs[key.strip()] = value.strip()
    return pairs


def _is_network(model: str) -> bool:
    from landwright.networks import list_networks

    names = list_networks()
    family = any(model.startswith(name) for name in names if name.endswith(":"))
    return (model in names or family) and not Path(model).exists()


def _show_network(name: str, *, as_json: bool) -> None:
    import torch

    from landwright.networks import create_network, network_info

    info = network_info(name)
    parameters = None
    if not name.endswith(":"):
        with torch.device("meta"):  # counts without memory, and without drawing weights
            parameters = sum(p.numel() for p in create_network(name, classes=2).parameters())
    lines = [
        f"{info.name}: {info.description}",
        *([f"parameters   {parameters / 1e6:.2f} M with default options"] if parameters is not None else []),
        f"tiles        {info.default_tile} pixels, at least {info.min_tile}; padded to a multiple of {info.stride}",
        f"scaling      {info.normalization}",
        *([f"imagery      {info.gsd[0]:g} m to {info.gsd[1]:g} m per pixel as published"] if info.gsd else []),
        f"licence      {info.licence}",
        f"paper        {info.paper}",
        *([f"options      {_options(info)}"] if info.options else []),
    ]
    emit({**_plain(info), "parameters": parameters}, as_json=as_json, text="\n".join(lines))


def _show_bundle(bundle: Bundle, *, as_json: bool) -> None:
    card, parameters = bundle.card, _count(bundle)
    scaling = card.normalization
    options = ", ".join(f"{key}={value}" for key, value in card.network.options.items())
    lines = [
        f"{card.name} ({bundle.path})",
        f"network      {card.network.name}{f' ({options})' if options else ''}, {parameters / 1e6:.2f} M parameters",
        f"regime       {card.regime}",
        f"bands        {', '.join(card.bands)}",
        f"scaling      (value / {scaling.divide:g} - mean) / std, mean {_list(scaling.mean)}, std {_list(scaling.std)}",
        *([f"imagery      {card.gsd[0]:g} m to {card.gsd[1]:g} m per pixel"] if card.gsd else []),
        f"windows      {card.tiling.tile} pixels, overlap {card.tiling.overlap:.0%}, {card.tiling.blend}",
        *word_lines(bundle),
        f"classes      {card.legend.title or card.legend.name}",
        *[f"  {entry.code:>3}  #{bytes(entry.colour).hex()}  {entry.name}" for entry in card.legend.classes],
        *_score_lines(bundle),
        f"licence      {card.licence or 'not known'}",
        f"made         {card.created} with {', '.join(f'{name} {v}' for name, v in card.software.items())}",
        f"weights      SHA-256 {card.weights_sha256}",
    ]
    payload = {"path": str(bundle.path), "parameters": parameters, "card": card.model_dump(mode="json")}
    emit(payload, as_json=as_json, text="\n".join(lines))


def _score_lines(bundle: Bundle) -> list[str]:
    if not bundle.card.scores:
        return ["scores       none recorded"]
    lines = []
    for score in bundle.card.scores:
        lines.append(f"scores       protocol {score.protocol} on {score.data}")
        lines += [f"  {figure:<24} {value:.4f}" for figure, value in score.values.items()]
    return lines


def _plain(info: NetworkInfo) -> dict[str, Any]:
    return {**asdict(info), "options": dict(info.options)}


def _count(bundle: Bundle) -> int:
    return sum(parameter.numel() for parameter in bundle.network.parameters())


def _options(info: NetworkInfo) -> str:
    return "\n             ".join(f"{name}: {words}" for name, words in info.options.items())


def _list(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
