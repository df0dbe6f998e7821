"""``README.md`` of a bundle: the model card that the Hugging Face hub shows."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from landwright.bundles.card import Card, ScoreCard, WordsCard
from landwright.networks import NetworkInfo, network_info

# Identifiers of the hub for the licences that users of this package name most.
HUB_LICENCES = frozenset(
    {"apache-2.0", "mit", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0"}
)

TEMPLATE = """\
---
{data}
---

# {name}

{kind} of landwright: network `{network}` ({parameters:.2f} M
parameters), labels of the regime `{regime}`.

## Use

```bash
landwright predict {images} --model BUNDLE -o map.tif
```

```python
import landwright

model = landwright.load("BUNDLE")  # this folder, or the id of this repository on the hub
model.predict({arguments})
```

## Input

{inputs}

{outputs}

## Scores

{scores}

## Origin

{origin}
"""


_KINDS = {
    ("classes",): "A land cover model",
    ("height",): "A model of heights above ground",
    ("classes", "height"): "A model of land cover and heights above ground",
}
_TAGS = {"classes": ("land-cover", "semantic-segmentation"), "height": ("height-estimation",)}
_HEIGHT = """\
## Height

Metres above ground of every pixel, estimated from the image alone. The network's output is linear; maps hold 0 where
it is below."""


def model_card(card: Card, *, parameters: int) -> str:
    """Write the model card.

    Args:
        card: The complete card.
        parameters: Number of the network's parameters.

    Returns:
        Markdown with the hub's YAML front matter.
    """
    info = network_info(card.network.name, **card.network.options)
    return TEMPLATE.format(
        data=_front_matter(card),
        name=card.name,
        kind=_KINDS[card.outputs],
        images="--before earlier.tif --after later.tif" if card.dates == 2 else "image.tif",
        arguments='"later.tif", "map.tif", before="earlier.tif"' if card.dates == 2 else '"image.tif", "map.tif"',
        network=card.network.name,
        parameters=parameters / 1e6,
        regime=card.regime,
        inputs=_inputs(card),
        outputs="\n\n".join(_outputs(card)),
        scores=_scores(card),
        origin=_origin(card, info),
    )


def _front_matter(card: Card) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    licence = (card.licence or "").lower()
    known = licence in HUB_LICENCES
    tasks = [tag for output in card.outputs for tag in _TAGS[output]]
    task = "image-segmentation" if "classes" in card.outputs else "depth-estimation"
    results = [
        EvalResult(
            task_type=task,
            dataset_type=re.sub(r"[^a-z0-9]+", "-", score.data.lower()).strip("-") or "data",
            dataset_name=score.data,
            metric_type=figure,
            metric_name=f"{figure} ({score.protocol})",
            metric_value=round(value, 6),
        )
        for score in card.scores
        for figure, value in _finite(score).items()
    ]
    data = ModelCardData(
        license=licence if known else "other" if card.licence else "unknown",
        license_name=None if known or not card.licence else card.licence,
        library_name="landwright",
        pipeline_tag=task,
        tags=["landwright", "remote-sensing", *tasks, card.network.name],
        model_name=card.name if results else None,
        eval_results=results or None,
    )
    return data.to_yaml()


def _inputs(card: Card) -> str:
    scaling = card.normalization
    lines = [
        f"- bands: {', '.join(card.bands)}" + (", those of the earlier date first" if card.dates == 2 else ""),
        f"- scaling: (value / {scaling.divide:g} - mean) / std with mean {_list(scaling.mean)}, "
        f"std {_list(scaling.std)}; the same for every tile",
        f"- tiles: {card.tiling.tile} pixels, overlap {card.tiling.overlap:.0%}, blended ({card.tiling.blend})",
    ]
    if card.gsd:
        low, high = card.gsd
        lines.append(f"- ground sampling distance: {low:g} m" + (f" to {high:g} m" if high != low else ""))
    return "\n".join(lines)


def _outputs(card: Card) -> Iterator[str]:
    for output in card.outputs:
        yield _HEIGHT if output == "height" else _classes(card)
    if card.words is not None:
        yield _words(card.words)


def _words(words: WordsCard) -> str:
    rows = "\n".join(f"| {entry.name} | {', '.join(entry.synonyms)} |" for entry in words.vocabulary.classes)
    size = f"Images are brought to a long side of {words.resize} pixels first. " if words.resize else ""
    more = [f"Sentences of `{words.templates}`: {'; '.join(words.prompts)}."] if words.prompts else []
    more += [f"When the weights were read, {words.note}."] if words.note else []
    told = "".join(f"{line}\n\n" for line in more)
    return (
        f"## Words\n\nClasses are looked for by their words (model `{words.model}`, preset `{words.preset}`, templates "
        f"`{words.templates}`). {size}Other words: "
        '`landwright predict image.tif --model BUNDLE --words "..." -o map.tif`.\n\n'
        f"{told}| class | words |\n|---|---|\n{rows}"
    )


def _classes(card: Card) -> str:
    rows = "\n".join(
        f"| {entry.code} | {entry.name} | #{bytes(entry.colour).hex()} | {entry.description} |"
        for entry in card.legend.classes
    )
    return f"## Classes\n\n| code | class | colour | description |\n|---|---|---|---|\n{rows}"


def _scores(card: Card) -> str:
    if not card.scores:
        return "None recorded. Score it with `landwright evaluate` on images and labels of your own."
    parts = []
    for score in card.scores:
        rows = "\n".join(f"| {figure} | {value:.4f} |" for figure, value in _finite(score).items())
        classes = f" Classes in the mean: {', '.join(score.classes)}." if score.classes else ""
        parts.append(f"Protocol `{score.protocol}` on {score.data}.{classes}\n\n| figure | value |\n|---|---|\n{rows}")
    return "\n\n".join(parts)


def _origin(card: Card, info: NetworkInfo) -> str:
    lines = [f"- licence of the weights: {card.licence or 'not known'}"]
    if info.paper:
        lines.append(f"- network: {info.paper}")
    if card.legend.source:
        lines.append(f"- classes: {card.legend.source}")
    if card.recipe_hash:
        lines.append(f"- recipe: SHA-256 {card.recipe_hash}")
    software = ", ".join(f"{name} {version}" for name, version in card.software.items())
    return "\n".join([*lines, f"- made: {card.created} with {software}"])


def _finite(score: ScoreCard) -> dict[str, float]:
    # A class that does not occur has no score.
    return {figure: value for figure, value in score.values.items() if math.isfinite(value)}


def _list(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
